"""Loading a whole directory: hubs, gazetteer, taxonomies, organisations and services.

Twice the same is no change: what is already there is left alone and tells nobody. A capacity that
was set since, and a withdrawal, outlive a reload of the same listing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from services.providers import hsds, publishing, rows
from services.providers.gazetteer import District
from services.providers.rows import Rows
from services.providers.taxonomies.storing import store_taxonomies
from shared.database import UnitOfWork
from shared.messaging.outbox import Outbox

BATCH = 50
"""Listings in one transaction: few enough that nobody waits for their locks."""

Progress = Callable[[int, int], None]
"""Told how many listings are done, and of how many."""


@dataclass(frozen=True)
class HubEntry:
    """A place hub; its coordinators act on behalf of `organisation`."""

    code: str
    name: str
    organisation: UUID
    description: str = ""
    email: str | None = None
    phone: str | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A whole directory. Listings are in HSDS shape and have ids."""

    hubs: Sequence[HubEntry]
    districts: Sequence[District]
    taxonomies: Sequence[hsds.Taxonomy]
    organizations: Sequence[hsds.Organization]
    services: Sequence[hsds.Service]


@dataclass
class Loaded:
    """What a load changed, by id; empty when everything was there already."""

    organizations: set[UUID] = field(default_factory=set)
    services: set[UUID] = field(default_factory=set)


def load_directory(
    engine: Engine,
    outbox: Outbox,
    dataset: Dataset,
    progress: Progress | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    capacity_lasts: timedelta = timedelta(days=28),
) -> Loaded:
    """Bring a dataset into the directory and tell what is new or changed.

    Args:
        engine: the directory's database, migrated.
        outbox: where the events go.
        dataset: what to load.
        progress: told after each batch.
        clock: the time of day, UTC.
        capacity_lasts: for how long a capacity of the dataset counts as known.

    Returns:
        What was new or had changed.

    Raises:
        publishing.Misfit: a listing refers to something that is not there. Batches before it stay.
    """
    with UnitOfWork(engine) as uow:
        rows.store(uow.session, _ground(dataset))
        store_taxonomies(uow.session, dataset.taxonomies)
        uow.commit()
    loaded = Loaded()
    total = len(dataset.organizations) + len(dataset.services)
    done = 0
    for organizations in _batches(_parents_first(dataset.organizations)):
        listed = {_key(each): each for each in organizations}
        publish = partial(publishing.organizations, models=listed)
        loaded.organizations |= _publish(engine, publish, outbox, clock)
        done += len(organizations)
        if progress:
            progress(done, total)
    for services in _batches(dataset.services):
        offers = {_key(each): each for each in services}
        publish = partial(publishing.services, models=offers, capacity_lasts=capacity_lasts)
        loaded.services |= _publish(engine, publish, outbox, clock)
        done += len(services)
        if progress:
            progress(done, total)
    return loaded


def _publish(
    engine: Engine,
    publish: Callable[..., set[UUID]],
    outbox: Outbox,
    clock: Callable[[], datetime],
) -> set[UUID]:
    """One batch, one transaction. Another process may load the same at the same moment: then one
    of the two is refused, looks again, and finds it there.
    """

    def once() -> set[UUID]:
        with UnitOfWork(engine) as uow:
            changed = publish(uow, outbox, now=clock())
            uow.commit()
        return changed

    again = Retrying(
        retry=retry_if_exception_type(IntegrityError),
        wait=wait_random(0.05, 0.5),
        stop=stop_after_attempt(5),
        reraise=True,
    )
    return again(once)


def _ground(dataset: Dataset) -> Rows:
    """What the listings stand on."""
    return {
        "hub": [vars(hub) | {"covers": list(hub.covers)} for hub in dataset.hubs],
        "place": [vars(district) for district in dataset.districts],
    }


def _key(listing: hsds.Organization | hsds.Service) -> UUID:
    if listing.id is None:
        raise ValueError(f"a listing of a dataset needs an id: {listing.name}")
    return listing.id


def _parents_first(organizations: Sequence[hsds.Organization]) -> list[hsds.Organization]:
    """The same, each after its parent where that is among them."""
    parents = {each.id: each.parent_organization_id for each in organizations}

    def depth(organization: hsds.Organization) -> int:
        above, seen = organization.parent_organization_id, {organization.id}
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        return len(seen)

    return sorted(organizations, key=depth)


Listing = TypeVar("Listing", hsds.Organization, hsds.Service)


def _batches(listings: Sequence[Listing]) -> Iterator[Sequence[Listing]]:
    for start in range(0, len(listings), BATCH):
        yield listings[start : start + BATCH]
