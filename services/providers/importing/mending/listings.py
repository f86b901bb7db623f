"""A record made a listing: held to the shape that every writer's listing has, repaired by rule."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.providers import hsds
from services.providers.importing.mending import rules
from services.providers.importing.mending.given_ids import NESTED
from services.providers.importing.mending.rules import Fault, any_of
from services.providers.importing.reading.records import Said

MOST_REPAIRS = 100
"""Of one record; what needs more is no listing."""

_SINGULAR = {"addresses": "address", "accessibility": "accessibility", "funding": "funding"}
_BRITISH_ISLES = ((49.0, 61.0), (-9.0, 2.5))
"""Latitudes and longitudes between which a point of this directory is looked for."""

Listing = TypeVar("Listing", hsds.Organization, hsds.Service)


@dataclass(frozen=True)
class Repair:
    """What was changed of a record.

    Attributes:
        rule: the code of a declared repair.
        element: where, such as `schedules.0.opens_at`.
        words: what stood there.
    """

    rule: str
    element: str
    words: str


class RecordRefused(Exception):
    """A record that cannot be listed.

    Args:
        element: where.
        words: why.
    """

    def __init__(self, element: str, words: str) -> None:
        super().__init__(words)
        self.element = element
        self.words = words


@dataclass
class _Mending:
    said: Said
    entity: str
    repairs: list[Repair] = field(default_factory=list)
    tried: set[tuple[Any, ...]] = field(default_factory=set)

    def note(self, rule: str, where: tuple[Any, ...], words: str) -> None:
        self.repairs.append(Repair(rule, ".".join(map(str, where)), words))
        if len(self.repairs) > MOST_REPAIRS:
            raise RecordRefused("", "There are too many faults in this record.")


def listing_of(model: type[Listing], entity: str, said: Said) -> tuple[Listing, list[Repair]]:
    """A record as a listing.

    Args:
        model: the shape.
        entity: what it describes.
        said: the record in version 3's shape, with its ids; changed in place.

    Returns:
        The listing, and every repair.

    Raises:
        RecordRefused: it lacks what no rule can give it.
    """
    mending = _Mending(said, entity)
    _unnoticed(mending, entity, said, ())
    _points(mending)
    while True:
        try:
            found = model.model_validate(said)
        except ValidationError as error:
            _mend(mending, error)
            continue
        _markup(mending, found)
        return found, mending.repairs


def _mend(mending: _Mending, error: ValidationError) -> None:
    """Mend what one validation found; items of lists go last: the others keep their place."""
    leaving: list[tuple[Any, ...]] = []
    lacking: dict[tuple[Any, ...], str] = {}
    for each in error.errors(include_url=False, include_input=False):
        where, words = each["loc"], _in_words(each["type"], each["msg"])
        limit = each.get("ctx", {}).get("max_length")
        above = _entity_at(mending.said, where[:-1])
        if not where or isinstance(where[-1], int) or _names(mending, where) in rules.TOGETHER:
            left = _whole(mending, where, each["type"], words)
            leaving += left
            if each["type"] == "missing":
                lacking |= dict.fromkeys(left, str(where[-1]))
        elif not _by_rule(mending, above, where, Fault(each["type"], limit)):
            left = _without(mending, above, where, each["type"], words)
            leaving += left
            lacking |= dict.fromkeys(left, str(where[-1]))
    for where in sorted(set(leaving), key=lambda at: [str(part).zfill(6) for part in at])[::-1]:
        above = _entity_at(mending.said, where[:-1])
        was, what = any_of(above[where[-1]]), lacking.get(where, "what it needs")
        mending.note(rules.LEFT_OUT, where, f"was '{was}': the entity lacks {what}")
        del above[where[-1]]


_BELONGS = {
    "string": "a text",
    "tuple": "a list",
    "float": "a number",
    "int": "a whole number",
    "finite": "a number",
    "date": "a date",
    "time": "a time",
    "model": "an object",
    "uuid": "an id",
}
"""What pydantic's errors of a type miss, by the beginning of their names."""


def _in_words(kind: str, words: str) -> str:
    """Why a value does not fit, for whoever reads the report and knows no patterns."""
    if kind == "missing":
        return "it is not there"
    if kind == "string_too_short":
        return "it is empty"
    if kind == "string_pattern_mismatch":
        return "it is not written as it has to be"
    if kind == "literal_error":
        return words.replace("Input should be", "it has to be")
    belongs = _BELONGS.get(kind.partition("_")[0])
    if kind == "date_from_datetime_inexact":
        return "a date belongs here"
    if belongs is not None and kind.endswith(("_type", "_parsing", "_number", "_from_float")):
        return f"{belongs} belongs here"
    return words.removeprefix("Value error, ").replace("Input should be", "it has to be")


