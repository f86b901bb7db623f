"""Proposals as a coordinator reads them: which services, whose, how alike, in what they differ."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.providers.importing.merging import standing_services
from services.providers.matches.of_services.joining import conflicts
from services.providers.nested import Json, plain
from services.providers.rows import table
from shared.database import UnitOfWork


def listed(
    uow: UnitOfWork, state: str, own: Collection[str], limit: int, offset: int = 0
) -> list[Json]:
    """Proposals with both services, their sources, and the fields in which they differ.

    Args:
        uow: where to read.
        state: of the proposals.
        own: the hubs of whose organisations they are.
        limit: at most.
        offset: how many before are left out.
    """
    match, organization, service = table("service_match"), table("organization").c, table("service")
    here = select(service.c.id).join(
        table("organization"), organization.id == service.c.organization_id
    )
    wanted = select(match).where(
        match.c.state == state, match.c.one.in_(here.where(organization.hub.in_(own)))
    )
    ordered = wanted.order_by(match.c.likeness.desc(), match.c.id).limit(limit).offset(offset)
    rows = uow.session.connection().execute(ordered).mappings().all()
    keys = {key for row in rows for key in (row["one"], row["other"])}
    standing, sources = standing_services(uow.session, keys), _sources(uow, keys)

    def short(key: UUID) -> Json:
        found: Any = standing[key]
        names = {"id": key, "name": found.name, "organization_id": found.organization_id}
        return names | {"sources": sources[key] or ["here"]}

    return [
        {
            "id": row["id"],
            "likeness": row["likeness"],
            "evidence": row["evidence"],
            "state": row["state"],
            "proposed": plain(row["proposed"]),
            "one": short(row["one"]),
            "other": short(row["other"]),
            "conflicts": conflicts(standing[row["one"]], standing[row["other"]]),
        }
        | ({"kept": row["kept"]} if row["kept"] else {})
        for row in rows
    ]


def _sources(uow: UnitOfWork, keys: Collection[UUID]) -> dict[UUID, list[str]]:
    record, source = table("source_record"), table("source")
    wanted = select(record.c.key, source.c.name).join(source, source.c.id == record.c.source_id)
    mine = wanted.where(record.c.entity == "service", record.c.key.in_(keys))
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in uow.session.connection().execute(mine.order_by(source.c.name)):
        found[row.key].append(row.name)
    return found
