"""What one case has in a table, as statements that are read together; see `shared.gathering`."""

from typing import Any

from sqlalchemy import Select, Uuid, bindparam
from sqlmodel import col, select

CASE = bindparam("case", type_=Uuid())
"""Which case: a parameter of whoever reads."""


def rows_of(table: type[Any], *order: Any) -> Select[Any]:
    """The rows of a table that the case has."""
    return select(table).where(col(table.case) == CASE).order_by(*order)


def only(rows: list[Any]) -> Any:
    """The one row there can be; None where there is none."""
    return rows[0] if rows else None
