"""Every service's deliveries, for the operator: which there are, what was tried, once more."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Engine

from deploy.parties import names_of
from deploy.refusal import Refusal
from deploy.services import SERVICES
from services.notifications import domain, retrying
from services.notifications.listings import rules as listings
from services.notifications.person import rules as person
from services.notifications.reach import notice as reach
from services.notifications.retrying import Hindrance
from shared.database import UnitOfWork
from shared.delivery.outcome import State
from shared.delivery.overview import Seen, Tried, Wanted, counted, one, seen, tried
from shared.delivery.tables import DeliveryTables

Engines = Mapping[str, Engine]
NOTIFICATIONS = "notifications"


@dataclass(frozen=True)
class Holds:
    """What a table of deliveries holds, where its rows do not say so themselves.

    Parameters:
        kind: what each of them says; None where a row says it.
        to: whom they are for, by their role alone; None where a row names an organisation.
        kinds: what a row may say that it says.
    """

    kind: str | None = None
    to: str | None = None
    kinds: Collection[str] = ()


HOLDS: Mapping[str, Holds] = {
    "delivery": Holds(kinds=set(domain.Kind)),
    "person_delivery": Holds(to="the person", kinds=set(person.Kind)),
    "listing_delivery": Holds(kinds=set(listings.Kind)),
    "contact_delivery": Holds(kinds=set(reach.Kind)),
    "digest_delivery": Holds("digest"),
    "announcement_delivery": Holds("announcement"),
    "subscription_delivery": Holds("subscription-event", "a subscriber"),
    "bars_delivery": Holds("bars-answer", "the sender of a BaRS message"),
    "gp_delivery": Holds("gp-message", "the practice"),
}
"""By the table's name."""


KINDS = sorted(
    {kind for each in HOLDS.values() for kind in ([each.kind] if each.kind else each.kinds)}
)
"""Whatever a delivery may say."""


class NoSuchKind(Refusal):
    """No delivery says this; the message names what deliveries say."""


class NoSuchDelivery(Refusal):
    """No service has a delivery of that id."""


class NotRetried(Refusal):
    """A delivery is not tried again; the message says why, and what helps instead."""


@dataclass(frozen=True)
class Listed:
    """A delivery as it is listed.

    Parameters:
        service: whose it is.
        seen: where it stands.
        kind: what it says.
        to: whom it is for: an organisation's name, or a person's role; never who they are.
    """

    service: str
    seen: Seen
    kind: str
    to: str


@dataclass(frozen=True)
class Overview:
    """What was looked for.

    Parameters:
        listed: the first of them, what needs somebody first.
        counts: how many there are in each state, whichever were wanted.
    """

    listed: list[Listed]
    counts: Mapping[State, int]


def overview(engines: Engines, wanted: Wanted, *, limit: int) -> Overview:
    """Deliveries of all services.

    Parameters:
        engines: each service's database.
        wanted: which.
        limit: list at most so many.

    Raises:
        NoSuchKind: no delivery can be of the wanted kind.
    """
    if wanted.kind is not None and wanted.kind not in KINDS:
        message = f"no delivery is of the kind {wanted.kind!r}; the kinds are: {', '.join(KINDS)}"
        raise NoSuchKind(message)
    found: list[Listed] = []
    counts: Counter[State] = Counter()
    for service, tables in _all():
        holds = HOLDS[tables.delivery.name]
        if holds.kind is not None and wanted.kind not in (None, holds.kind):
            continue
        with engines[service].connect() as connection:
            counts.update(counted(connection, tables, wanted))
            rows = seen(connection, tables, wanted, limit=limit)
        found += [Listed(service, each, _kind(tables, each), _to(tables, each)) for each in rows]
    found.sort(key=lambda each: each.seen.place)
    return Overview(_named(engines, found[:limit]), counts)


def shown(engines: Engines, key: UUID) -> tuple[Listed, list[Tried]]:
    """One delivery and its attempts.

    Raises:
        NoSuchDelivery: there is none.
    """
    service, tables, each = _found(engines, key)
    with engines[service].connect() as connection:
        attempts = list(tried(connection, tables, key))
    listed = Listed(service, each, _kind(tables, each), _to(tables, each))
    return _named(engines, [listed])[0], attempts


def retry(engines: Engines, key: UUID) -> None:
    """Try a delivery that failed once more, with a fresh schedule from now.

    Raises:
        NoSuchDelivery: there is none.
        NotRetried: it has not failed, or would fail again.
    """
    service, tables, _ = _found(engines, key)
    with UnitOfWork(engines[service]) as uow:
        hindrance = _retried(uow, service, tables, key)
        uow.commit()
    if hindrance is not None:
        message = f"{key} is not tried again. {hindrance.value}"
        raise NotRetried(message)


def hindrance_of(engines: Engines, key: UUID) -> Hindrance | None:
    """What would hinder `retry`, which is tried and undone.

    Raises:
        NoSuchDelivery: there is none.
    """
    service, tables, _ = _found(engines, key)
    with UnitOfWork(engines[service]) as uow:
        return _retried(uow, service, tables, key)


def _retried(uow: UnitOfWork, service: str, tables: DeliveryTables, key: UUID) -> Hindrance | None:
    if service == NOTIFICATIONS:
        return retrying.retry(uow, tables, key)
    again = tables.retry(uow.session, tables.delivery.c.id == key)
    return None if again else Hindrance.NOT_FAILED


def _found(engines: Engines, key: UUID) -> tuple[str, DeliveryTables, Seen]:
    for service, tables in _all():
        with engines[service].connect() as connection:
            if each := one(connection, tables, key):
                return service, tables, each
    message = (
        f"there is no delivery {key}; `kersey deliveries list --state all` lists those there are"
    )
    raise NoSuchDelivery(message)


def _all() -> Iterator[tuple[str, DeliveryTables]]:
    for service in SERVICES:
        for tables in service.compose().deliveries:
            yield service.name, tables


def _kind(tables: DeliveryTables, each: Seen) -> str:
    return HOLDS[tables.delivery.name].kind or each.kind or "-"


def _to(tables: DeliveryTables, each: Seen) -> str:
    return HOLDS[tables.delivery.name].to or each.party or "nobody known"


def _named(engines: Engines, found: list[Listed]) -> list[Listed]:
    """With the names of those organisations that have one anywhere in the house."""
    parties = {each.seen.party for each in found if each.seen.party}
    names = names_of(engines, parties)
    return [replace(each, to=names.get(each.seen.party or "", each.to)) for each in found]
