"""Where a FHIRPath of a patch leads: not to values, as an evaluation would give, but to places.

A place can be written to. So the steps of a path are walked here, and what a step asks of an
element, the criteria of ``where``, is FHIRPath for fhirpathrs to evaluate. R4's fhirpatch.html
wants elements of the resource itself; whatever computes a new value leads to no place, and is
refused when the path is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import fhirpathrs

from shared.fhir.elements import Element, TypeInfo
from shared.fhir.invariants import kept
from shared.fhir.model import is_resource_type, type_info
from shared.fhir.outcome import too_large

MOST_CHARACTERS = 1000
"""Of one path."""
MOST_LOOKED_AT = 100_000
"""Values that all paths of one patch may look at while the row is locked: a third of a second."""

ANY_RESOURCE = ("Resource", "DomainResource")
"""How a path may begin beside the type itself."""

#: What criteria may call: nothing whose cost grows faster than the element that it is asked of.
_ASKABLE = frozenset(
    "all as contains count empty endsWith exists extension first hasValue is last lower length not"
    " ofType single startsWith upper where".split()
)
_NAME = re.compile(r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|`(?P<quoted>[A-Za-z0-9_]+)`)")
_INDEX = re.compile(r"\s*\[\s*(\d{1,6})\s*\]")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_TYPES = re.compile(r"(?:FHIR\.)?([A-Za-z][A-Za-z0-9]*)")
_CAST = re.compile(rf"(?P<path>.+)\s+as\s+{_TYPES.pattern}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Child:
    """Into an element by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Range:
    """Some of what was found so far, by position."""

    pick: slice


@dataclass(frozen=True, slots=True)
class Where:
    """Those of which the criteria are true."""

    criteria: str


@dataclass(frozen=True, slots=True)
class OfType:
    """Those of a choice element that are of one type."""

    name: str


Step = Child | Range | Where | OfType


@dataclass(slots=True)
class Place:
    """Where one element stands: a member of an object, or one of a list there.

    ``index`` is None where it is no list's. The resource itself stands nowhere: its ``holder`` is
    None.
    """

    holder: dict[str, Any] | None
    name: str
    index: int | None
    element: Element | None
    value: Any

    @property
    def info(self) -> TypeInfo | None:
        """What R4 says of the elements inside."""
        return info_of(self.value, self.element)

    @property
    def inside(self) -> dict[str, Any] | None:
        """The object to add to: of a primitive, the one beside it that holds its extensions."""
        if isinstance(self.value, dict):
            return self.value
        if self.holder is None:
            return None
        beside = f"_{self.name}"
        if self.index is None:
            found = self.holder.setdefault(beside, {})
            return found if isinstance(found, dict) else None
        row = self.holder.setdefault(beside, [])
        row += [None] * (len(self.holder[self.name]) - len(row))
        row[self.index] = row[self.index] or {}
        inner: dict[str, Any] = row[self.index]
        return inner


@dataclass(slots=True)
class Walk:
    """One application of one patch to a resource; it counts what it looks at."""

    resource: dict[str, Any]
    looked_at: int = field(default=0)

    def find(self, steps: Sequence[Step]) -> list[Place]:
        """The places that a path leads to."""
        here = [Place(None, "", None, None, self.resource)]
        for number, step in enumerate(steps):
            self.looked_at += len(here)
            if isinstance(step, Where):  # its criteria may look at all that is inside
                self.looked_at += sum(_size(place.value) for place in here)
            if self.looked_at > MOST_LOOKED_AT:
                raise too_large(
                    f"The paths of this patch look at more than {MOST_LOOKED_AT:,} values."
                )
            here = self._stepped(here, step, first=number == 0)
        return here

    def _stepped(self, here: list[Place], step: Step, *, first: bool) -> list[Place]:
        match step:
            case Child(name):
                if first and name in (self.resource.get("resourceType"), *ANY_RESOURCE):
                    return here
                return [found for place in here for found in _children(place, name)]
            case Range(pick):
                return here[pick]
            case Where(criteria):
                return [place for place in here if _is_true(criteria, place.value)]
            case OfType(name):
                return [place for place in here if _is_of_type(place, name)]


def info_of(value: Any, element: Element | None) -> TypeInfo | None:
    """What R4 says of the elements inside a value, which may be a resource of its own."""
    if element is not None and element.type is not None and element.primitive is None:
        return element.type
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return type_info(kind) if isinstance(kind, str) and is_resource_type(kind) else None


def choice_of(info: TypeInfo | None, name: str) -> tuple[str, ...]:
    """The names in JSON of a choice element (``value[x]``); none where it is no choice."""
    groups = info.choices if info is not None else ()
    return next((names for group, names, _ in groups if group == name), ())


def read_path(text: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        ValueError: saying in words what is wrong with it.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"a path has at most {MOST_CHARACTERS} characters")
    return tuple(_steps(text.strip()))


