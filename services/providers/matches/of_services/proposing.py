"""Looking for services that two sources list of one organisation, after an import or a merger."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import combinations, islice
from uuid import UUID, uuid4

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers.importing.merging import standing_services
from services.providers.matches.of_services.likeness import PROPOSED, features, likeness
from services.providers.rows import table

MOST = 300
"""An organisation that lists more services keeps them by a system of its own."""
BATCH = 500

_MATCH, _RECORD, _SERVICE = table("service_match"), table("source_record"), table("service")
Pair = tuple[UUID, UUID]


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
        for pairs in _from_two_sources(session, batch):
            told += sum(
                session.connection().execute(new, row).rowcount
                for row in _alike(session, pairs, now)
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


def _from_two_sources(session: Session, owners: Collection[UUID]) -> Iterator[list[Pair]]:
    """By organisation, the pairs of listed services that no source has both of."""
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
    for sources in said_by.values():
        if len(sources) <= MOST:
            apart = [
                (one, other)
                for one, other in combinations(sources, 2)
                if not sources[one] & sources[other]
            ]
            if apart:
                yield apart


def _alike(session: Session, pairs: Collection[Pair], now: datetime) -> Iterator[dict[str, object]]:
    keys = {key for pair in pairs for key in pair}
    known = {key: features(key, each) for key, each in standing_services(session, keys).items()}
    for one, other in pairs:
        alike = likeness(known[one], known[other])
        if alike.score >= PROPOSED:
            yield {
                "id": uuid4(),
                "one": min(one, other),
                "other": max(one, other),
                "likeness": round(alike.score, 2),
                "evidence": list(alike.evidence),
                "state": "open",
                "proposed": now,
            }
