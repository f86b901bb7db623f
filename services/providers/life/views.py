"""A listing's versions and history, as the API shows them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping

from services.providers.nested import picked

Json = dict[str, Any]

VERSION = (
    "kind subject number state owner hub based_on written written_by why decided decided_by words"
    " publish_from published"
)
ACT = "what at by why"


def version(row: RowMapping, *, whole: bool = False) -> Json:
    """One version; `whole` with what the listing says in it."""
    return picked(row, VERSION) | ({"listing": row["listing"]} if whole else {})


def history(versions: Iterable[RowMapping], acts: Iterable[RowMapping]) -> Json:
    """What a listing said and what was done with it, each with who, when and why."""
    return {
        "versions": [version(row) for row in versions],
        "acts": [picked(row, ACT) for row in acts],
    }
