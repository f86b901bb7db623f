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
from services.providers.claims.keepers import keeper_of
from services.providers.official.settling import settle
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
        covers: the areas that are its place, by their official codes.
    """

    code: str
    name: str
    organisation: UUID
    covers: tuple[str, ...] = ()


def declare_hubs(engine: Engine, hubs: Iterable[DeclaredHub]) -> list[str]:
    """Declare hubs and who acts for them; committed, and safe to repeat.

    Args:
        engine: the directory's database.
        hubs: the hubs. What a directory knows beside (description, e-mail, phone) stays.

    Returns:
        The codes of hubs that are there and were not declared: they stay, since listings may be
        theirs.
    """
    declared = [
        {
            "code": hub.code,
            "name": hub.name,
            "description": "",
            "organisation": hub.organisation,
            "covers": list(hub.covers),
        }
        for hub in hubs
    ]
    if not declared:
        return []
    statement = insert(table("hub"))
    said = {name: statement.excluded[name] for name in ("name", "organisation", "covers")}
    with UnitOfWork(engine) as uow:
        uow.session.connection().execute(
            statement.on_conflict_do_update(index_elements=["code"], set_=said), declared
        )
        settle(uow.session)
        hub = table("hub").c.code
        others = select(hub).where(hub.not_in([each["code"] for each in declared])).order_by(hub)
        left = list(uow.session.scalars(others))
        uow.commit()
    return left


def must_keep(uow: UnitOfWork, principal: Principal, owner: UUID) -> None:
    """Refuse whoever may not write an organisation's listings.

    Raises:
        Problem: 403.
    """
    if not keeps(uow, principal, owner):
        raise Problem(
            403,
            "Not allowed",
            "A listing is kept by its own organisation, by whoever claimed it, or by a coordinator"
            " of its hub.",
            element="organization_id",
        )


def keeps(uow: UnitOfWork, principal: Principal, owner: UUID) -> bool:
    """Whether somebody may write an organisation's listings."""
    organization, hub = table("organization"), table("hub")
    coordinating = uow.session.scalar(
        select(hub.c.organisation)
        .join(organization, organization.c.hub == hub.c.code)
        .where(organization.c.id == owner)
    )
    keeper = keeper_of(uow, owner)
    return domain.may_write(
        principal.organisation,
        principal.roles,
        str(owner),
        str(coordinating),
        None if keeper is None else str(keeper),
    )


def coordinates(uow: UnitOfWork, principal: Principal, hub: str | None) -> bool:
    """Whether somebody is a coordinator of a hub, by its code."""
    return "coordinator" in principal.roles and principal.organisation == acts(uow, hub)


def acts(uow: UnitOfWork, hub: str | None) -> str | None:
    """The organisation on whose behalf a hub's coordinators act; None where nobody does."""
    source = table("hub").c
    found = uow.session.scalar(select(source.organisation).where(source.code == hub))
    return None if found is None else str(found)


def codes_of(uow: UnitOfWork, principal: Principal) -> frozenset[str]:
    """The codes of the hubs that somebody coordinates."""
    if "coordinator" not in principal.roles:
        return frozenset()
    hub = table("hub").c
    theirs = select(hub.code).where(hub.organisation == UUID(principal.organisation))
    return frozenset(uow.session.scalars(theirs))


def hub_of(uow: UnitOfWork, owner: UUID) -> str | None:
    """The hub to which an organisation belongs."""
    organization = table("organization").c
    return uow.session.scalar(select(organization.hub).where(organization.id == owner))


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
        return _in_hub(model, own_hub(uow, principal, said, "kersey.hub"))
    must_keep(uow, principal, owner)
    if new:
        return model
    known = hub_of(uow, owner)
    if said not in (None, known):
        raise Problem(
            403,
            "Not allowed",
            "An organisation stays with its hub; the operator of Kersey moves it.",
            element="kersey.hub",
        )
    return _in_hub(model, known)


def own_hubs(uow: UnitOfWork, principal: Principal) -> list[str]:
    """The codes of the hubs on whose behalf somebody acts."""
    hub = table("hub").c
    theirs = select(hub.code).where(hub.organisation == UUID(principal.organisation))
    return list(uow.session.scalars(theirs.order_by(hub.code)))


def own_hub(uow: UnitOfWork, principal: Principal, said: str | None, element: str) -> str:
    """The hub that a coordinator acts for: the one they named, or the only one they have.

    Args:
        uow: the caller's transaction.
        principal: the coordinator.
        said: the hub they named.
        element: where they named it.

    Raises:
        Problem: 422 where they have several and name none, 403 for another's.
    """
    codes = own_hubs(uow, principal)
    if said is None and len(codes) == 1:
        return codes[0]
    if said is None:
        raise Problem(422, "Which hub?", "Name your hub.", element=element)
    if said not in codes:
        raise Problem(403, "Not allowed", "A coordinator acts for their own hub.", element=element)
    return said


def _in_hub(model: hsds.Organization, hub: str | None) -> hsds.Organization:
    own = model.kersey.model_copy(update={"hub": hub})
    return model.model_copy(update={"kersey": own})