def _by_rule(mending: _Mending, above: Any, where: tuple[Any, ...], fault: Fault) -> bool:
    name = where[-1]
    if not isinstance(above, dict):
        return False
    if fault.kind == "missing" and mending.entity == "service" and name == "description":
        return False
    for rule in rules.RULES:
        attempt = (rule.code, *where)
        if attempt in mending.tried or (rule.elements and name not in rule.elements):
            continue
        if fault.kind != "missing" and name not in above:
            continue
        was = above.get(name)
        if rule.mend(above, name, fault):
            mending.tried.add(attempt)
            mending.note(rule.code, where, "absent" if was is None else f"was '{any_of(was)}'")
            return True
    return False


def _without(
    mending: _Mending, above: Any, where: tuple[Any, ...], kind: str, words: str
) -> list[tuple[Any, ...]]:
    """Leave out a member that no rule mends; or the entity that cannot be without it."""
    missing = kind == "missing"
    if not missing and isinstance(above, dict) and where[-1] in above and not _needed(where):
        mending.note(rules.LEFT_OUT, where, f"was '{any_of(above.pop(where[-1]))}': {words}")
        return []
    if len(where) == 1:
        raise RecordRefused(str(where[0]), words)
    if not missing and isinstance(above, dict) and where[-1] in above:
        del above[where[-1]]
        return []
    return [_item(where)]


def _needed(where: tuple[Any, ...]) -> bool:
    """Whether a record of that kind is nothing without it, or would say something else."""
    return len(where) == 1 and where[0] in ("id", "name", "organization_id", "status")


def _whole(
    mending: _Mending, where: tuple[Any, ...], kind: str, words: str
) -> list[tuple[Any, ...]]:
    """What an entity as a whole is faulted for: members that contradict each other, or that it is
    none at all."""
    entity = _entity_at(mending.said, where)
    members = rules.TOGETHER.get(_names(mending, where), ())
    if kind == "value_error" and isinstance(entity, dict) and not members:
        raise RecordRefused(".".join(map(str, where)), words)
    there = [name for name in members if isinstance(entity, dict) and name in entity]
    if there:
        for name in there:
            mending.note(rules.APART, (*where, name), f"was '{any_of(entity.pop(name))}': {words}")
        return []
    if not where:
        raise RecordRefused("", words)
    return [_item(where)]


def _item(where: tuple[Any, ...]) -> tuple[Any, ...]:
    """The innermost item of a list to which a place belongs; else the member of the record."""
    for length in range(len(where) - 1, 0, -1):
        if isinstance(where[length - 1], int):
            return where[:length]
    return where[:1] if not isinstance(where[-1], int) else where


def _names(mending: _Mending, where: tuple[Any, ...]) -> str:
    """The kind of entity that stands at a place."""
    if not where:
        return mending.entity
    name = str(where[-2] if isinstance(where[-1], int) and len(where) > 1 else where[-1])
    return _SINGULAR.get(name, name.removesuffix("s"))


def _entity_at(said: Any, where: tuple[Any, ...]) -> Any:
    found = said
    for part in where:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _unnoticed(mending: _Mending, entity: str, said: Said, where: tuple[Any, ...]) -> None:
    """What no shape refuses and is wrong all the same: an entity instead of a list of them, whose
    members would be taken for items; an e-mail address written as a link."""
    email = said.get("email")
    if isinstance(email, str) and email.lower().startswith("mailto:"):
        said["email"] = email[len("mailto:") :].partition("?")[0]
        mending.note("e-mail-address", (*where, "email"), f"was '{any_of(email)}'")
    for member, child in NESTED.get(entity, {}).items():
        value = said.get(member)
        if isinstance(value, dict) and member != "location":
            mending.note(rules.ALONE, (*where, member), "was one entity")
            value = said[member] = [value]
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for number, each in items:
            if isinstance(each, dict):
                at = (member,) if number is None else (member, number)
                _unnoticed(mending, child, each, (*where, *at))


def _points(mending: _Mending) -> None:
    """Coordinates that are no fault of form and cannot be: swapped, or 0,0."""
    places = mending.said.get("service_at_locations")
    for number, at in enumerate(places if isinstance(places, list) else ()):
        location = at.get("location") if isinstance(at, dict) else None
        if not isinstance(location, dict):
            continue
        where = ("service_at_locations", number, "location")
        try:
            latitude, longitude = float(location["latitude"]), float(location["longitude"])
        except (KeyError, TypeError, ValueError):
            continue
        if latitude == longitude == 0:
            del location["latitude"], location["longitude"]
            mending.note("point", where, "was '0,0'")
        elif not _is_near(latitude, longitude) and _is_near(longitude, latitude):
            location["latitude"], location["longitude"] = longitude, latitude
            mending.note("point", where, f"was '{latitude},{longitude}'")


def _is_near(latitude: float, longitude: float) -> bool:
    (south, north), (west, east) = _BRITISH_ISLES
    return south <= latitude <= north and west <= longitude <= east


def _markup(mending: _Mending, found: BaseModel) -> None:
    for name, value in found:
        was = mending.said.get(name)
        if isinstance(was, str) and "<" in was and value != was:
            mending.note(rules.MARKUP, (name,), f"had markup: '{any_of(was)}'")
