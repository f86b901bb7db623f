"""Proposals as a coordinator reads them: who, how alike, by what, and in what they differ."""

from typing import Any

from sqlalchemy import or_, select

from services.providers.importing.merging import standing_organizations
from services.providers.matches.deciding import conflicts
from services.providers.nested import Json, plain
from services.providers.rows import table
from shared.database import UnitOfWork


def listed(
    uow: UnitOfWork, state: str, own: list[str] | None, limit: int, offset: int = 0
) -> list[Json]:
    """Proposals with both organisations and the fields in which they differ.

    Args:
        uow: where to read.
        state: of the proposals.
        own: the hubs of whose organisations one must be; None for all.
        limit: at most.
        offset: how many before are left out.
    """
    match, organization = table("organization_match"), table("organization").c
    wanted = select(match).where(match.c.state == state)
    if own is not None:
        here = select(organization.id).where(organization.hub.in_(own))
        wanted = wanted.where(or_(match.c.one.in_(here), match.c.other.in_(here)))
    ordered = wanted.order_by(match.c.likeness.desc(), match.c.id).limit(limit).offset(offset)
    rows = uow.session.connection().execute(ordered).mappings().all()
    keys = {key for row in rows for key in (row["one"], row["other"])}
    standing = standing_organizations(uow.session, keys)
    return [
        {
            "id": row["id"],
            "likeness": row["likeness"],
            "evidence": row["evidence"],
            "state": row["state"],
            "proposed": plain(row["proposed"]),
            "one": _short(standing[row["one"]]),
            "other": _short(standing[row["other"]]),
            "conflicts": conflicts(standing[row["one"]], standing[row["other"]]),
        }
        | ({"kept": row["kept"]} if row["kept"] else {})
        for row in rows
    ]


def _short(organization: Any) -> Json:
    return {"id": organization.id, "name": organization.name, "hub": organization.kersey.hub}
