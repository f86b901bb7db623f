"""Every service's deliveries, for the operator: which there are, what was tried, once more."""

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from sqlalchemy import Engine

from deploy.services import SERVICES
from services.notifications import tables as notifications
from services.notifications.handlers import tracking
from shared.database import UnitOfWork
from shared.delivery.outcome import State
from shared.delivery.overview import Seen, Tried, seen, tried
from shared.delivery.tables import DeliveryTables

Engines = Mapping[str, Engine]


def listed(
    engines: Engines, *, states: Collection[State], channel: str | None, limit: int
) -> Iterator[tuple[str, Seen]]:
    """Deliveries of all services, each with its service's name, the oldest first in each table.

    Args:
        engines: each service's database.
        states: only those that stand so.
        channel: only this one's.
        limit: at most so many of each table.
    """
    for service, tables in _all():
        with engines[service].connect() as connection:
            found = seen(connection, tables, states=states, channel=channel, limit=limit)
        yield from ((service, each) for each in found)


def shown(engines: Engines, key: UUID) -> tuple[str, Seen, list[Tried]] | None:
    """One delivery with its service's name and its attempts; None if there is none."""
    for service, tables in _all():
        with engines[service].connect() as connection:
            for each in seen(connection, tables, key=key):
                return service, each, list(tried(connection, tables, key))
    return None


def retried(engines: Engines, key: UUID) -> bool:
    """Try a delivery that failed once more, with a fresh schedule from now.

    Returns:
        False where it has not failed, or no longer matters.
    """
    for service, tables in _all():
        with UnitOfWork(engines[service]) as uow:
            if not seen(uow.session.connection(), tables, key=key):
                continue
            if tables is notifications.deliveries:
                done = tracking.retry(uow, key)  # it may have to find somebody to go to first
            else:
                done = bool(tables.retry(uow.session, tables.delivery.c.id == key))
            uow.commit()
            return done
    return False


def _all() -> Iterator[tuple[str, DeliveryTables]]:
    for service in SERVICES:
        for tables in service.compose().deliveries:
            yield service.name, tables
