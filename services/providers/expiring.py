"""Capacity whose time is up: nobody knows any more, and whoever keeps a copy hears so."""

from uuid import UUID

from sqlalchemy import select, update

from services.providers import domain, publishing
from services.providers.handlers import Directory, read_capacity, service_row
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.events import CapacityChanged

BATCH = 500


def expire(directory: Directory) -> int:
    """Turn capacities whose time is up unknown; each in its own transaction.

    Readers of the directory see no difference: to them it was unknown from that instant on, and
    when it was said last stays. Safe to repeat, and to run at once from several places.

    Returns:
        How many turned unknown.
    """
    capacity = table("capacity").c
    due = select(capacity.service_id).where(
        capacity.expires <= directory.clock(), capacity.state != domain.CapacityState.UNKNOWN.value
    )
    with UnitOfWork(directory.engine) as uow:
        keys = uow.session.scalars(due.order_by(capacity.expires).limit(BATCH)).all()
    return sum(_expire_one(directory, key) for key in keys)


def _expire_one(directory: Directory, key: UUID) -> bool:
    now = directory.clock()
    unknown = domain.CapacityState.UNKNOWN
    with UnitOfWork(directory.engine) as uow:
        service = service_row(uow, key)
        room = read_capacity(uow, key)
        if service is None or room is None or room.state is unknown:
            return False
        if domain.known(room, now) is not unknown:
            return False  # renewed meanwhile
        capacity, source = table("capacity"), table("service")
        run = uow.session.connection().execute
        nothing = {"places": None, "waiting": None, "first_date": None, "counted": False, "over": 0}
        run(
            update(capacity)
            .where(capacity.c.service_id == key)
            .values(state=unknown.value, **nothing)
        )
        raised = update(source).where(source.c.id == key).values(version=source.c.version + 1)
        version = run(raised.returning(source.c.version)).scalar_one()
        event = CapacityChanged(
            service=key,
            state=unknown.value,
            was=room.state.value,
            keeps_list=room.keeps_list,
            expires=room.expires,
        )
        publishing.tell(uow, directory.outbox, [(event, version)])
        uow.commit()
    return True
