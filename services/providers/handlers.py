"""What may be done to the directory: one use case, one function, one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from services.providers import domain, hsds, hubs, listing, publishing
from services.providers.listing import Json
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import CapacityChanged
from shared.messaging.outbox import Outbox
from shared.problems import Problem


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Directory:
    """What the use cases work with.

    Attributes:
        engine: the directory's own database.
        outbox: where its events go.
        capacity_lasts: after which a capacity that nobody renewed is unknown.
        clock: the time of day, UTC.
    """

    engine: Engine
    outbox: Outbox
    capacity_lasts: timedelta
    clock: Callable[[], datetime] = _now


def set_capacity(
    directory: Directory, principal: Principal, key: UUID, said: hsds.CapacitySaid
) -> Json:
    """A provider, or its hub's coordinator for it, says how much room a service has.

    Args:
        directory: what to work with.
        principal: who says so.
        key: the service.
        said: what is said.

    Returns:
        The capacity as readers see it.

    Raises:
        Problem: 404, 403, 410 for a withdrawn service, or 422 that names what contradicts itself.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service = _own_service(uow, principal, key)
        kept = _capacity(uow, key)
        room = domain.Room(
            state=said.state,
            places=said.places,
            waiting=said.waiting,
            first_date=said.first_date,
            keeps_list=kept.keeps_list if said.keeps_list is None else said.keeps_list,
            expires=said.expires or now + directory.capacity_lasts,
        )
        try:
            domain.check(room, now, timedelta(days=366))
        except domain.Contradiction as error:
            raise Problem(
                422, "The capacity contradicts itself", error.words, element=error.element
            ) from None
        save_capacity(uow, directory, service, room, said_by=principal.client_id)
        found = listing.listings(uow.session, [key], now)[key]
        uow.commit()
    capacity: Json = found["kersey"]["capacity"]
    return {"service_id": str(key)} | capacity


def save_capacity(
    uow: UnitOfWork, directory: Directory, service: RowMapping, room: domain.Room, *, said_by: str
) -> None:
    """Write a capacity and tell it. The caller holds the service's lock.

    Args:
        uow: the caller's transaction.
        directory: what to work with.
        service: the service's row.
        room: the capacity from now on.
        said_by: the client that said so, or `counting`.
    """
    values: dict[str, Any] = {
        "state": str(room.state),
        "places": room.places,
        "waiting": room.waiting,
        "first_date": room.first_date,
        "keeps_list": room.keeps_list,
        "counted": room.counted,
        "expires": room.expires,
        "updated": directory.clock(),
        "updated_by": said_by,
    }
    statement = insert(table("capacity")).values(service_id=service["id"], **values)
    run = uow.session.connection().execute
    run(statement.on_conflict_do_update(index_elements=["service_id"], set_=values))
    source = table("service")
    raised = update(source).where(source.c.id == service["id"])
    version = run(raised.values(version=source.c.version + 1).returning(source.c.version))
    event = CapacityChanged(service=service["id"], state=str(room.state), places=room.places)
    publishing.tell(uow, directory.outbox, [(event, version.scalar_one())])


def publish_organization(
    directory: Directory, principal: Principal, key: UUID | None, model: hsds.Organization
) -> tuple[Json, bool]:
    """List an organisation, or change its listing.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub, or the organisation itself.
        key: its id; None for a new one.
        model: the listing.

    Returns:
        The public listing, and whether it is new.

    Raises:
        Problem: 403; 409 where an id belongs to another; 422 that names what does not fit.
    """
    wanted = _id(key, model.id)
    with UnitOfWork(directory.engine) as uow, _in_words():
        new = not _listed(uow, wanted)
        placed = hubs.placed(uow, principal, wanted, model, new=new)
        publishing.organizations(uow, directory.outbox, {wanted: placed}, directory.clock())
        found = listing.organization_listings(uow.session, [wanted])[wanted]
        uow.commit()
    return found, new


def publish_service(
    directory: Directory, principal: Principal, key: UUID | None, model: hsds.Service
) -> tuple[Json, bool]:
    """List a service, change its listing, or list a withdrawn one again.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub, or the organisation that offers it.
        key: its id; None for a new one.
        model: the listing.

    Returns:
        The public listing, and whether it is new.

    Raises:
        Problem: 403; 409 where an id belongs to another; 422 that names what does not fit.
    """
    wanted = _id(key, model.id)
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow, _in_words():
        publishing.hold_organizations(uow, {model.organization_id})
        hubs.must_keep(uow, principal, model.organization_id)
        known = _service(uow, wanted)
        if known is not None:
            hubs.must_keep(uow, principal, known["organization_id"])
        publishing.services(
            uow,
            directory.outbox,
            {wanted: _assured(uow, principal, known, model)},
            now,
            capacity_lasts=directory.capacity_lasts,
            again=True,
        )
        found = listing.listings(uow.session, [wanted], now)[wanted]
        uow.commit()
    return found, known is None


