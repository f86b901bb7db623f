"""What is asked of the arrays of a flat row."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    Uuid,
    any_,
    false,
    func,
    literal,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY


def array_of(values: tuple[Any, ...], kind: Any = Uuid) -> ColumnElement[Any]:
    """An array; of names, of which each stands for one, those put together."""
    if not isinstance(values[0], BindParameter):
        return literal(list(values), ARRAY(kind))
    whole: ColumnElement[Any] = values[0]
    for more in values[1:]:
        whole = func.array_cat(whole, more, type_=ARRAY(kind))
    return whole


def overlaps(terms: ColumnElement[Any], keys: tuple[UUID, ...]) -> ColumnElement[bool]:
    """Whether an array of terms holds any of some."""
    if not keys:
        return false()
    found: ColumnElement[bool] = terms.op("&&", is_comparison=True)(array_of(keys))
    return found


def shares(spoken: ColumnElement[Any], codes: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether an array of codes holds any of some."""
    found: ColumnElement[bool] = spoken.op("&&", is_comparison=True)(array_of(codes, String))
    return found


def open_to(areas: ColumnElement[Any], hub: Any) -> ColumnElement[bool]:
    """Whether people of a hub's place may come: a service that names no place is for all."""
    named = hub if isinstance(hub, BindParameter) else literal(hub, String)
    return or_(func.cardinality(areas) == 0, named == any_(areas))
