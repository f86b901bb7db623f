"""Which source said what of a listing, field by field, and where sources differ."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from services.providers.importing.merging import (
    said_of,
    standing_organizations,
    standing_services,
)
from services.providers.life.states import bare
from services.providers.nested import Json, plain
from services.providers.rows import table

_HIDDEN = frozenset({"id", "organization_id"})


def provenance(session: Session, entity: str, key: UUID) -> Json | None:
    """Where each field of a listing comes from; None where there is no such listing.

    Args:
        session: where to read.
        entity: organization or service.
        key: its id.
    """
    record, source = table("source_record"), table("source")
    rows = session.connection().execute(
        select(record, source.c.name)
        .join(source, source.c.id == record.c.source_id)
        .where(record.c.key == key, record.c.entity == entity)
        .order_by(source.c.name)
    )
    read = standing_organizations if entity == "organization" else standing_services
    standing = read(session, [key]).get(key)
    if standing is None:
        return None
    found = said_of(standing)
    sources = list(rows.mappings())
    names = sorted({*found, *(name for row in sources for name in row["said"])} - _HIDDEN)
    return {
        "sources": [
            {
                "source": row["name"],
                "given": row["given"],
                "seen": plain(row["seen"]),
                "vanished": row["vanished"],
            }
            for row in sources
        ],
        "fields": [_field(name, found.get(name), sources) for name in names],
    }


def _field(name: str, value: Any, sources: list[Any]) -> Json:
    """A field: what stands, who says so (nobody: it was written here), and who says otherwise."""
    same = [row["name"] for row in sources if _alike(row["said"].get(name), value)]
    otherwise = [
        {"source": row["name"], "value": row["said"][name]}
        for row in sources
        if name in row["said"] and not _alike(row["said"][name], value)
    ]
    told: Json = {"field": name, "said_by": same or ["here"]}
    if value is not None:
        told["value"] = value
    if otherwise:
        told["otherwise"] = otherwise
    return told


def _alike(one: Any, other: Any) -> bool:
    """Whether two say the same; what is below has other ids in each source."""
    return bool(bare(one) == bare(other))
