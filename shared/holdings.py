"""What a service holds about a person: declared once for each table, exported and erased by that.

A service lists a `Holding` for each of its tables that may concern a person, and says of every
other table why it concerns nobody. What an erasure leaves is declared as well, column by column,
so that no column with words in it is added without somebody deciding what becomes of it (care 9).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    false,
    or_,
    select,
    update,
)

Traces = Mapping[str, Collection[Any]]
"""By what a person is found: the name of a kind of id (`case`, `task`) and the ids of that kind."""


@dataclass(frozen=True)
class Holding:
    """The rows of one table that concern a person, and what an erasure does to them.

    Attributes:
        table: the table.
        found_by: for each column that leads to a person, the kind of id in it. A row concerns the
            person if any of them does.
        emptied: by column, what an erasure writes there; None where it deletes the rows.
        stays: why something of the rows stays; empty where nothing does.
        codes: columns of text or JSON that stay because they hold ids or codes of declared lists,
            and no word that somebody wrote.
        secret: columns of credentials, which no copy shows: they are not the person's.
    """

    table: Table
    found_by: Mapping[str, str]
    emptied: Mapping[str, Any] | None = None
    stays: str = ""
    codes: frozenset[str] = field(default_factory=frozenset)
    secret: frozenset[str] = field(default_factory=frozenset)

    def concerns(self, traces: Traces) -> ColumnElement[bool]:
        """The condition that picks the rows about whoever the traces lead to."""
        conditions = [
            self.table.c[column].in_(
                bindparam(None, list(traces[kind]), self.table.c[column].type, expanding=True)
            )
            for column, kind in self.found_by.items()
            if traces.get(kind)
        ]
        return or_(false(), *conditions)

    def undecided(self) -> list[str]:
        """Columns that an erasure leaves though they may hold words, and nobody said why."""
        if self.emptied is None:
            return []
        return [
            column.name
            for column in self.table.c
            if isinstance(column.type, String | JSON | LargeBinary)
            and column.name not in self.emptied
            and column.name not in self.codes
        ]


@dataclass(frozen=True)
class Effect:
    """What an erasure did to one kind of record.

    Attributes:
        record: which, as the operator knows it: a table or `documents`.
        rows: how many.
        gone: whether they are gone as a whole; else they were emptied or kept.
        why: of what stays, why.
    """

    record: str
    rows: int
    gone: bool
    why: str = ""


def held(
    connection: Connection, holdings: Sequence[Holding], traces: Traces
) -> dict[str, list[dict[str, Any]]]:
    """All rows that concern a person, by table; tables without any are left out.

    Args:
        connection: of the service's database.
        holdings: the service's.
        traces: by what the person is found.
    """
    found = {}
    for holding in holdings:
        shown = [column for column in holding.table.c if column.name not in holding.secret]
        statement = select(*shown).where(holding.concerns(traces))
        rows = [dict(row) for row in connection.execute(statement).mappings()]
        if rows:
            found[holding.table.name] = rows
    return found


def erase(connection: Connection, holdings: Sequence[Holding], traces: Traces) -> list[Effect]:
    """Delete or empty all rows that concern a person, within the caller's transaction.

    Args:
        connection: of the service's database.
        holdings: the service's, in an order that its foreign keys allow.
        traces: by what the person is found.

    Returns:
        What was done, one for each table that had such rows.
    """
    effects = []
    for holding in holdings:
        which = holding.concerns(traces)
        if holding.emptied is None:
            rows = connection.execute(delete(holding.table).where(which)).rowcount
        elif holding.emptied:
            emptying = update(holding.table).where(which).values(dict(holding.emptied))
            rows = connection.execute(emptying).rowcount
        else:
            rows = len(connection.execute(select(*_key(holding.table)).where(which)).all())
        if rows:
            gone = holding.emptied is None
            effects.append(Effect(holding.table.name, rows, gone, holding.stays))
    return effects


def forget_samples(engine: Engine, tables: Collection[str]) -> None:
    """Have PostgreSQL give up dead rows and the values that it remembers for its planner.

    A deleted row stays on its page until the table is vacuumed, and a sample of a column's values
    stays in the statistics until it is analysed. Takes as long as reading the tables.

    Args:
        engine: of the service that owns them.
        tables: their names, as declared in the code.
    """
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in sorted(tables):
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {quote(table)}")


def _key(table: Table) -> Sequence[Any]:
    return tuple(table.primary_key.columns)
