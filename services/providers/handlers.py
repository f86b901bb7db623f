"""What may be done to the directory: one use case, one function, one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from services.providers import capacities, domain, hsds, hubs, listing, publishing
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.nested import Json
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
        clock: the time of day, as the clocks of the zone have it, whatever zone it is given in: a
            day ends when it ends for people, which in summer is an hour before it does in UTC.
        changed_freely: members of a listing that its provider changes without its hub.
        zone: of the place.
    """

    engine: Engine
    outbox: Outbox
    capacity_lasts: timedelta
    clock: Callable[[], datetime] = _now
    changed_freely: frozenset[str] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/London"))

    def __post_init__(self) -> None:
        """Set the clock to the zone."""
        told = self.clock
        object.__setattr__(self, "clock", lambda: told().astimezone(self.zone))


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


Answer = Literal["taking", "waiting-list", "full", "ask-first"]
"""The four answers; that something is not known is none."""


def take_answer(
    directory: Directory, key: UUID, provider: UUID, state: Answer, contact: UUID
) -> Json:
    """Take one of the four answers, which a contact of the provider gave by a link.

    Numbers that were known stay where the answer is the same as before.

    Args:
        directory: what to work with.
        key: the service.
        provider: the organisation whose contact was asked.
        state: the answer.
        contact: to whom the link was sent.

    Returns:
        The capacity as readers see it.

    Raises:
        Problem: 404; 410 for a service that is not listed any more, or is another provider's now.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service = service_row(uow, key)
        if service is None:
            raise Problem(404, "Not found", "There is no service with this id.", element="id")
        if service["withdrawn"] is not None or service["organization_id"] != provider:
            raise Problem(
                410, "Gone", "This service is not this provider's any more.", element="id"
            )
        kept = _capacity(uow, key)
        said = domain.CapacityState(state)
        same = domain.known(kept, now) is said and not kept.counted
        room = domain.Room(
            state=said,
            places=kept.places if same else None,
            waiting=kept.waiting if same else None,
            keeps_list=kept.keeps_list,
            expires=now + directory.capacity_lasts,
        )
        save_capacity(uow, directory, service, room, said_by=f"contact/{contact}")
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
        "over": room.over,
        "expires": room.expires,
        "updated": directory.clock(),
        "updated_by": said_by,
    }
    room_before = read_capacity(uow, service["id"])
    was = domain.known(room_before, directory.clock()) if room_before else None
    statement = insert(table("capacity")).values(service_id=service["id"], **values)
    run = uow.session.connection().execute
    run(statement.on_conflict_do_update(index_elements=["service_id"], set_=values))
    source = table("service")
    raised = update(source).where(source.c.id == service["id"])
    raised = raised.values(version=source.c.version + 1, last_modified=values["updated"])
    version = run(raised.returning(source.c.version))
    event = CapacityChanged(
        service=service["id"],
        state=str(room.state),
        was=None if was is None else str(was),
        places=room.places,
        waiting=room.waiting,
        keeps_list=room.keeps_list,
        expires=None if room.expires is None else room.expires.astimezone(UTC),
    )
    publishing.tell(uow, directory.outbox, [(event, version.scalar_one())])


def withdraw_service(directory: Directory, principal: Principal, key: UUID, reason: str) -> Json:
    """Take a service off the list. Doing so twice is doing so once.

    Raises:
        Problem: 404 or 403.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        service = _own_service(uow, principal, key, withdrawn=True)
        if service["withdrawn"] is None:
            acts.note(uow, key, Act.WITHDRAWN, now, by=principal.subject, why=reason)
            publishing.withdraw(uow, directory.outbox, key, reason, now)
        found = listing.listings(uow.session, [key], now)[key]
        uow.commit()
    return found


def service_row(uow: UnitOfWork, key: UUID) -> RowMapping | None:
    """A service's row, locked until the commit; None where there is none."""
    source = table("service")
    wanted = select(source).where(source.c.id == key).with_for_update(key_share=True)
    return uow.session.connection().execute(wanted).mappings().one_or_none()


def _own_service(
    uow: UnitOfWork, principal: Principal, key: UUID, *, withdrawn: bool = False
) -> RowMapping:
    service = service_row(uow, key)
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
    return None if row is None else capacities.room(row)
