"""The declared table of what counts how much, so that a ranking can be told and repeated."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Travel:
    """A way of getting there: metres of road in a minute, and the minutes that are usual."""

    pace: float
    minutes: float


@dataclass(frozen=True)
class Weights:
    """The table of `weights.toml`.

    Attributes:
        version: the table's version and the first digits of its SHA-256.
        unknown: what an answer that nobody knows counts.
        remote: what it counts that nobody has to go anywhere.
        half_way: metres after which nearness counts half.
        nearest: how many of the nearest places are weighed first.
        of: each thing's weight.
        room: what each state of capacity counts.
        words: how a person's own words are weighed.
        passed_over: words that full text passes over.
        travel: ways of getting there.
        detour: how much longer a road is than a straight line.
    """

    version: str
    unknown: float
    remote: float
    half_way: float
    nearest: int
    of: Mapping[str, float]
    room: Mapping[str, float]
    words: Mapping[str, float]
    passed_over: frozenset[str]
    travel: Mapping[str, Travel]
    detour: float

    def reach(self, by: str, minutes: float | None) -> float:
        """How far, in a straight line, one gets in so many minutes, or in as many as are usual."""
        way = self.travel[by]
        return way.pace * (way.minutes if minutes is None else minutes) / self.detour

    def minutes(self, by: str, metres: float) -> float:
        """How long it takes to a place so many metres away in a straight line."""
        return metres * self.detour / self.travel[by].pace


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The table that comes with this version of Kersey."""
    content = files(__package__).joinpath("weights.toml").read_bytes()
    said = tomllib.loads(content.decode())
    words = dict(said["words"])
    passed_over = frozenset(words.pop("passed_over").split())
    travel = dict(said["travel"])
    detour = travel.pop("detour")
    return Weights(
        version=f"{said['version']}-{hashlib.sha256(content).hexdigest()[:8]}",
        unknown=said["unknown"],
        remote=said["remote"],
        half_way=said["half_way"],
        nearest=said["nearest"],
        of=said["weights"],
        room=said["room"],
        words=words,
        passed_over=passed_over,
        travel={by: Travel(**way) for by, way in travel.items()},
        detour=detour,
    )
