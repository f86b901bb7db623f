"""The measures of a case, read: what was answered each time, and how each number went on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, col

from services.referrals.case_rows import rows_of
from services.referrals.plan.instruments import INSTRUMENTS, Scale, trend
from services.referrals.tables import Measure, Review
from shared.gathering import Gathered, Gathering, Wanted


@dataclass(frozen=True)
class Point:
    """One number of one day.

    Attributes:
        day: on which the person was asked.
        value: the number.
        band: what it is called, as a code; None where nothing is published.
    """

    day: date
    value: float
    band: str | None


@dataclass(frozen=True)
class Series:
    """How one number went on.

    Attributes:
        instrument: of which measure, by its code.
        scale: which number.
        points: by day, the first one being the baseline.
    """

    instrument: str
    scale: Scale
    points: tuple[Point, ...]

    @property
    def first(self) -> Point:
        """The baseline."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """The newest."""
        return self.points[-1]

    @property
    def change(self) -> float | None:
        """Since the baseline; None where nothing was asked again."""
        if len(self.points) < 2:
            return None
        return round(self.last.value - self.first.value, 2)

    @property
    def trend(self) -> str | None:
        """Which way that is for the person."""
        if self.change is None:
            return None
        return trend(self.scale, self.first.value, self.last.value)


Reviews = Sequence[tuple[Review, Sequence[Measure]]]


PARTS: Mapping[str, Wanted] = {
    "reviews": rows_of(Review, col(Review.day), col(Review.recorded), col(Review.id)).where(
        col(Review.struck).is_(None)
    ),
    "measures": rows_of(Measure),
}
"""What `reviews_in` reads, of a `case`."""

_TOGETHER = Gathering(**PARTS)


def reviews_of(session: Session, case: UUID) -> Reviews:
    """The reviews of a case that count, by day, each with its measures.

    Args:
        session: the caller's.
        case: the case.
    """
    return reviews_in(_TOGETHER.read(session, case=case))


def reviews_in(rows: Gathered) -> Reviews:
    """The same, of what was read: `PARTS`."""
    measures: dict[UUID, list[Measure]] = {}
    for each in rows["measures"]:
        measures.setdefault(each.review, []).append(each)
    order = list(INSTRUMENTS)
    return [
        (row, sorted(measures.get(row.id, ()), key=lambda each: order.index(each.instrument)))
        for row in rows["reviews"]
    ]


def series(reviews: Reviews) -> list[Series]:
    """How each number went on, in the order in which they are asked.

    Args:
        reviews: see `reviews_of`.
    """
    points: dict[tuple[str, str], list[Point]] = {}
    for review, measures in reviews:
        for measure in measures:
            instrument = INSTRUMENTS[measure.instrument]
            scales = {each.code: each for each in instrument.scales}
            for code, value in instrument.values(measure.answers).items():
                point = Point(review.day, float(value), scales[code].band(value))
                points.setdefault((measure.instrument, code), []).append(point)
    return [
        Series(instrument.code, scale, tuple(points[instrument.code, scale.code]))
        for instrument in INSTRUMENTS.values()
        for scale in instrument.scales
        if (instrument.code, scale.code) in points
    ]
