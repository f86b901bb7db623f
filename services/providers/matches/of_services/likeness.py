"""How alike two services of one organisation are, and what says so.

The name counts most; beside it where and when: the same place and the same hour are seldom two
things. Places that are known and are others speak against it, and so, a little, do other times,
which may as well be what one of the sources has wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz

from services.providers import hsds
from services.providers.matches.likeness import Likeness, plain_name
from shared.schedules import DAYS

PROPOSED = 0.75
"""Likeness from which two services are proposed as one."""
NAME, SAME_NAME, PLACE, TIME = 0.6, 0.15, 0.2, 0.2
OTHER_PLACE, OTHER_TIME = 0.2, 0.1
"""What other places, and other times, take away where both services say theirs."""


@dataclass(frozen=True)
class Features:
    """What a service can be known by.

    Attributes:
        id: of the service.
        name: as `plain_name` has it.
        places: postcodes, and the names of rooms without one.
        times: days with their hours: 'Tuesday 10:00'.
    """

    id: UUID
    name: str
    places: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()


def likeness(one: Features, other: Features) -> Likeness:
    """How alike two services of one organisation are."""
    name = fuzz.token_sort_ratio(one.name, other.name) / 100
    evidence = [f"names {name:.0%} alike"]
    score = NAME * name
    if one.name == other.name and " " in one.name:
        score += SAME_NAME
    for mine, theirs, words, same, differs in (
        (one.places, other.places, "place", PLACE, OTHER_PLACE),
        (one.times, other.times, "time", TIME, OTHER_TIME),
    ):
        common = sorted(mine & theirs)
        if common:
            score += same
            evidence.append(f"the same {words} {common[0]}")
        elif mine and theirs:
            score -= differs
    return Likeness(max(0.0, min(0.99, score)), tuple(evidence))


def features(key: UUID, model: hsds.Service) -> Features:
    """What a service can be known by, from its listing."""
    return Features(
        key, plain_name(model.name), frozenset(_places(model)), frozenset(_times(model))
    )


def _places(model: hsds.Service) -> Iterator[str]:
    for at in model.service_at_locations:
        codes = ["".join(each.postal_code.upper().split()) for each in at.location.addresses]
        known = [each for each in codes if each]
        if not known and at.location.name:
            known = [plain_name(at.location.name)]
        yield from known


def _times(model: hsds.Service) -> Iterator[str]:
    below = (each for at in model.service_at_locations for each in at.schedules)
    for each in (*model.schedules, *below):
        if each.byday and each.opens_at:
            for day in each.byday.split(","):
                yield f"{DAYS[re.sub(r'[^A-Z]', '', day)]} {each.opens_at:%H:%M}"
