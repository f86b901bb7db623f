"""A provider's own staff ask to keep a listing, and may take it back.

A listing that a council's feed brought has an id that no token acts for. A claim that its hub
accepts lets the staff write it as if it were theirs: what they write waits for the hub as before.
It says nothing of who answers for the provider when people are referred.
"""

from uuid import UUID, uuid4

from sqlalchemy import insert, select

from services.providers import hubs
from services.providers.claims import claim_rows, reading
from services.providers.claims.domain import ClaimState
from services.providers.claims.keepers import keeper_of
from services.providers.claims.shapes import ClaimSaid
from services.providers.handlers import Directory
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.matches.proposing import stands_in_another
from services.providers.nested import Json
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ListingClaimed
from shared.problems import Problem


def ask(directory: Directory, principal: Principal, owner: UUID, said: ClaimSaid) -> Json:
    """Ask to keep the listings of an organisation.

    Args:
        directory: what to work with.
        principal: of the provider's staff; their organisation is to keep it.
        owner: the organisation that is listed.
        said: who asks, and by what evidence.

    Raises:
        Problem: 404; 409 where it is theirs, is kept already, was asked for already, stands in
            another organisation, or no hub acts that could decide.
    """
    claimant, now = UUID(principal.organisation), directory.clock()
    with UnitOfWork(directory.engine) as uow:
        claim_rows.hold(uow, owner)
        _refuse_needless(uow, owner, claimant)
        hub = hubs.hub_of(uow, owner)
        if hub is None or not hubs.acts(uow, hub):
            raise _conflict(
                "Nobody could decide this",
                "A hub decides about claims, and none acts for this organisation: ask the operator"
                " of Kersey.",
            )
        key = uuid4()
        row = {
            "id": key,
            "organization_id": owner,
            "claimant": claimant,
            "state": ClaimState.OPEN.value,
            "who": said.who,
            "evidence": [each.model_dump(mode="json") for each in said.evidence],
            "asked": now,
            "asked_by": principal.subject,
        }
        uow.session.connection().execute(insert(table("listing_claim")).values(row))
        by_what = ", ".join(sorted({each.kind for each in said.evidence}))
        position = acts.note(
            uow, owner, Act.CLAIMED, now, by=principal.subject, why=f"By {by_what}."
        )
        event = ListingClaimed(listing=owner, provider=owner, hub=hub)
        directory.outbox.add(uow, event, version=position)
        shown = reading.shown(uow, [claim_rows.claim_of(uow, key)])[0]
        uow.commit()
    return shown


def take_back(directory: Directory, principal: Principal, key: UUID) -> Json:
    """Withdraw an own claim; of one that was accepted, give up keeping the listing.

    Raises:
        Problem: 404, 403; 409 where it was refused, withdrawn or ended.
    """
    with UnitOfWork(directory.engine) as uow:
        claim = reading.visible(uow, principal, key)
        if str(claim["claimant"]) != principal.organisation or "provider" not in principal.roles:
            raise Problem(403, "Not allowed", "Whoever asked takes a claim back.", element="id")
        claim_rows.must_be(claim, ClaimState.OPEN, ClaimState.ACCEPTED)
        if claim["state"] == ClaimState.OPEN:
            claim_rows.move(uow, directory, principal, claim, ClaimState.WITHDRAWN, None)
        else:
            words = "Given up by its keeper."
            claim_rows.move(uow, directory, principal, claim, ClaimState.ENDED, words)
        shown = reading.shown(uow, [claim_rows.claim_of(uow, key)])[0]
        uow.commit()
    return shown


def _refuse_needless(uow: UnitOfWork, owner: UUID, claimant: UUID) -> None:
    if owner == claimant:
        raise _conflict("It is yours already", "Your organisation keeps its own listing.")
    if stands_in_another(uow.session, owner):
        raise _conflict(
            "It stands in another",
            "This organisation was found to be one with another: claim that one's listing.",
        )
    keeper = keeper_of(uow, owner)
    if keeper == claimant:
        raise _conflict("It is yours already", "Your organisation keeps this listing.")
    if keeper is not None:
        raise _conflict(
            "Somebody keeps it already",
            "Another organisation's staff keep this listing. Ask its hub, which can end that.",
        )
    claim = table("listing_claim").c
    asked = select(claim.id).where(
        claim.organization_id == owner,
        claim.claimant == claimant,
        claim.state == ClaimState.OPEN,
    )
    if uow.session.scalar(asked) is not None:
        raise _conflict("You have asked already", "Your claim waits for the hub.")


def _conflict(title: str, words: str) -> Problem:
    return Problem(409, title, words, element="id")
