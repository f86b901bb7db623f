"""Outcome measures: what they ask, how they are scored and what a score is called. Pure, no I/O.

Only links and ranges stand here, never a question's wording: that of SWEMWBS is licensed, and those
of the others belong to the pages. No score decides anything about one person (care 19).

Sources: the ONS's four measures of personal well-being and their thresholds ("Personal well-being
user guidance", Office for National Statistics, Open Government Licence); UCLA three-item loneliness
scale and the direct question, as the ONS recommends both ("Measuring loneliness: guidance for use
of the national indicators on surveys"); SWEMWBS's conversion and bands (Stewart-Brown 2009, Ng Fat
2017).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Better = Literal["higher", "lower"]

NOT_ASKED = ("did-not-want-to", "not-the-right-time", "not-possible", "no-time", "other")
"""Why nobody asked; as good an answer as a number (care 19)."""


@dataclass(frozen=True)
class Scale:
    """One number that is looked at over time: an answer, or what several answers sum to.

    Attributes:
        code: within its instrument.
        low: the smallest.
        high: the largest.
        better: which way is better for the person.
        bands: what a number is called, as (largest number of the band, code), rising; none where
            none is published.
    """

    code: str
    low: int
    high: int
    better: Better
    bands: tuple[tuple[Decimal, str], ...] = ()

    def band(self, value: Decimal) -> str | None:
        """What a number is called."""
        return next((code for most, code in self.bands if value <= most), None)


@dataclass(frozen=True)
class Instrument:
    """One measure.

    Attributes:
        code: of the measure.
        items: what is asked, each with its range.
        total: what the items sum to; None where each stands for itself and none is summed.
        metric: what a total is converted to; None where it stands as it is.
    """

    code: str
    items: tuple[Scale, ...]
    total: Scale | None = None
    metric: Mapping[int, Decimal] | None = None

    @property
    def scales(self) -> tuple[Scale, ...]:
        """The numbers that are looked at over time."""
        return (self.total,) if self.total else self.items

    def missing(self, answers: Mapping[str, int]) -> list[str]:
        """The items that were not answered."""
        return [item.code for item in self.items if item.code not in answers]

    def values(self, answers: Mapping[str, int]) -> dict[str, Decimal]:
        """By scale the number that answers give; what is summed needs all of its items.

        Args:
            answers: by item; they lie within the items' ranges.
        """
        if self.total is None:
            return {code: Decimal(value) for code, value in answers.items()}
        if self.missing(answers):
            return {}
        total = sum(answers.values())
        return {self.total.code: self.metric[total] if self.metric else Decimal(total)}


def _bands(**most: str) -> tuple[tuple[Decimal, str], ...]:
    return tuple((Decimal(value), code.replace("_", "-")) for code, value in most.items())


_WELL = _bands(low="4", medium="6", high="8", very_high="10")
_ANXIOUS = _bands(very_low="1", low="3", medium="5", high="10")

_METRIC = (
    "7.00 9.51 11.25 12.40 13.33 14.08 14.75 15.32 15.84 16.36 16.88 17.43 17.98 18.59 19.25 19.98"
    " 20.73 21.54 22.35 23.21 24.11 25.03 26.02 27.03 28.13 29.31 30.70 32.55 35.00"
)

ONS4 = Instrument(
    "ons4",
    (
        Scale("satisfied", 0, 10, "higher", _WELL),
        Scale("worthwhile", 0, 10, "higher", _WELL),
        Scale("happy", 0, 10, "higher", _WELL),
        Scale("anxious", 0, 10, "lower", _ANXIOUS),
    ),
)
"""Four questions that are told one by one and never summed; of the last one less is better."""

UCLA3 = Instrument(
    "ucla3",
    (
        Scale("companionship", 1, 3, "lower"),
        Scale("left-out", 1, 3, "lower"),
        Scale("isolated", 1, 3, "lower"),
    ),
    Scale("loneliness", 3, 9, "lower", _bands(not_lonely="5", lonely="9")),
)
"""Hardly ever or never is 1, some of the time 2, often 3."""

LONELY = Instrument("lonely", (Scale("often", 1, 5, "lower"),))
"""The ONS's direct question: never is 1, hardly ever 2, occasionally 3, some of the time 4, often
or always 5. The ONS publishes no bands of it."""

SWEMWBS = Instrument(
    "swemwbs",
    (Scale("raw", 7, 35, "higher"),),
    Scale("metric", 7, 35, "higher", _bands(low="19.5", medium="27.4", high="35")),
    {raw: Decimal(metric) for raw, metric in enumerate(_METRIC.split(), start=7)},
)
"""By its raw total alone: whoever asks has the licensed form."""

INSTRUMENTS: Mapping[str, Instrument] = {each.code: each for each in (ONS4, UCLA3, LONELY, SWEMWBS)}
"""By code, in the order in which they are asked."""


def trend(scale: Scale, first: float, last: float) -> Literal["better", "worse", "same"]:
    """Which way a number went, for the person.

    Args:
        scale: of the number.
        first: what it was.
        last: what it is.
    """
    if first == last:
        return "same"
    return "better" if (last > first) == (scale.better == "higher") else "worse"


def faults(instrument: Instrument, answers: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """What is wrong with answers, as (item, words).

    Args:
        instrument: the measure.
        answers: by item.
    """
    items = {item.code: item for item in instrument.items}
    found = []
    for code, value in answers.items():
        item = items.get(code)
        if item is None:
            found.append((code, f"There is no such item; there are: {', '.join(items)}."))
        elif not item.low <= value <= item.high:
            found.append((code, f"Must be a whole number from {item.low} to {item.high}."))
    return found
