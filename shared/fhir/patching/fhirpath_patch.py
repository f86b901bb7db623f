"""FHIRPath Patch: operations as Parameters (FHIR R4 fhirpatch.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from shared.fhir.elements import TypeInfo
from shared.fhir.model import type_info
from shared.fhir.outcome import FhirError, Issue, invalid, rule_broken, too_large
from shared.fhir.patching import MOST_OPERATIONS
from shared.fhir.patching.paths import (
    ANY_RESOURCE,
    Child,
    Place,
    Step,
    Walk,
    choice_of,
    info_of,
    read_path,
)
from shared.fhir.patching.values import Value, member_name, put, put_at, read_value, take_from

Kind = Literal["add", "insert", "delete", "replace", "move"]

#: The parts that each operation has beside its type; all of them, and no others.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "add": ("path", "name", "value"),
    "insert": ("path", "value", "index"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}
#: How each part but the value is written.
_FORMS: Mapping[str, tuple[tuple[str, ...], type]] = {
    "type": (("valueCode", "valueString"), str),
    "path": (("valueString",), str),
    "name": (("valueString",), str),
    "index": (("valueInteger",), int),
    "source": (("valueInteger",), int),
    "destination": (("valueInteger",), int),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; what its kind does not have is empty."""

    kind: Kind
    place: str
    steps: tuple[Step, ...]
    name: str = ""
    value: Value | None = None
    index: int = 0
    source: int = 0
    destination: int = 0

    def refuse(self, words: str) -> FhirError:
        """That it does not apply to the resource as it is."""
        return rule_broken(words, self.place)


@dataclass(frozen=True, slots=True)
class FhirPathPatch:
    """The operations of a FHIRPath Patch, done in their order."""

    operations: tuple[Operation, ...]

    def apply(self, resource: dict[str, Any]) -> Any:
        """See `Patch.apply`."""
        walk = Walk(resource)
        for operation in self.operations:
            _DO[operation.kind](walk, operation)
        return resource


def fhirpath_patch(
    type_name: str, parameters: Mapping[str, Any], place: str = "Parameters"
) -> FhirPathPatch:
    """Read a FHIRPath Patch.

    Args:
        type_name: of the resource that is to be changed.
        parameters: the resource that holds it, its shape validated.
        place: where that stands.

    Raises:
        FhirError: 400 naming every part that is wrong, 413 where it has more than
            `MOST_OPERATIONS`.
    """
    given: Sequence[Mapping[str, Any]] = parameters.get("parameter") or ()
    if not given:
        words = "A FHIRPath Patch has a parameter named operation for each change."
        raise invalid(words, f"{place}.parameter", code="required")
    if len(given) > MOST_OPERATIONS:
        raise too_large(f"A FHIRPath Patch has at most {MOST_OPERATIONS} operations.")
    issues: list[Issue] = []
    read: list[Operation] = []
    for n, each in enumerate(given):
        try:
            read.append(_operation(type_name, each, f"{place}.parameter[{n}]"))
        except FhirError as error:
            issues += error.issues
    if issues:
        raise FhirError(400, issues)
    return FhirPathPatch(tuple(read))


def _operation(type_name: str, given: Mapping[str, Any], place: str) -> Operation:
    if given.get("name") != "operation":
        raise invalid('Every parameter is named "operation".', f"{place}.name", code="value")
    parts: dict[str, tuple[Mapping[str, Any], str]] = {}
    for n, part in enumerate(given.get("part") or ()):
        name, where = str(part.get("name")), f"{place}.part[{n}]"
        if name in parts:
            raise invalid(f"An operation has one part {name}.", where, code="structure")
        parts[name] = (part, where)
    kind = _plain(parts, "type", place)
    if kind not in _PARTS:
        words = f"An operation is one of {', '.join(_PARTS)}."
        raise invalid(words, parts["type"][1], code="value")
    odd = sorted(set(parts) - {"type", *_PARTS[kind]})
    if odd:
        words = f"The operation {kind} has the parts type, {', '.join(_PARTS[kind])}."
        raise invalid(words, parts[odd[0]][1], code="structure")
    found: dict[str, Any] = {
        name: _plain(parts, name, place) for name in _PARTS[kind] if name not in ("path", "value")
    }
    if "value" in _PARTS[kind]:
        part, where = _part(parts, "value", place)
        found["value"] = read_value(part, where)
    path = _plain(parts, "path", place)
    try:
        steps = read_path(path)
    except ValueError as error:
        words = f"This path is not taken: {error}."
        raise invalid(words, parts["path"][1], code="value") from error
    _refuse_other_type(type_name, steps, parts["path"][1])
    return Operation(cast("Kind", kind), place, steps, **found)