def _steps(text: str) -> Iterator[Step]:
    at = 0
    while True:
        if at == 0 and text.startswith("("):
            end = _closing(text, at)
            yield from _in_parentheses(text[1:end].strip())
            at = end + 1
        elif (name := _NAME.match(text, at)) is None:
            raise ValueError("it is no path to an element")
        elif text[name.end() : name.end() + 1] == "(":
            end = _closing(text, name.end())
            yield from _function(name["name"] or "", text[name.end() + 1 : end].strip())
            at = end + 1
        else:
            yield Child(name["name"] or name["quoted"])
            at = name.end()
        while index := _INDEX.match(text, at):
            yield _position(int(index[1]))
            at = index.end()
        rest = text[at:].lstrip()
        if not rest:
            return
        if not rest.startswith("."):
            raise ValueError("it is no path to an element: names, indexes and functions, with dots")
        at = len(text) - len(rest) + 1


def _in_parentheses(text: str) -> Iterator[Step]:
    """The start of a path that stands by itself; mostly a choice element seen as one type."""
    if text.startswith("("):
        raise ValueError("one pair of parentheses is enough")
    cast = _CAST.fullmatch(text)
    yield from _steps(cast["path"] if cast else text)
    if cast:
        yield OfType(cast[2])


def _closing(text: str, opening: int) -> int:
    """Where the parenthesis ends that opens there; what is quoted does not count."""
    depth, at = 0, opening
    while at < len(text):
        if text[at] == "'":
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                break
            at = quoted.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise ValueError("a parenthesis or a quotation in it is not closed")


def _position(index: int) -> Range:
    return Range(slice(index, index + 1))


def _function(name: str, argument: str) -> tuple[Step, ...]:
    fixed = {"first": slice(0, 1), "last": slice(-1, None), "tail": slice(1, None)}
    if name in fixed and not argument:
        return (Range(fixed[name]),)
    if name in ("skip", "take") and re.fullmatch(r"\d{1,6}", argument):
        number = int(argument)
        return (Range(slice(number, None) if name == "skip" else slice(0, number)),)
    if name == "where":
        return (Where(_criteria(argument)),)
    if name in ("ofType", "as") and (kind := _TYPES.fullmatch(argument)):
        return (OfType(kind[1]),)
    if name == "extension" and _QUOTED.fullmatch(argument):
        return (Child(name), Where(_criteria(f"url = {argument}")))
    raise ValueError(
        "of functions it may have where(), ofType(), as(), extension(), first(), last(), tail(),"
        " skip() and take()"
    )


def _criteria(text: str) -> str:
    bare = _QUOTED.sub("''", text)
    called = {found[1] for found in _CALL.finditer(bare)}
    if called - _ASKABLE or "%" in bare or "|" in bare:
        raise ValueError(f"where() asks of the element itself, by {', '.join(sorted(_ASKABLE))}")
    try:
        fhirpathrs.evaluate(text, {}, {})
    except ValueError as error:
        raise ValueError("what where() holds is no FHIRPath") from error
    except (RuntimeError, TypeError):
        pass  # it is FHIRPath, and means nothing of an empty object
    return text


def _children(place: Place, name: str) -> Iterator[Place]:
    value, info = place.value, place.info
    if name == "extension" and not isinstance(value, dict) and place.holder is not None:
        value, info = _beside(place), type_info("Element")
    if not isinstance(value, dict):
        return
    for each in (name, *choice_of(info, name)):
        element = info.elements.get(each) if info is not None else None
        found, beside = value.get(each), value.get(f"_{each}")
        if isinstance(found, list) or isinstance(beside, list):
            length = max(len(x) for x in (found, beside) if isinstance(x, list))
            rows = list(found) if isinstance(found, list) else []
            rows += [None] * (length - len(rows))
            yield from (Place(value, each, n, element, row) for n, row in enumerate(rows))
        elif found is not None or beside is not None:
            yield Place(value, each, None, element, found)


def _beside(place: Place) -> Any:
    """What holds a primitive's extensions, if there is any."""
    assert place.holder is not None
    found = place.holder.get(f"_{place.name}")
    if place.index is None:
        return found
    return found[place.index] if isinstance(found, list) and place.index < len(found) else None


def _size(value: Any) -> int:
    """How many values there are in one, itself among them."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_size, value))
    return 1


def _is_true(criteria: str, value: Any) -> bool:
    if isinstance(value, dict):
        return kept(criteria, value)
    try:
        return fhirpathrs.evaluate(criteria, value, {}) is True
    except (RuntimeError, TypeError, ValueError):
        return False


def _is_of_type(place: Place, name: str) -> bool:
    if place.element is None:
        return isinstance(place.value, dict) and place.value.get("resourceType") == name
    kind = place.element.primitive
    if kind is None:
        info = place.info
        kind = info.path if info is not None else ""
    return kind == name
