"""What was found in a text, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What it tells of a person."""

    NAME = "name"
    NAME_OF_SOMEBODY_CLOSE = "name-of-somebody-close"
    ADDRESS = "address"
    POSTCODE = "postcode"
    PHONE = "phone"
    EMAIL = "email"
    BIRTH_DATE = "birth-date"
    NHS_NUMBER = "nhs-number"
    HEALTH = "health"


@dataclass(frozen=True)
class Found:
    """One place in a text.

    Attributes:
        kind: what it tells.
        start: of its first character, counted in characters from 0.
        end: after its last one.
        theirs: whether it is certainly this person's. What only looks like such a thing, or is a
            word of every day too, may stay if the link worker says so.
    """

    kind: Kind
    start: int
    end: int
    theirs: bool


def apart(found: Iterable[Found]) -> list[Found]:
    """What was found, in order; of what lies over each other what is certain, then the longest."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda at: (not at.theirs, at.start - at.end, at.start)):
        if all(each.end <= other.start or other.end <= each.start for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda at: at.start)
