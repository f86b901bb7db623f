"""A listing's document: gathered when the listing is written, and read whole.

Gathering takes some thirty small statements. A read takes one, for any number of services, with
what moves by itself beside each document. Where there is no document the listing is gathered, so
that a read is right either way; triggers take a document away as soon as something that it is made
of is written (`tables/documents.py`).

Whoever writes one holds, until the commit, the locks of the service, of its organisation and of
its locations, and its taxonomies' in share: nothing of it changes unseen meanwhile.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    Engine,
    FromClause,
    Select,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers import many, replies
from services.providers.gathering import documents
from services.providers.nested import Json, Row
from services.providers.offers import offer
from services.providers.paging import one_state
from services.providers.rows import table
from shared.database import UnitOfWork

BATCH = 200
"""Services whose documents are gathered in one transaction."""

service = table("service").c
document = table("service_document").c

_BESIDE = {
    name: {column: f"{name}.{column}" for column in columns.split()}
    for name, columns in (
        ("capacity", "service_id state places waiting first_date keeps_list updated expires"),
        ("assurance", "service_id verified verified_by verified_how"),
    )
}
"""Tables with at most one row for a service, which a read looks at beside its document: what each
column that readers are told of is called there."""


@dataclass(frozen=True)
class Read:
    """A service as it was read.

    Attributes:
        row: version, last change, tier that is asked for and assured date.
        said: the document.
        capacity: how much room it has; None where nobody said.
        assurance: who last looked at it; None where nobody did.
        evidence: what was shown for its tier, by kind, and the last day on which it counts.
    """

    row: Row
    said: Json
    capacity: Row | None
    assurance: Row | None
    evidence: Sequence[tuple[str, date | None]]


def _reading(said: ColumnElement[Any], source: FromClause) -> Select[Any]:
    """Services as they are read, of a source that has them."""
    seen = table("tier_evidence").c
    evidence = (
        select(func.array_agg(seen.kind).label("kinds"), func.array_agg(seen.expires).label("ends"))
        .where(seen.service_id == service.id)
        .lateral("evidence")
    )
    wanted = select(
        service.id,
        service.version,
        service.last_modified,
        service.tier,
        service.assured_date,
        said.label("said"),
        evidence.c.kinds,
        evidence.c.ends,
        *(
            table(name).c[column].label(label)
            for name, columns in _BESIDE.items()
            for column, label in columns.items()
        ),
    )
    wanted = wanted.select_from(source)
    for name in ("service_document", *_BESIDE):
        wanted = wanted.outerjoin(table(name), table(name).c.service_id == service.id)
    return wanted.join(evidence, true())


_READING = (
    _reading(document.body, table("service"))
    .where(service.id == any_(bindparam("keys", type_=ARRAY(Uuid))))
    .order_by(service.id)
)
"""Written once: its text is half of what a small read costs."""


def offered(found: CTE, *, replies_too: bool) -> Select[Any]:
    """Services that a question found, each beside what matching needs of it (see `offers.py`), by
    the question's own statement: each statement more is a wait for the database more.

    Args:
        found: has a `service_id`, which may be NULL; all its columns are in the rows.
        replies_too: whether a row says how the service answers (see `replies.counted`).
    """
    source = found.outerjoin(table("service"), service.id == found.c.service_id)
    # A former version of Kersey writes a document alone: then `whole` says that it is all of it.
    wanted = _reading(func.coalesce(document.offer, document.body), source).add_columns(
        document.offer.is_(None).label("whole"), *found.c
    )
    if not replies_too:
        return wanted
    how = replies.counted(service.id)
    return wanted.add_columns(*how.c).outerjoin(how, true())


def read(session: Session, keys: Collection[UUID]) -> dict[UUID, Read]:
    """Services by id; unknown ones are left out."""
    if not keys:
        return {}
    rows = session.connection().execute(_READING, {"keys": list(keys)}).mappings().all()
    return reads(session, rows)


def reads(session: Session, rows: Sequence[Row]) -> dict[UUID, Read]:
    """Services by id, of the rows in which they were read.

    Args:
        session: where those are gathered that have no document.
        rows: of `offered`.
    """
    lacking = [row["id"] for row in rows if row["said"] is None]
    gathered = documents(session, lacking) if lacking else {}
    return {
        row["id"]: Read(
            row=row,
            said=gathered[row["id"]] if row["said"] is None else orjson.loads(row["said"]),
            **{name: _beside(row, columns) for name, columns in _BESIDE.items()},
            evidence=tuple(zip(row["kinds"] or (), row["ends"] or (), strict=True)),
        )
        for row in rows
    }


def _beside(row: Row, columns: Mapping[str, str]) -> Row | None:
    if row[columns["service_id"]] is None:
        return None
    return {column: row[label] for column, label in columns.items()}


# --- writing ---------------------------------------------------------------------------------


def keep(
    session: Session, keys: Collection[UUID], written: Mapping[str, Iterable[Row]] | None = None
) -> None:
    """Gather the documents of services and write them.

    Args:
        session: where; it holds the locks that the head of this file names.
        keys: which services; unknown ones are left out.
        written: all their rows by table, where this transaction wrote them.
    """
    rows = [
        # documents in a document: taken as the text that they are
        {"service_id": key, "body": said, "offer": offer(said)}
        for key, said in documents(session, keys, written).items()
    ]
    changing = ("body", "offer")
    many.insert(session, "service_document", rows, known_by=("service_id",), changing=changing)


def fill(engine: Engine, *, batch: int = BATCH) -> int:
    """Gather the documents that are not there, a batch to a transaction.

    Args:
        engine: the directory's database.
        batch: how many services at once.

    Returns:
        How many were gathered.
    """
    filled = 0
    for keys in _in_parts(engine, batch, lacking=True):
        with UnitOfWork(engine) as uow:
            _hold(uow.session, keys)
            keep(uow.session, keys)
            uow.commit()
        filled += len(keys)
    return filled


def _hold(session: Session, keys: Sequence[UUID]) -> None:
    """Lock what documents are made of, organisations first, as publishing does."""
    organization, location, here = table("organization"), table("location"), "service_at_location"
    at = table(here).c
    run = session.connection().execute
    owners = select(service.organization_id).where(service.id.in_(keys))
    places = select(at.location_id).where(at.service_id.in_(keys))
    for source, wanted in (
        (organization, owners),
        (table("service"), keys),
        (location, places),
    ):
        key = source.c.id
        held = select(key).where(key.in_(wanted)).order_by(key)
        run(held.with_for_update(read=source is organization, key_share=source is not organization))
    hold_taxonomies(session)


def hold_taxonomies(session: Session) -> None:
    """Keep every taxonomy and its terms as they are until the commit: documents repeat their
    names. Whoever changes a term holds its taxonomy's row.
    """
    taxonomy = table("taxonomy").c
    held = select(taxonomy.id).order_by(taxonomy.id).with_for_update(read=True)
    session.connection().execute(held)


def differing(engine: Engine, *, batch: int = BATCH) -> Iterator[UUID]:
    """Services whose document is not what their tables say: none, unless something went past the
    triggers. Reads only.
    """
    for keys in _in_parts(engine, batch, lacking=False):
        with one_state(engine) as session:
            kept = select(document.service_id, document.body, document.offer)
            rows = session.connection().execute(kept.where(document.service_id.in_(keys)))
            stored = {key: (orjson.loads(body), orjson.loads(part)) for key, body, part in rows}
            gathered = documents(session, list(stored))
        yield from (key for key, said in stored.items() if said != _both(gathered.get(key)))


def _both(said: Json | None) -> tuple[Json, Json] | None:
    return None if said is None else (said, offer(said))


def renew(engine: Engine) -> int:
    """Gather anew what is not what the tables say, and what is not there.

    Returns:
        How many documents were gathered.
    """
    differ = list(differing(engine))
    with UnitOfWork(engine) as uow:
        source = table("service_document")
        uow.session.connection().execute(delete(source).where(document.service_id.in_(differ)))
        uow.commit()
    return fill(engine)


def _in_parts(engine: Engine, batch: int, *, lacking: bool) -> Iterator[list[UUID]]:
    """The ids of services with a document, or of those without, so many at once."""
    there = exists().where(document.service_id == service.id, document.offer.is_not(None))
    wanted = select(service.id).where(~there if lacking else there)
    wanted = wanted.order_by(service.id).limit(batch)
    last: UUID | None = None
    while True:
        following = wanted if last is None else wanted.where(service.id > last)
        with UnitOfWork(engine) as uow:
            keys = list(uow.session.connection().execute(following).scalars())
        if not keys:
            return
        yield keys
        last = keys[-1]
