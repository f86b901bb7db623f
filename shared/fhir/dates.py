"""FHIR dates of any precision as spans of time, so that 2026-03 and 2026-03-01T09:30Z compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})"
    r"(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
#: How far a date without a zone may reach beyond the same date in UTC, over all zones on earth.
_EARLIEST = 14 * _HOUR
_LATEST = 12 * _HOUR


@dataclass(frozen=True, slots=True)
class Span:
    """[low, high) in microseconds since the year 1, in UTC, or in local time where ``local``."""

    low: int
    high: int
    local: bool

    def widened(self) -> Span:
        """This span in UTC, as wide as any zone could make it where the zone is not known."""
        if not self.local:
            return self
        return Span(self.low - _EARLIEST, self.high + _LATEST, False)


def span(text: str) -> Span | None:
    """The time that a FHIR date, dateTime or instant covers; None where it is no real date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1)).toordinal()
    except ValueError:
        return None
    if hour is None:
        return Span(first * _DAY, _day_after(int(year), month, first, day) * _DAY, True)
    start = first * _DAY + int(hour) * _HOUR + int(minute) * 60 * _SECOND + int(second) * _SECOND
    width = _SECOND
    if fraction:
        start += int((fraction + "000000")[:6])
        width = max(10 ** (6 - len(fraction)) if len(fraction) < 7 else 1, 1)
    if zone is None:
        return Span(start, start + width, True)
    start -= _offset(zone)
    return Span(start, start + width, False)


def surely_after(one: str, other: str) -> bool:
    """Whether ``one`` lies wholly after ``other``, whatever the parts that were not given.

    Two dates without a zone are of the same place. A date against a time with a zone is after it
    only where it would be in every zone: what could be right is not refused.
    """
    first, second = span(one), span(other)
    if first is None or second is None:
        return False
    if first.local != second.local:
        first, second = first.widened(), second.widened()
    return first.low >= second.high


def _day_after(year: int, month: str | None, first: int, day: str | None) -> int:
    """The ordinal of the day after a year, a month or a day, past the last year of all too."""
    if day is not None:
        return first + 1
    if month is None:
        return date(year, 12, 31).toordinal() + 1
    if month == "12":
        return first + 31
    return date(year, int(month) + 1, 1).toordinal()


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    size = int(zone[1:3]) * _HOUR + int(zone[4:6]) * 60 * _SECOND
    return size if zone[0] == "+" else -size
