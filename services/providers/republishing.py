"""The directory's listings told again, as they stand: for whoever keeps a copy of them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from services.providers import listing
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.events import (
    ProviderChanged,
    ServiceChanged,
    ServiceWithdrawn,
)
from shared.messaging.events import (
    Sequence as Place,
)
from shared.messaging.republishing import OwnState, Told


def _keys(name: str) -> Callable[[UnitOfWork], Sequence[UUID]]:
    source = table(name)
    ordered = select(source.c.id).order_by(source.c.id)
    return lambda uow: uow.session.scalars(ordered).all()


def _raise_versions(name: str) -> Callable[[UnitOfWork, Sequence[UUID], int], None]:
    source = table(name)

    def add(uow: UnitOfWork, keys: Sequence[UUID], number: int) -> None:
        _locked(uow, name, keys)
        raised = update(source).where(source.c.id.in_(keys))
        uow.session.connection().execute(raised.values(version=source.c.version + number))

    return add


def _locked(uow: UnitOfWork, name: str, keys: Sequence[UUID]) -> Sequence[RowMapping]:
    source = table(name)
    wanted = select(source).where(source.c.id.in_(keys)).order_by(source.c.id)
    found = uow.session.connection().execute(wanted.with_for_update(key_share=True))
    return found.mappings().all()


def _organizations(uow: UnitOfWork, keys: Sequence[UUID]) -> Iterator[Told]:
    rows = _locked(uow, "organization", keys)
    listings = listing.organization_listings(uow.session, keys)
    for row in rows:
        key = row["id"]
        yield ProviderChanged(provider=key, listing=listings[key]), Place(row["version"])


def _services(uow: UnitOfWork, keys: Sequence[UUID]) -> Iterator[Told]:
    rows = _locked(uow, "service", keys)
    listings = listing.listings(uow.session, keys, datetime.now(UTC))
    for row in rows:
        key = row["id"]
        stands = ServiceChanged if row["withdrawn"] is None else ServiceWithdrawn
        event = stands(service=key, provider=row["organization_id"], listing=listings[key])
        yield event, Place(row["version"])


STATE = (
    OwnState(
        kind="organizations",
        types=frozenset({ProviderChanged.type}),
        keys=_keys("organization"),
        told=_organizations,
        raise_versions=_raise_versions("organization"),
    ),
    OwnState(
        kind="services",
        types=frozenset({ServiceChanged.type, ServiceWithdrawn.type}),
        keys=_keys("service"),
        told=_services,
        raise_versions=_raise_versions("service"),
    ),
)
"""What the directory can tell again, in the order in which a reader would want it."""
