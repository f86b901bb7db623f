"""The labelled statements, and the two figures by which a ranking is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import log2

BEST, GOOD = 2, 1
"""The gain of a service that fits best, and of one that fits too."""


@dataclass(frozen=True)
class Labelled:
    """A statement, and what each service that fits it is worth, by name."""

    words: str
    gains: dict[str, int]
    held_out: bool


def statements() -> list[Labelled]:
    """All of them; every second one is held out."""
    text = files(__package__).joinpath("statements.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [_labelled(line, held_out=number % 2 == 1) for number, line in enumerate(lines)]


def _labelled(line: str, *, held_out: bool) -> Labelled:
    words, best, good = (part.strip() for part in line.split("|"))
    gains = dict.fromkeys(_names(good), GOOD) | dict.fromkeys(_names(best), BEST)
    return Labelled(words, gains, held_out)


def _names(part: str) -> list[str]:
    return [name.strip() for name in part.split(";") if name.strip()]


def recall(found: Sequence[str], wanted: Labelled, first: int = 5) -> float:
    """What part of all that fits stands among the first."""
    return len(wanted.gains.keys() & set(found[:first])) / len(wanted.gains)


def ndcg(found: Sequence[str], wanted: Labelled, first: int = 10) -> float:
    """The discounted gain of the first, over the most that could be had (Järvelin and Kekäläinen,
    ACM TOIS 20(4), 2002, with the discount log2(rank + 1)).
    """
    had = _discounted([wanted.gains.get(name, 0) for name in found[:first]])
    return had / _discounted(sorted(wanted.gains.values(), reverse=True)[:first])


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(place + 2) for place, gain in enumerate(gains))
