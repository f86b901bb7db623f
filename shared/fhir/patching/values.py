"""What an operation of a FHIRPath Patch puts somewhere (FHIR R4 fhirpatch.html, value).

A value of a datatype comes as ``valueString`` and its like. What has no datatype of its own, such
as ``Patient.contact``, comes as parts that bear the names of its elements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from shared.fhir.elements import TypeInfo
from shared.fhir.outcome import invalid
from shared.fhir.patching.paths import choice_of

MOST_DEEP = 20
"""Parts inside parts; R4's own elements are never so deep."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value.

    Attributes:
        kind: as it stands after ``value`` (``CodeableConcept``); "" where it has no datatype.
        plain: its JSON; for one without datatype what its elements come from.
        beside: the extensions of a primitive.
        parts: of a value without datatype, its elements.
    """

    kind: str
    plain: Any
    beside: Any
    parts: tuple[tuple[str, Value], ...] = ()

    def json(self, info: TypeInfo | None) -> Any:
        """The value as it is to stand in a resource, a copy of its own.

        Args:
            info: what R4 says of the elements of a value without datatype.
        """
        if self.parts:
            made: dict[str, Any] = {}
            for name, value in self.parts:
                put(made, name, value, info)
            return made
        return deepcopy(self.plain)


def put(holder: dict[str, Any], name: str, value: Value, info: TypeInfo | None) -> str:
    """Add a value to an object: to the end of a list, or as a single element.

    Args:
        holder: the object.
        name: FHIR's name of the element, without the type of a choice.
        value: what to add.
        info: what R4 says of the object's elements; what it does not know is found later, when the
            whole is validated.

    Returns:
        The name that it has in JSON now.
    """
    named = member_name(name, value, info)
    element = info.elements.get(named) if info is not None else None
    inner = element.type if element is not None and element.primitive is None else None
    made, beside = value.json(inner), deepcopy(value.beside)
    if element is None or not element.many:
        put_at(holder, named, None, made, beside)
        return named
    row = holder.get(named) or []
    others = holder.get(f"_{named}") or []
    put_at(holder, named, max(len(row), len(others)), made, beside, insert=True)
    return named


def member_name(name: str, value: Value, info: TypeInfo | None) -> str:
    """The name in JSON: of a choice element it ends with the type."""
    return f"{name}{value.kind}" if choice_of(info, name) else name


def put_at(
    holder: dict[str, Any],
    name: str,
    index: int | None,
    made: Any,
    beside: Any,
    *,
    insert: bool = False,
) -> None:
    """Put a value and its extensions in a place; of a list, the two rows stay side by side."""
    if index is None:
        for key, each in ((name, made), (f"_{name}", beside)):
            if each is None:
                holder.pop(key, None)
            else:
                holder[key] = each
        return
    rows, others = _rows(holder, name)
    if insert:
        rows.insert(index, made)
        others.insert(index, beside)
    else:
        rows[index], others[index] = made, beside
    _put_rows(holder, name, rows, others)


def take_from(holder: dict[str, Any], name: str, index: int | None) -> tuple[Any, Any]:
    """Take a value and its extensions out of a place."""
    if index is None:
        return holder.pop(name, None), holder.pop(f"_{name}", None)
    rows, others = _rows(holder, name)
    taken = rows.pop(index), others.pop(index)
    _put_rows(holder, name, rows, others)
    return taken


def _rows(holder: dict[str, Any], name: str) -> tuple[list[Any], list[Any]]:
    rows, others = list(holder.get(name) or ()), list(holder.get(f"_{name}") or ())
    length = max(len(rows), len(others))
    return rows + [None] * (length - len(rows)), others + [None] * (length - len(others))


def _put_rows(holder: dict[str, Any], name: str, rows: list[Any], others: list[Any]) -> None:
    for key, row in ((name, rows), (f"_{name}", others)):
        if any(each is not None for each in row):
            holder[key] = row
        else:
            holder.pop(key, None)


def read_value(part: Mapping[str, Any], place: str, depth: int = 0) -> Value:
    """The value that a part holds.

    Args:
        part: of a Parameters resource whose shape was validated.
        place: where it stands.
        depth: of parts inside parts.

    Raises:
        FhirError: 400 where it holds none.
    """
    for name, given in part.items():
        bare = name.removeprefix("_")
        if bare.startswith("value") and given is not None:
            return Value(bare[5:], part.get(bare), part.get(f"_{bare}"))
    if isinstance(part.get("resource"), dict):
        return Value("", part["resource"], None)
    parts: Sequence[Mapping[str, Any]] = part.get("part") or ()
    if not parts:
        words = "A value is one of value[x], a resource, or parts named as its elements."
        raise invalid(words, place, code="required")
    if depth > MOST_DEEP:
        raise invalid("This value is too deep.", place, code="too-long")
    return Value("", None, None, tuple(
        (str(each.get("name")), read_value(each, f"{place}.part[{n}]", depth + 1))
        for n, each in enumerate(parts)
    ))  # fmt: skip