def withdraw_service(directory: Directory, principal: Principal, key: UUID, reason: str) -> Json:
    """Take a service off the list. Doing so twice is doing so once.

    Raises:
        Problem: 404 or 403.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service = _own_service(uow, principal, key, withdrawn=True)
        if service["withdrawn"] is None:
            publishing.withdraw(uow, directory.outbox, key, reason, now)
        found = listing.listings(uow.session, [key], now)[key]
        uow.commit()
    return found


# --- who, what, and in which words -----------------------------------------------------------

ASSURED = frozenset({"tier", "evidence", "assured_by"})
"""What only a coordinator says of a listing (care 25): a provider does not vouch for itself."""


def _assured(
    uow: UnitOfWork, principal: Principal, known: RowMapping | None, model: hsds.Service
) -> hsds.Service:
    """The listing with what a coordinator vouched for kept, when its provider writes it.

    Raises:
        Problem: 403 when a provider sets it.
    """
    if "coordinator" in principal.roles:
        return model
    named = sorted(
        {f"kersey.{name}" for name in model.kersey.model_fields_set & ASSURED}
        | (model.model_fields_set & {"assured_date", "assurer_email"})
    )
    if named:
        raise Problem(403, "Not allowed", "Only a coordinator sets this.", element=named[0])
    if known is None:
        return model
    evidence = table("tier_evidence")
    seen = uow.session.connection().execute(
        select(evidence.c.kind, evidence.c.seen, evidence.c.expires)
        .where(evidence.c.service_id == known["id"])
        .order_by(evidence.c.id)
    )
    kept = {
        "tier": domain.Tier(known["tier"]),
        "evidence": tuple(hsds.EvidenceSeen(**row) for row in seen.mappings()),
        "assured_by": known["assured_by"],
    }
    return model.model_copy(
        update={
            "kersey": model.kersey.model_copy(update=kept),
            "assured_date": known["assured_date"],
            "assurer_email": known["assurer_email"],
        }
    )


def _id(key: UUID | None, given: UUID | None) -> UUID:
    if key is not None and given is not None and key != given:
        raise Problem(
            422, "The listing does not fit", "The id is not that of the address.", element="id"
        )
    return key or given or uuid4()


def _service(uow: UnitOfWork, key: UUID) -> RowMapping | None:
    source = table("service")
    wanted = select(source).where(source.c.id == key).with_for_update(key_share=True)
    return uow.session.connection().execute(wanted).mappings().one_or_none()


def _own_service(
    uow: UnitOfWork, principal: Principal, key: UUID, *, withdrawn: bool = False
) -> RowMapping:
    service = _service(uow, key)
    if service is None:
        raise Problem(404, "Not found", "There is no service with this id.", element="id")
    hubs.must_keep(uow, principal, service["organization_id"])
    if service["withdrawn"] is not None and not withdrawn:
        raise Problem(410, "Gone", "This service is no longer listed.", element="id")
    return service


def _capacity(uow: UnitOfWork, key: UUID) -> domain.Room:
    return read_capacity(uow, key) or domain.Room(domain.CapacityState.UNKNOWN)


def read_capacity(uow: UnitOfWork, key: UUID) -> domain.Room | None:
    """A service's capacity; None where none was ever written."""
    source = table("capacity")
    wanted = select(source).where(source.c.service_id == key)
    row = uow.session.connection().execute(wanted).mappings().one_or_none()
    return None if row is None else listing.room(row)


def _listed(uow: UnitOfWork, key: UUID) -> bool:
    source = table("organization")
    wanted = select(source.c.id).where(source.c.id == key).with_for_update(key_share=True)
    return uow.session.connection().execute(wanted).one_or_none() is not None


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what the tables refuse into an answer."""
    try:
        yield
    except publishing.Misfit as error:
        raise Problem(422, "The listing does not fit", error.words, element=error.element) from None
    except IntegrityError:
        raise Problem(
            409,
            "The listing conflicts with another",
            "An id in it belongs to something else in the directory, or somebody else wrote it at"
            " the same moment. Leave out the ids of nested entities, or try again.",
            element="id",
        ) from None
