"""Looking for organisations that may be one, among those that an import brought or changed."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import Select, String, Uuid, any_, case, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Session

from services.providers.matches.likeness import (
    PROPOSED,
    Features,
    Likeness,
    likeness,
    plain_name,
    plain_phone,
    register_number,
)
from services.providers.rows import table

COMMON = 20
"""A telephone, website or word that more organisations have says nothing of two of them."""

_MATCH, _RECORD = table("organization_match"), table("source_record")


def merged_away() -> Select[tuple[UUID]]:
    """The organisations that stand in another one now."""
    gone = case((_MATCH.c.kept == _MATCH.c.one, _MATCH.c.other), else_=_MATCH.c.one)
    return select(gone).where(_MATCH.c.state == "accepted")


def stands_in_another(session: Session, key: UUID) -> bool:
    """Whether an organisation stands in another one now."""
    return bool(session.scalar(select(literal(key, Uuid).in_(merged_away()))))


def propose(session: Session, keys: Collection[UUID], now: datetime) -> int:
    """Propose what is alike enough; a pair that was proposed before is not proposed again.

    A source that lists both of two organisations says that they are two.

    Args:
        session: the caller's transaction.
        keys: the organisations that are new or have changed.
        now: the instant.

    Returns:
        How many proposals there are that were not there before.
    """
    if not keys:
        return 0
    known = features(session)
    sources = _sources(session)
    found: dict[tuple[UUID, UUID], Likeness] = {}
    for one, other in _same_ids(session, keys):
        found[_pair(one, other)] = Likeness(1.0, ("the same id in its source",))
    for one, other in _pairs(known, keys):
        alike = likeness(known[one], known[other])
        if alike.score >= PROPOSED:
            found.setdefault(_pair(one, other), alike)
    rows = [
        {
            "id": uuid4(),
            "one": one,
            "other": other,
            "likeness": round(alike.score, 2),
            "evidence": list(alike.evidence),
            "state": "open",
            "proposed": now,
        }
        for (one, other), alike in found.items()
        if not sources[one] & sources[other]
    ]
    if not rows:
        return 0
    run = session.connection().execute
    new = insert(_MATCH).on_conflict_do_nothing().returning(_MATCH.c.id)
    return len(run(new, rows).all())


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def _pairs(known: dict[UUID, Features], keys: Collection[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Pairs that have something in common that few have."""
    having: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for each in known.values():
        for mark in _marks(each):
            having[mark].append(each.id)
    for key in keys:
        if key not in known:
            continue
        others = {
            other
            for mark in _marks(known[key])
            if len(having[mark]) <= COMMON or mark[0] in ("numbers", "name")
            for other in having[mark]
        }
        for other in others - {key}:
            yield key, other


def _marks(each: Features) -> Iterator[tuple[str, str]]:
    yield from each.marks()
    for word in set(each.name.split()):
        yield "word", word


def _same_ids(session: Session, keys: Collection[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Organisations whose source gave them the id that another one has here."""
    there = table("organization").c.id
    # One array, however many: a statement has 65,535 parameters at most.
    given = literal(list(keys), ARRAY(Uuid))
    wanted = (
        select(_RECORD.c.key, there)
        .join(table("organization"), cast(there, String) == _RECORD.c.given)
        .where(
            _RECORD.c.entity == "organization", _RECORD.c.key == any_(given), there != _RECORD.c.key
        )
    )
    for row in session.connection().execute(wanted):
        yield row[0], row[1]


def _sources(session: Session) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = select(_RECORD.c.key, _RECORD.c.source_id).where(_RECORD.c.entity == "organization")
    for row in session.connection().execute(wanted):
        found[row.key].add(row.source_id)
    return found


def features(session: Session) -> dict[UUID, Features]:
    """What every organisation that stands for itself can be known by."""
    organization, identifier = table("organization").c, table("organization_identifier").c
    location, address = table("location"), table("address")
    service, contact, phone = table("service"), table("contact"), table("phone")
    run = session.connection().execute
    many: dict[str, dict[UUID, set[str]]] = defaultdict(lambda: defaultdict(set))

    def note(kind: str, key: UUID | None, value: str | None) -> None:
        if key is not None and value:
            many[kind][key].add(value)

    for row in run(
        select(
            identifier.organization_id,
            identifier.identifier_scheme,
            identifier.identifier_type,
            identifier.identifier,
        )
    ):
        kind = f"{row.identifier_scheme or ''} {row.identifier_type}"
        note("numbers", row.organization_id, register_number(kind, row.identifier))
    for owner, postcode in run(
        select(location.c.organization_id, address.c.postal_code)
        .join(address, address.c.location_id == location.c.id)
        .distinct()
    ):
        note("postcodes", owner, "".join(postcode.upper().split()))
    for owner, number in run(
        select(service.c.organization_id, phone.c.number)
        .join(contact, contact.c.service_id == service.c.id)
        .join(phone, phone.c.contact_id == contact.c.id)
        .distinct()
    ):
        note("phones", owner, plain_phone(number))
    wanted = select(organization.id, organization.name, organization.website, organization.email)
    found = {}
    for row in run(wanted.where(organization.id.not_in(merged_away()))):
        host = urlsplit(row.website or "").hostname if row.website else None
        found[row.id] = Features(
            id=row.id,
            name=plain_name(row.name),
            numbers=frozenset(many["numbers"][row.id]),
            postcodes=frozenset(many["postcodes"][row.id]),
            phones=frozenset(many["phones"][row.id]),
            hosts=frozenset([host.removeprefix("www.")] if host else []),
            emails=frozenset([row.email.lower()] if row.email else []),
        )
    return found
