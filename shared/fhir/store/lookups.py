"""Statements that find documents by what they are called, for callers that run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.fhir.search.sql import DOCUMENT_COLUMNS, Statement
from shared.fhir.store.access import Access


def by_id(type_name: str, logical_id: str, access: Access) -> Statement:
    """The statement that finds a document's current version, if this access sees it."""
    parameters: dict[str, Any] = {"type": type_name, "id": logical_id}
    visible = access.visible().exact("d", parameters)
    where = " AND ".join(["d.type = %(type)s", "d.id = %(id)s", *visible])
    text = f"SELECT {DOCUMENT_COLUMNS} FROM document d WHERE {where}"  # noqa: S608
    return Statement(text, parameters)


def by_ids(named: Sequence[tuple[str, str]], access: Access) -> Statement:
    """The statement that finds the current versions of many, of those that this access sees.

    Of those that were not deleted; in no order, and each once.
    """
    parameters: dict[str, Any] = {
        "types": [type_name for type_name, _ in named],
        "ids": [logical_id for _, logical_id in named],
    }
    visible = access.visible().exact("d", parameters)
    where = " AND ".join(["NOT d.deleted", *visible])
    text = (
        f"SELECT {DOCUMENT_COLUMNS} FROM (SELECT DISTINCT * FROM"  # noqa: S608
        " unnest(%(types)s::text[], %(ids)s::text[])) AS named (type, id)"
        f" JOIN document d ON d.type = named.type AND d.id = named.id WHERE {where}"
    )
    return Statement(text, parameters)
