"""Proposals as a coordinator reads them: who, how alike, by what, and in what they differ."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, or_, select

from services.providers.importing.merging import standing_organizations
from services.providers.matches.deciding import conflicts
from services.providers.matches.proposals import NoSuchMatch
from services.providers.nested import Json, plain
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.database import UnitOfWork

_MATCH = table("organization_match")


def listed(uow: UnitOfWork, state: str, own: Collection[str] | None, page: Page) -> Json:
    """One page of proposals with both organisations and the fields in which they differ.

    Args:
        uow: where to read.
        state: of the proposals.
        own: the hubs of whose organisations one must be; None for all, for an operator.
        page: which page.
    """
    wanted = _of(own).where(_MATCH.c.state == state)
    run = uow.session.connection().execute
    total = run(select(func.count()).select_from(wanted.subquery())).scalar_one()
    ordered = wanted.order_by(_MATCH.c.likeness.desc(), _MATCH.c.id)
    rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
    return envelope(page, total, _shown(uow, rows, own, whole=False))


def one(uow: UnitOfWork, key: UUID, own: Collection[str]) -> Json:
    """One proposal, with all that each of the two says.

    Raises:
        NoSuchMatch: there is none, or it is about no organisation of these hubs.
    """
    wanted = _of(own).where(_MATCH.c.id == key)
    rows = uow.session.connection().execute(wanted).mappings().all()
    if not rows:
        raise NoSuchMatch(key)
    return _shown(uow, rows, own, whole=True)[0]


def _of(own: Collection[str] | None) -> Select[Any]:
    if own is None:
        return select(_MATCH)
    organization = table("organization").c
    here = select(organization.id).where(organization.hub.in_(own))
    return select(_MATCH).where(or_(_MATCH.c.one.in_(here), _MATCH.c.other.in_(here)))


def _shown(
    uow: UnitOfWork, rows: Sequence[RowMapping], own: Collection[str] | None, *, whole: bool
) -> list[Json]:
    keys = {key for row in rows for key in (row["one"], row["other"])}
    standing = standing_organizations(uow.session, keys)
    return [
        {
            "id": row["id"],
            "likeness": row["likeness"],
            "evidence": row["evidence"],
            "state": row["state"],
            "proposed": plain(row["proposed"]),
            "yours": own is None
            or all(standing[row[side]].kersey.hub in own for side in ("one", "other")),
            "one": _side(standing[row["one"]], whole=whole),
            "other": _side(standing[row["other"]], whole=whole),
            "conflicts": conflicts(standing[row["one"]], standing[row["other"]]),
        }
        | ({"kept": row["kept"]} if row["kept"] else {})
        for row in rows
    ]


def _side(organization: Any, *, whole: bool) -> Json:
    said = {"id": organization.id, "name": organization.name, "hub": organization.kersey.hub}
    if whole:
        said["listing"] = organization.model_dump(
            mode="json", exclude_defaults=True, exclude={"kersey"}
        )
    return said
