"""One thing that a source said, as it said it."""

import re
from dataclasses import dataclass
from typing import Any, Literal

Entity = Literal["taxonomy", "taxonomy_term", "organization", "service"]
"""What records describe, in the order in which they are taken: each stands on those before."""

Said = dict[str, Any]
"""A record as parsed, in its source's own shape."""


@dataclass(frozen=True)
class Record:
    """A record of a source.

    Attributes:
        entity: what it describes.
        said: as parsed.
    """

    entity: Entity
    said: Said


@dataclass(frozen=True)
class Unreadable:
    """A part of a source that is no record; the rest of it can be read.

    Attributes:
        place: where, such as `line 12`.
        words: why.
        entity: of what it would have been a record, where that is known.
        given: its id, likewise: what is in a feed has not vanished from it.
    """

    place: str
    words: str
    entity: Entity | None = None
    given: str | None = None


class SourceBroken(Exception):
    """Nothing more can be read from the source.

    Args:
        words: where and why, for people.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def whole_number(value: Any) -> int | None:
    """A number that somebody else counted, also one that is written as text; None for all else:
    '²' and a thousand nines are digits to Python, and no number, or none that it takes.
    """
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**18 else None


_WHOLE = re.compile(r"\d{1,18}", re.ASCII)


def entity_of(said: Said) -> Entity:
    """What a record describes that stands alone: HSDS writes no type into it.

    A service names its organisation or has what only services have. A taxonomy has a version, its
    terms are of one. Else it is an organisation.
    """
    if not said.keys().isdisjoint(_OF_SERVICES):
        return "service"
    if not said.keys().isdisjoint(_OF_TERMS) or ("taxonomy_id" in said and "name" in said):
        return "taxonomy_term"
    if "taxonomy_terms" in said or {"uri", "version"} <= said.keys():
        return "taxonomy"
    return "organization"


_OF_SERVICES = frozenset(
    "organization_id organization organisation status fees schedules regular_schedules"
    " service_at_locations service_areas cost_options service_taxonomys eligibilitys"
    " minimum_age maximum_age assured_date application_process".split()
)
_OF_TERMS = frozenset("vocabulary taxonomy_detail term_uri".split())


def belongs_elsewhere(said: Said) -> str | None:
    """Why a record is no listing, where it is of a part of one: taken for an organisation or a
    service it would be refused for what it does not lack, or listed as what it is not.
    """
    if isinstance(said.get("service"), dict) and "location" in said:
        return "This is a service at a location: its service is what can be imported."
    placed = "location_type" in said or {"latitude", "longitude"} <= said.keys()
    if placed and said.keys().isdisjoint(_OF_NO_PLACE):
        return "This is a location: it is imported with the service that is there."
    return None


_OF_NO_PLACE = frozenset(
    "status organization organisation services service_at_locations website email"
    " legal_status".split()
)
"""Some feeds write a point into a service or an organisation; what has these is one."""
