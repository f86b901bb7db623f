"""Working days: limits that people have to keep pause at weekends and on bank holidays (care 4)."""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

SATURDAY = 5
"""As `date.weekday` counts."""

LONGEST_CLOSED = 366
"""Days without a working day, after which closing days count as others do: a limit always ends."""


@dataclass(frozen=True)
class WorkingDays:
    """The working days of a place.

    Attributes:
        zone: whose midnight ends a day.
        country: ISO 3166.
        part: of the country, as `holidays` names it: bank holidays differ within the UK.
        closed: further days on which nobody is there (`closing_days`).
    """

    zone: ZoneInfo
    country: str = "GB"
    part: str = "ENG"
    closed: Container[date] = field(default_factory=frozenset)

    def is_one(self, day: date) -> bool:
        """Whether people work on a day."""
        return self._is_due(day) and day not in self.closed

    def without(self, closed: Container[date]) -> "WorkingDays":
        """The same place's working days, for somebody who is closed on further days."""
        return replace(self, closed=closed)

    def after(self, start: datetime, days: int) -> datetime:
        """The same time of day, so many working days later; a day off counts from the next one.

        Args:
            start: when the limit begins.
            days: how many, at least 0.
        """
        return self._moved(start, days, timedelta(days=1))

    def before(self, end: datetime, days: int) -> datetime:
        """The moment of which `end` is so many working days after: what began then is due now.

        Args:
            end: when the limit ends.
            days: how many, at least 0.
        """
        return self._moved(end, days, timedelta(days=-1))

    def left(self, now: datetime, end: datetime) -> int:
        """How many working days there are from tomorrow to the day on which a limit ends.

        Args:
            now: the moment.
            end: when it ends; 0 where that is today, or was.
        """
        day, last = now.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        return sum(
            self.is_one(day + timedelta(days=each)) for each in range(1, (last - day).days + 1)
        )

    def _moved(self, moment: datetime, days: int, step: timedelta) -> datetime:
        local = moment.astimezone(self.zone)
        day, left, closed = local.date(), days, 0
        while left:
            day += step
            works = self.is_one(day) or (closed >= LONGEST_CLOSED and self._is_due(day))
            closed = 0 if self.is_one(day) else closed + 1
            left -= works
        return datetime.combine(day, local.time(), self.zone)

    def _is_due(self, day: date) -> bool:
        """Whether a day would be a working day but for what is closed."""
        return day.weekday() < SATURDAY and day not in self._holidays

    @property
    def _holidays(self) -> Container[date]:
        return _bank_holidays(self.country, self.part)


@cache
def _bank_holidays(country: str, part: str) -> Container[date]:
    # It works out each year when it is first asked about a day of it.
    found: Container[date] = country_holidays(country, subdiv=part)
    return found
