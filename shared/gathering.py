"""Rows of several tables, read by one statement: one round trip, however many tables there are.

A page that shows a whole case reads some thirty tables, most of which hold a row or two of it; a
statement for each costs more than what it finds. It is the counterpart of `rows`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, DateTime, Select, Uuid, func, inspect, select
from sqlalchemy.sql.type_api import TypeEngine
from sqlmodel import Session

Wanted = Select[*tuple[Any, ...]]
"""Of one mapped class, or of columns."""

Gathered = Mapping[str, list[Any]]
"""The rows by the name of their statement: objects of the mapped class that it selects, which no
session knows of and nobody changes; or, of a statement that selects columns, rows by column."""

_Restoring = Callable[[Any], Any]


class Gathering:
    """Statements that are read together. Made once: it is long.

    The database hands over JSON, of which no statement may select `bytea` or a number that is not
    whole; the times in it are those of the session, which are UTC (`database.create_engine`).

    Args:
        wanted: by name, each with its own order; what changes is a bound parameter.
    """

    def __init__(self, **wanted: Wanted) -> None:
        self._made_of = {name: _maker(each) for name, each in wanted.items()}
        self._together = select(*(_as_json(name, each) for name, each in wanted.items()))

    def read(self, session: Session, **parameters: Any) -> Gathered:
        """The rows.

        Args:
            session: where to read.
            parameters: the bound ones of all the statements.
        """
        row = session.connection().execute(self._together, parameters).mappings().one()
        return {
            name: [make(each) for each in row[name] or ()] for name, make in self._made_of.items()
        }


def _as_json(name: str, wanted: Wanted) -> Any:
    rows = wanted.subquery()
    return select(func.json_agg(rows.table_valued())).scalar_subquery().label(name)


def _maker(wanted: Wanted) -> Callable[[Mapping[str, Any]], Any]:
    """What makes of a row's JSON what its statement selects."""
    described = wanted.column_descriptions
    restoring = _restored({each.name: each.type for each in wanted.selected_columns})
    if len(described) == 1 and described[0]["expr"] is described[0]["entity"]:
        cls: Any = described[0]["entity"]
        return lambda row: _made(cls, restoring(row))
    return restoring


def _restored(types: Mapping[str, TypeEngine[Any]]) -> Callable[[Mapping[str, Any]], Any]:
    """What gives the columns of a row back that JSON has no value for."""
    found = {name: restore for name, each in types.items() if (restore := _restore(each))}

    def restoring(row: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(row)
        for name, restore in found.items():
            if values[name] is not None:
                values[name] = restore(values[name])
        return values

    return restoring


def _restore(column: TypeEngine[Any]) -> _Restoring | None:
    if isinstance(column, Uuid):
        return UUID
    if isinstance(column, DateTime):
        return datetime.fromisoformat
    if isinstance(column, Date):
        return date.fromisoformat
    if isinstance(column, ARRAY):
        each = _restore(column.item_type)
        return each and (lambda values: [each(value) for value in values])
    return None


def _made(cls: Any, values: Mapping[str, Any]) -> Any:
    """An object of a mapped class as it was read: without defaults, and with nothing to save."""
    made = _manager(cls).new_instance()
    vars(made).update(values)
    return made


@cache
def _manager(cls: Any) -> Any:
    return inspect(cls).class_manager
