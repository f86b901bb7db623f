"""Claims as rows: held, read, and moved from one state to the next with what the history says."""

from uuid import UUID

from sqlalchemy import RowMapping, select, update

from services.providers.claims.domain import ClaimState
from services.providers.handlers import Directory
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

ACTS = {
    ClaimState.ACCEPTED: Act.CLAIM_ACCEPTED,
    ClaimState.REFUSED: Act.CLAIM_REFUSED,
    ClaimState.WITHDRAWN: Act.CLAIM_WITHDRAWN,
    ClaimState.ENDED: Act.KEEPING_ENDED,
}


def hold(uow: UnitOfWork, owner: UUID) -> None:
    """Lock an organisation, as everybody does first who decides about its listing.

    Raises:
        Problem: 404.
    """
    organization = table("organization").c.id
    wanted = select(organization).where(organization == owner).with_for_update(key_share=True)
    if uow.session.scalar(wanted) is None:
        raise Problem(404, "Not found", "There is no organisation with this id.", element="id")


def claim_of(uow: UnitOfWork, key: UUID) -> RowMapping:
    """A claim, after its organisation was locked.

    Raises:
        Problem: 404.
    """
    claim = table("listing_claim")
    run = uow.session.connection().execute
    owner = uow.session.scalar(select(claim.c.organization_id).where(claim.c.id == key))
    if owner is None:
        raise unknown()
    hold(uow, owner)
    found = run(select(claim).where(claim.c.id == key)).mappings().one_or_none()
    if found is None:
        raise unknown()
    return found


def must_be(claim: RowMapping, *states: ClaimState) -> None:
    """Refuse a claim that does not stand where it must.

    Raises:
        Problem: 409.
    """
    if claim["state"] not in states:
        words = f"The claim is {ClaimState(claim['state'])}."
        raise Problem(409, "This was decided before", words, element="id")


def move(
    uow: UnitOfWork,
    directory: Directory,
    principal: Principal,
    claim: RowMapping,
    state: ClaimState,
    words: str | None,
) -> int:
    """Move a claim on, and note it in the history of its organisation's listing.

    Returns:
        The note's place in the history, which rises.
    """
    now, by = directory.clock(), principal.subject
    if state in (ClaimState.ACCEPTED, ClaimState.REFUSED):
        values = {"decided": now, "decided_by": by, "words": words}
    else:
        values = {"ended": now, "ended_by": by, "why_ended": words}
    source = table("listing_claim")
    moved = update(source).where(source.c.id == claim["id"])
    uow.session.connection().execute(moved.values(state=state.value, **values))
    return acts.note(uow, claim["organization_id"], ACTS[state], now, by=by, why=words)


def unknown() -> Problem:
    """No claim has this id, or it is not for whoever asks."""
    return Problem(404, "Not found", "There is no claim with this id.", element="id")
