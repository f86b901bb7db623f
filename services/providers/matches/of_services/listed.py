"""Proposals as a coordinator reads them: which services, whose, how alike, in what they differ."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, select

from services.providers.importing.merging import standing_services
from services.providers.matches.of_services.joining import conflicts
from services.providers.matches.proposals import NoSuchMatch
from services.providers.nested import Json, plain
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.database import UnitOfWork

_MATCH = table("service_match")


def listed(uow: UnitOfWork, state: str, own: Collection[str], page: Page) -> Json:
    """One page of proposals with both services, their sources, and the fields in which they differ.

    Args:
        uow: where to read.
        state: of the proposals.
        own: the hubs of whose organisations they are.
        page: which page.
    """
    wanted = _of(own).where(_MATCH.c.state == state)
    run = uow.session.connection().execute
    total = run(select(func.count()).select_from(wanted.subquery())).scalar_one()
    ordered = wanted.order_by(_MATCH.c.likeness.desc(), _MATCH.c.id)
    rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
    return envelope(page, total, _shown(uow, rows, whole=False))


def one(uow: UnitOfWork, key: UUID, own: Collection[str]) -> Json:
    """One proposal, with all that each of the two says.

    Raises:
        NoSuchMatch: there is none, or it is about no service of these hubs.
    """
    rows = uow.session.connection().execute(_of(own).where(_MATCH.c.id == key)).mappings().all()
    if not rows:
        raise NoSuchMatch(key)
    return _shown(uow, rows, whole=True)[0]


def _of(own: Collection[str]) -> Select[Any]:
    organization, service = table("organization").c, table("service")
    here = select(service.c.id).join(
        table("organization"), organization.id == service.c.organization_id
    )
    return select(_MATCH).where(_MATCH.c.one.in_(here.where(organization.hub.in_(own))))


def _shown(uow: UnitOfWork, rows: Sequence[RowMapping], *, whole: bool) -> list[Json]:
    keys = {key for row in rows for key in (row["one"], row["other"])}
    standing, sources = standing_services(uow.session, keys), _sources(uow, keys)

    def side(key: UUID) -> Json:
        found: Any = standing[key]
        said = {"id": key, "name": found.name, "organization_id": found.organization_id}
        said |= {"sources": sources[key] or ["here"]}
        if whole:
            said["listing"] = found.model_dump(
                mode="json", exclude_defaults=True, exclude={"kersey", "funding"}
            )
        return said

    return [
        {
            "id": row["id"],
            "likeness": row["likeness"],
            "evidence": row["evidence"],
            "state": row["state"],
            "proposed": plain(row["proposed"]),
            "yours": True,
            "one": side(row["one"]),
            "other": side(row["other"]),
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
