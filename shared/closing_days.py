"""Days on which a provider is closed: once, or every year between the same days (care 4).

The directory keeps them and tells them with a provider's public listing, under `kersey.closed`;
whoever counts working days reads them here, so that all count alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class Closing(BaseModel):
    """A time in which nobody is there.

    Attributes:
        starts: the first day.
        ends: the last day, which counts.
        every_year: whether it comes again each year, between the same days.
        why: for whoever reads the listing, such as `Christmas`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    starts: date
    ends: date
    every_year: bool = False
    why: str = ""

    def times(self, around: date) -> Iterable[tuple[date, date]]:
        """First and last day of each time that may hold a day or come within a year of it.

        Args:
            around: the day.
        """
        if not self.every_year:
            yield self.starts, self.ends
            return
        long = self.ends - self.starts
        for year in range(max(self.starts.year, around.year - 1), around.year + 2):
            first = _in_year(self.starts, year)
            yield first, first + long


@dataclass(frozen=True)
class ClosedDays:
    """The days of several closings: what `WorkingDays` leaves out.

    Attributes:
        closings: them.
    """

    closings: tuple[Closing, ...] = ()

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and any(
            first <= day <= last for each in self.closings for first, last in each.times(day)
        )

    def coming(self, today: date, within: timedelta) -> list[tuple[date, date, str]]:
        """First day, last day and reason of what holds a day or begins soon after it, in order.

        Args:
            today: the day.
            within: how soon.
        """
        return sorted(
            (first, last, each.why)
            for each in self.closings
            for first, last in each.times(today)
            if last >= today and first <= today + within
        )


def closed_days(listing: Mapping[str, Any]) -> ClosedDays:
    """The closing days that a provider's public listing names.

    What another directory writes there in its own way is passed over: a limit is then as long as
    for everybody.
    """
    own = listing.get("kersey")
    said = own.get("closed") if isinstance(own, Mapping) else None
    return read(said)


def read(said: object) -> ClosedDays:
    """Closing days from JSON; none where they are not such."""
    found = []
    for each in said if isinstance(said, list) else ():
        try:
            closing = Closing.model_validate(each)
        except ValidationError:
            continue
        if closing.starts <= closing.ends:
            found.append(closing)
    return ClosedDays(tuple(found))


def _in_year(day: date, year: int) -> date:
    """The same day of another year; 29 February is 1 March where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
