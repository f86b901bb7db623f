"""Looking for services that two sources list of one organisation, after an import or a merger."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID, uuid4

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers.importing.merging import standing_services
from services.providers.matches.of_services.likeness import (
    PROPOSED,
    Features,
    features,
    likeness,
)
from services.providers.rows import table

BATCH = 500

_MATCH, _RECORD, _SERVICE = table("service_match"), table("source_record"), table("service")
SaidBy = Mapping[UUID, set[UUID | None]]
"""Services of one organisation, and by which sources each is said."""


def propose(session: Session, owners: Collection[UUID], now: datetime) -> int:
    """Propose what is alike enough; a pair that was proposed before is not proposed again.

    A source that lists both of two services says that they are two, and so does whoever wrote both
    here.

    Args:
        session: the caller's transaction.
        owners: the organisations of which a service is new or has changed.
        now: the instant.

    Returns:
        How many proposals there are that were not there before.
    """
    new = insert(_MATCH).on_conflict_do_nothing().returning(_MATCH.c.id)
    told = 0
    rest = iter(sorted(owners))
    while batch := list(islice(rest, BATCH)):
        for said_by in _from_two_sources(session, batch):
            told += sum(
                session.connection().execute(new, row).rowcount
                for row in _alike(session, said_by, now)
            )
    return told


def propose_for(session: Session, services: Collection[UUID], now: datetime) -> int:
    """See `propose`; for the organisations of these services."""
    owners: set[UUID] = set()
    rest = iter(sorted(services))
    while batch := list(islice(rest, BATCH)):
        wanted = select(_SERVICE.c.organization_id).where(_SERVICE.c.id.in_(batch)).distinct()
        owners |= set(session.scalars(wanted))
    return propose(session, owners, now)


def _from_two_sources(session: Session, owners: Collection[UUID]) -> Iterator[SaidBy]:
    """Of each organisation that no single source has all of, its listed services."""
    wanted = (
        select(_SERVICE.c.organization_id, _SERVICE.c.id, _RECORD.c.source_id)
        .outerjoin(
            _RECORD,
            and_(
                _RECORD.c.key == _SERVICE.c.id,
                _RECORD.c.entity == "service",
                ~_RECORD.c.vanished,
            ),
        )
        .where(_SERVICE.c.organization_id.in_(owners), _SERVICE.c.withdrawn.is_(None))
        .order_by(_SERVICE.c.id)
    )
    said_by: dict[UUID, dict[UUID, set[UUID | None]]] = defaultdict(lambda: defaultdict(set))
    for row in session.connection().execute(wanted):
        said_by[row.organization_id][row.id].add(row.source_id)
    for services in said_by.values():
        if not set.intersection(*services.values()):
            yield services


def _alike(session: Session, said_by: SaidBy, now: datetime) -> Iterator[dict[str, object]]:
    for one, other in with_something_in_common(_known(session, sorted(said_by))):
        if said_by[one.id] & said_by[other.id]:
            continue
        alike = likeness(one, other)
        if alike.score >= PROPOSED:
            yield {
                "id": uuid4(),
                "one": min(one.id, other.id),
                "other": max(one.id, other.id),
                "likeness": round(alike.score, 2),
                "evidence": list(alike.evidence),
                "state": "open",
                "proposed": now,
            }


def _known(session: Session, keys: Sequence[UUID]) -> Iterator[Features]:
    for first in range(0, len(keys), BATCH):
        found = standing_services(session, keys[first : first + BATCH])
        yield from (features(key, each) for key, each in found.items())


def with_something_in_common(known: Iterable[Features]) -> Iterator[tuple[Features, Features]]:
    """Each pair once that has a place, an hour or the whole name in common: without any of these
    the likest names are too little. So an organisation of thousands need not be compared whole.
    """
    by_what: dict[str, list[Features]] = defaultdict(list)
    for each in known:
        before = {
            other.id: other
            for what in (each.name, *each.places, *each.times)
            for other in by_what[what]
        }
        yield from ((other, each) for other in before.values())
        for what in (each.name, *each.places, *each.times):
            by_what[what].append(each)
