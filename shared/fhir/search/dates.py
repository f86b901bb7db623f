"""FHIR dates as half-open ranges of instants (FHIR R4 search.html, section date).

``2024-01`` is the whole of January: [low, high). A date without zone means the deployment's zone.
Bounds are text that PostgreSQL reads as timestamptz, because open periods end at ``infinity``,
which Python's datetime cannot hold; ISO text in UTC with one width also sorts as time does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

BEGINNING = "-infinity"
END = "infinity"

_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d\d:[0-5]\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Range:
    """[low, high) as timestamptz text; ``-infinity`` and ``infinity`` where it is open."""

    low: str
    high: str


def bound(moment: datetime) -> str:
    """An aware instant as timestamptz text of fixed width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def instant_text(moment: datetime) -> str:
    """An aware instant as a FHIR instant: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_range(text: str, zone: ZoneInfo) -> Range:
    """The range that a date, dateTime or instant stands for, by the precision it was given with.

    Raises:
        ValueError: it is not a FHIR date or not a day of the calendar.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a FHIR date")
    parts = match.groupdict()
    month, day = int(parts["month"] or 1), int(parts["day"] or 1)
    # A leap second is a legal instant that datetime cannot hold: it counts as the last second.
    second = min(int(parts["second"] or 0), 59)
    micros = int(((parts["fraction"] or "") + "000000")[:6])
    low = datetime(
        int(parts["year"]),
        month,
        day,
        int(parts["hour"] or 0),
        int(parts["minute"] or 0),
        second,
        micros,
        tzinfo=_zone(parts["zone"], zone),
    )
    return Range(_bound_or(low, BEGINNING), _bound_or(_next(low, parts), END))


def ranges(value: Any, datatype: str, zone: ZoneInfo) -> Iterator[Range]:
    """The ranges of one element's value: a date, a Period, or a Timing's outer bounds.

    What is not a date is passed over: validation has refused it or chose not to look.
    """
    try:
        if isinstance(value, str):
            yield parse_range(value, zone)
        elif datatype == "Period" and isinstance(value, dict):
            yield _period(value, zone)
        elif datatype == "Timing" and isinstance(value, dict):
            yield from _timing(value, zone)
    except ValueError:
        return


def _zone(text: str | None, default: ZoneInfo) -> Any:
    if text is None:
        return default
    if text == "Z":
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-away if text[0] == "-" else away)


def _next(low: datetime, parts: dict[str, str | None]) -> datetime | None:
    """The instant after the last one that the given precision covers; None beyond the calendar."""
    try:
        if parts["month"] is None:
            return low.replace(year=low.year + 1)
        if parts["day"] is None:
            first_of_next = low.replace(day=28) + timedelta(days=4)
            return first_of_next.replace(day=1)
        if parts["hour"] is None:
            # Wall-clock arithmetic: a day lasts 23 or 25 hours where the clocks change.
            return low + timedelta(days=1)
        return (low.astimezone(UTC)) + _width(parts)
    except (OverflowError, ValueError):
        return None


def _width(parts: dict[str, str | None]) -> timedelta:
    if parts["second"] is None:
        return timedelta(minutes=1)
    if parts["fraction"] is None:
        return timedelta(seconds=1)
    # A fraction is part of a decimal number of seconds: .5 and .500 are one moment (FHIRPath,
    # DateTime), which is a millisecond wide, or less where more of its digits are given.
    return timedelta(microseconds=10 ** max(0, 6 - max(3, len(parts["fraction"]))))


def _bound_or(moment: datetime | None, otherwise: str) -> str:
    if moment is None:
        return otherwise
    try:
        return bound(moment)
    except OverflowError:
        return otherwise


def _period(value: dict[str, Any], zone: ZoneInfo) -> Range:
    start, end = value.get("start"), value.get("end")
    low = parse_range(start, zone).low if isinstance(start, str) else BEGINNING
    high = parse_range(end, zone).high if isinstance(end, str) else END
    return Range(low, high)


def _timing(value: dict[str, Any], zone: ZoneInfo) -> Iterator[Range]:
    events = value.get("event")
    found = [parse_range(e, zone) for e in events or () if isinstance(e, str)]
    bounds = (value.get("repeat") or {}).get("boundsPeriod")
    if isinstance(bounds, dict):
        found.append(_period(bounds, zone))
    if found:
        yield Range(earliest(e.low for e in found), latest(e.high for e in found))


def earliest(lows: Iterable[str]) -> str:
    """The first of several bounds."""
    return min(lows, key=lambda low: "" if low == BEGINNING else low)


def latest(highs: Iterable[str]) -> str:
    """The last of several bounds."""
    return max(highs, key=lambda high: "~" if high == END else high)
