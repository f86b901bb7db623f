"""A listing's versions and history, as the API shows them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.providers.nested import picked

Json = dict[str, Any]

VERSION = (
    "kind subject number state owner hub based_on written written_by why decided decided_by words"
    " publish_from published"
)
ACT = "what at by why"


def version(
    row: RowMapping, owners: Mapping[UUID, str] | None = None, *, whole: bool = False
) -> Json:
    """One version.

    Args:
        row: of its table.
        owners: what organisations are called.
        whole: with what the listing says in it.
    """
    said = picked(row, VERSION) | {"name": row["listing"].get("name", "")}
    owner = (owners or {}).get(row["owner"])
    said |= {"owner_name": owner} if owner else {}
    return said | ({"listing": row["listing"]} if whole else {})


def history(
    versions: Iterable[RowMapping], acts: Iterable[RowMapping], owners: Mapping[UUID, str]
) -> Json:
    """What a listing said and what was done with it, each with who, when and why."""
    return {
        "versions": [version(row, owners) for row in versions],
        "acts": [picked(row, ACT) for row in acts],
    }