def _refuse_other_type(type_name: str, steps: Sequence[Step], where: str) -> None:
    first = steps[0]
    here = (type_name, *ANY_RESOURCE)
    if isinstance(first, Child) and first.name[:1].isupper() and first.name not in here:
        raise invalid(f"The path is not one of {type_name}.", where, code="value")


def _part(
    parts: Mapping[str, tuple[Mapping[str, Any], str]], name: str, place: str
) -> tuple[Mapping[str, Any], str]:
    if name not in parts:
        raise invalid(f"This operation needs a part {name}.", place, code="required")
    return parts[name]


def _plain(parts: Mapping[str, tuple[Mapping[str, Any], str]], name: str, place: str) -> Any:
    part, where = _part(parts, name, place)
    members, kind = _FORMS[name]
    value = next((part[each] for each in members if each in part), None)
    if type(value) is not kind or (kind is int and cast("int", value) < 0):
        raise invalid(f"The part {name} is a {members[0]}.", where, code="value")
    return value


# --- doing them -------------------------------------------------------------------------------


def _one(walk: Walk, operation: Operation) -> Place:
    found = walk.find(operation.steps)
    if len(found) != 1:
        raise operation.refuse(f"The path leads to {len(found)} elements, and must lead to one.")
    return found[0]


def _add(walk: Walk, operation: Operation) -> None:
    place = _one(walk, operation)
    holder = place.inside
    if holder is None or operation.value is None:
        raise operation.refuse("Nothing can be added there.")
    info = place.info if holder is place.value else type_info("Element")
    named = member_name(operation.name, operation.value, info)
    taken = (operation.name, named, *choice_of(info, operation.name))
    element = info.elements.get(named) if info is not None else None
    several = element is not None and element.many
    if not several and any(each in holder or f"_{each}" in holder for each in taken):
        raise operation.refuse("The element is there already, and there is one at most: replace.")
    put(holder, operation.name, operation.value, info)


def _replace(walk: Walk, operation: Operation) -> None:
    place, value = _one(walk, operation), operation.value
    if place.holder is None or value is None:
        raise operation.refuse("A patch replaces elements, not the resource itself.")
    inner = place.info if value.parts else None
    made = value.json(inner)
    name = _as_typed(walk, operation, place, value)
    if name != place.name:
        take_from(place.holder, place.name, None)
    put_at(place.holder, name, place.index, made, _copied(value))


def _as_typed(walk: Walk, operation: Operation, place: Place, value: Value) -> str:
    """The element's name in JSON with the new value: a choice may be of another type now."""
    last = operation.steps[-1]
    above = walk.find(operation.steps[:-1]) if isinstance(last, Child) else []
    info = above[0].info if len(above) == 1 else None
    if isinstance(last, Child) and choice_of(info, last.name):
        return f"{last.name}{value.kind}"
    return place.name


def _delete(walk: Walk, operation: Operation) -> None:
    found = walk.find(operation.steps)
    if not found:
        return  # R4: the element is deleted if it is found
    if len(found) > 1:
        raise operation.refuse(f"The path leads to {len(found)} elements; one can be deleted.")
    (place,) = found
    if place.holder is None:
        raise operation.refuse("A patch deletes elements, not the resource itself.")
    take_from(place.holder, place.name, place.index)


def _insert(walk: Walk, operation: Operation) -> None:
    holder, name, info = _collection(walk, operation)
    length = _length(holder, name)
    if operation.index > length or operation.value is None:
        raise operation.refuse(f"The list has {length} elements: the index is {length} at most.")
    value = operation.value
    put_at(holder, name, operation.index, value.json(info), _copied(value), insert=True)


def _move(walk: Walk, operation: Operation) -> None:
    holder, name, _ = _collection(walk, operation)
    length = _length(holder, name)
    if max(operation.source, operation.destination) >= length:
        raise operation.refuse(f"The list has {length} elements, counted from 0.")
    made, beside = take_from(holder, name, operation.source)
    put_at(holder, name, operation.destination, made, beside, insert=True)


def _collection(walk: Walk, operation: Operation) -> tuple[dict[str, Any], str, TypeInfo | None]:
    """The list that a path leads to, which need not be there yet, and what its elements are."""
    last = operation.steps[-1]
    above = walk.find(operation.steps[:-1])
    if not isinstance(last, Child) or len(above) != 1 or above[0].inside is None:
        raise operation.refuse("The path leads to no list of one element.")
    holder = above[0].inside
    info = above[0].info if holder is above[0].value else type_info("Element")
    element = info.elements.get(last.name) if info is not None else None
    if element is None or not element.many:
        raise operation.refuse("The path leads to no list: this element does not repeat.")
    return holder, last.name, info_of(None, element)


def _length(holder: Mapping[str, Any], name: str) -> int:
    return max(len(holder.get(name) or ()), len(holder.get(f"_{name}") or ()))


def _copied(value: Value) -> Any:
    return Value("", value.beside, None).json(None)


_DO = {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}
