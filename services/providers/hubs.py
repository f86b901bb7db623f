"""Whose listings a coordinator keeps: those of the hub's own place.

A request that waits for an answer goes to the address in the listing; whoever may write any
listing could have another place's requests sent to themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from services.providers import domain, hsds
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem


@dataclass(frozen=True)
class DeclaredHub:
    """A hub as the operator declares it.

    Attributes:
        code: the hub's code, as listings name it.
        name: for people.
        organisation: on whose behalf the hub's coordinators act.
    """

    code: str
    name: str
    organisation: UUID


def declare_hubs(engine: Engine, hubs: Iterable[DeclaredHub]) -> None:
    """Declare hubs and who acts for them; committed, and safe to repeat.

    Args:
        engine: the directory's database.
        hubs: the hubs. What a directory knows beside (description, e-mail, phone) stays.
    """
    declared = [
        {"code": hub.code, "name": hub.name, "description": "", "organisation": hub.organisation}
        for hub in hubs
    ]
    if not declared:
        return
    statement = insert(table("hub"))
    said = {"name": statement.excluded.name, "organisation": statement.excluded.organisation}
    with UnitOfWork(engine) as uow:
        uow.session.connection().execute(
            statement.on_conflict_do_update(index_elements=["code"], set_=said), declared
        )
        uow.commit()


def must_keep(uow: UnitOfWork, principal: Principal, owner: UUID) -> None:
    """Refuse whoever may not write an organisation's listings.

    Raises:
        Problem: 403.
    """
    organization, hub = table("organization"), table("hub")
    coordinating = uow.session.scalar(
        select(hub.c.organisation)
        .join(organization, organization.c.hub == hub.c.code)
        .where(organization.c.id == owner)
    )
    if not domain.may_write(principal.organisation, principal.roles, str(owner), str(coordinating)):
        raise Problem(
            403,
            "Not allowed",
            "A listing is kept by its own organisation or by a coordinator of its hub.",
            element="organization_id",
        )


def placed(
    uow: UnitOfWork, principal: Principal, owner: UUID, model: hsds.Organization, *, new: bool
) -> hsds.Organization:
    """An organisation's listing with the hub that it belongs to.

    Who lists an organisation first says its hub, a coordinator only one of their own; after that
    it stays there, or writing a listing would be a way to come by its contacts.

    Args:
        uow: the caller's transaction, which holds the organisation's lock.
        principal: who writes it.
        owner: the organisation's id.
        model: the listing as it was sent.
        new: whether it is listed for the first time.

    Raises:
        Problem: 403 for another's or another hub's, 422 where it is open which hub is meant.
    """
    said = model.kersey.hub
    if new and "coordinator" in principal.roles:
        return _in_hub(model, _own_hub(uow, principal, said))
    must_keep(uow, principal, owner)
    if new:
        return model
    organization = table("organization").c
    known = uow.session.scalar(select(organization.hub).where(organization.id == owner))
    if said not in (None, known):
        raise Problem(
            403,
            "Not allowed",
            "An organisation stays with its hub; the operator of Kersey moves it.",
            element="kersey.hub",
        )
    return _in_hub(model, known)


def _own_hub(uow: UnitOfWork, principal: Principal, said: str | None) -> str:
    """The hub that a coordinator lists for: the one they named, or the only one they have."""
    hub = table("hub").c
    theirs = select(hub.code).where(hub.organisation == UUID(principal.organisation))
    codes: list[str] = list(uow.session.scalars(theirs.order_by(hub.code)))
    if said is None and len(codes) == 1:
        return codes[0]
    if said is None:
        raise Problem(422, "The listing does not fit", "Name your hub.", element="kersey.hub")
    if said not in codes:
        raise Problem(
            403, "Not allowed", "A coordinator lists for their own hub.", element="kersey.hub"
        )
    return said


def _in_hub(model: hsds.Organization, hub: str | None) -> hsds.Organization:
    own = model.kersey.model_copy(update={"hub": hub})
    return model.model_copy(update={"kersey": own})
