"""One thing that a source said, as it said it."""

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


def entity_of(said: Said) -> Entity:
    """What a record describes that stands alone: HSDS writes no type into it.

    A service names its organisation or has what only services have; else it is an organisation.
    """
    if not said.keys().isdisjoint(_OF_SERVICES):
        return "service"
    if "vocabulary" in said or ("taxonomy_id" in said and "name" in said):
        return "taxonomy_term"
    return "organization"


_OF_SERVICES = frozenset(
    "organization_id organization organisation status fees schedules regular_schedules"
    " service_at_locations service_areas cost_options service_taxonomys eligibilitys"
    " minimum_age maximum_age assured_date application_process".split()
)
