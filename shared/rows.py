"""Rows of several tables, inserted by one statement: one round trip, however many they are.

An object of the ORM costs its flush, and each table a statement of its own; of a referral, which
makes rows in ten tables, that was most of the work (docs/decisions/0032).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Table, inspect
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class Rows:
    """Rows that are to be inserted together, in the order in which they are added.

    Foreign keys between them hold in whatever order the tables come: PostgreSQL looks at them when
    the statement ends.
    """

    def __init__(self) -> None:
        self._tables: dict[tuple[Table, tuple[str, ...], str], list[Mapping[str, Any]]] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def add(self, *rows: object) -> None:
        """Add objects of mapped tables; what the database itself gives them is left to it."""
        for row in rows:
            state = inspect(row)
            assert state is not None
            table = state.mapper.local_table
            held = state.dict
            self.add_values(table, {name: held.get(name) for name in _given(table)})

    def add_values(self, table: Table, values: Mapping[str, Any], *, where: str = "true") -> None:
        """Add a row by its values; columns that are left out get the database's default.

        Args:
            table: of the row.
            values: by column.
            where: SQL without parameters, over the row as `sent`, by which the database decides
                whether it is inserted.
        """
        self._tables.setdefault((table, tuple(values), where), []).append(values)

    def inserts(self) -> tuple[str, dict[str, Any]]:
        """The INSERTs as common table expressions, without WITH, and their parameters."""
        texts, parameters = [], {}
        for n, ((table, columns, where), rows) in enumerate(self._tables.items()):
            texts.append(_insert(n, table, columns, where))
            parameters[f"rows_{n}"] = orjson.dumps(rows).decode()
        return ", ".join(texts), parameters

    def insert(self, connection: Connection) -> None:
        """Insert them, within the caller's transaction."""
        if self._tables:
            text, parameters = self.inserts()
            connection.exec_driver_sql(f"WITH {text} SELECT", parameters)


@cache
def _given(table: Table) -> tuple[str, ...]:
    """The columns whose values do not come from the database."""
    return tuple(column.name for column in table.columns if column.identity is None)


@cache
def _insert(n: int, table: Table, columns: Iterable[str], where: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    typed = ", ".join(f'"{name}" {_kind(table, name)}' for name in columns)
    return (
        f'rows_{n} AS (INSERT INTO "{table.name}" ({names})'  # noqa: S608 - names of our own tables
        f" SELECT {names} FROM json_to_recordset(%(rows_{n})s::json) AS sent({typed})"
        f" WHERE {where})"
    )


def _kind(table: Table, name: str) -> str:
    return str(table.columns[name].type.compile(_DIALECT))
