"""A CSV file that came by itself: one table of a data package, told by its name or its columns."""

import csv
from pathlib import PurePosixPath
from typing import IO

from services.providers.importing.reading.charsets import as_text
from services.providers.importing.reading.data_package import delimiter_of, entity_named
from services.providers.importing.reading.records import SourceBroken

_LONGEST_HEAD = 64 * 1024
_ELSEWHERE = frozenset(
    "service_id location_id contact_id phone_id link_id service_at_location_id taxonomy_id"
    " taxonomy_term_id latitude number"
    " identifier vocabulary title".split()
)
"""Columns that only tables of a part of a listing have."""


def entity_of_table(file: IO[bytes], charset: str, name: str) -> str | None:
    """What the rows of a file describe; None where it is no table.

    Args:
        file: seekable; left at its beginning.
        charset: see `charset_of`.
        name: the file's name, or the end of its address; empty where it has none.

    Raises:
        SourceBroken: it is a table, and not one of those that can stand alone.
    """
    head = as_text(file, charset).readline(_LONGEST_HEAD).removeprefix("\ufeff").strip()
    file.seek(0)
    named_so = name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
    if not head or head.startswith(("{", "[")):
        return None
    cells = next(csv.reader([head], delimiter=delimiter_of(head)), [])
    columns = {each.strip().lower() for each in cells}
    if not named_so and (len(columns) < 2 or {"id", "name"}.isdisjoint(columns)):
        return None
    return _by_name(name) or _by_columns(columns)


def _by_name(name: str) -> str | None:
    return entity_named(PurePosixPath(name.lower().removesuffix(".gz")).name)


def _by_columns(columns: set[str]) -> str:
    if {"id", "name"} <= columns and _ELSEWHERE.isdisjoint(columns):
        return "service" if "organization_id" in columns else "organization"
    raise SourceBroken(
        "This table is neither of services (columns id, organization_id, name and others of HSDS)"
        " nor of organisations (id, name): a data package is a ZIP file of services.csv,"
        " organizations.csv and what else there is; columns have the names of HSDS."
    )
