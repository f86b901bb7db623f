"""Many rows by one statement: all as one JSON document, which PostgreSQL takes apart by the types
of the table's own columns.

Written one by one, as the driver does with a list of rows, each costs the driver and the server
some fifty microseconds, whatever is in it; an imported service is some thirty rows.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import Session

from services.providers import tables

Row = Mapping[str, Any]


def insert(
    session: Session,
    name: str,
    rows: Sequence[Row],
    *,
    known_by: Sequence[str] = (),
    changing: Collection[str] = (),
) -> None:
    """Write rows in their order.

    Args:
        session: where to write.
        name: of the table.
        rows: all with the same columns; for what they leave out the column's default holds.
        known_by: the columns by which a row is the same. One that is there already is left alone,
            or what it says in `changing` is written over it. Without it, one that is there is an
            error.
        changing: see there; no two of the rows may then be the same.

    Raises:
        sqlalchemy.exc.IntegrityError: a row is there, or what it refers to is not.
        sqlalchemy.exc.DataError: a value is beyond what its column holds.
    """
    if not rows:
        return
    defaults = _defaults(name)
    left_out = {column: defaults[column] for column in defaults.keys() - rows[0].keys()}
    written = [{**left_out, **row} for row in rows] if left_out else rows
    statement = _statement(name, tuple(written[0]), tuple(known_by), tuple(changing))
    session.connection().exec_driver_sql(statement, {"rows": orjson.dumps(written).decode()})


@cache
def _defaults(name: str) -> dict[str, Any]:
    columns = tables.metadata.tables[name].columns
    return {
        column.name: column.default.arg
        for column in columns
        if isinstance(column.default, ScalarElementColumnDefault)
    }


@cache
def _statement(
    name: str, columns: tuple[str, ...], known_by: tuple[str, ...], changing: tuple[str, ...]
) -> str:
    """The names are of tables and columns as they are declared, never of what somebody sent."""
    quoted = ", ".join(f'"{column}"' for column in columns)
    written = (
        f'INSERT INTO "{name}" ({quoted}) SELECT {quoted}'  # noqa: S608 - see above
        f' FROM json_populate_recordset(NULL::"{name}", %(rows)s::json)'
    )
    if not known_by:
        return written
    same = ", ".join(f'"{column}"' for column in known_by)
    values = ", ".join(f'"{column}" = excluded."{column}"' for column in changing)
    return f"{written} ON CONFLICT ({same}) DO " + (f"UPDATE SET {values}" if values else "NOTHING")
