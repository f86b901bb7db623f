"""On which days a service met lately, as its listing has it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr

LATELY = timedelta(days=35)
MOST = 5


def lately(schedules: Iterable[Mapping[str, Any]], today: date) -> list[date]:
    """The last days on which it met, the latest first; none for a rhythm that cannot be told.

    Args:
        schedules: of the listing (HSDS 3.0: parts of an RFC 5545 rule).
        today: no later day is among them.
    """
    start = datetime.combine(today - LATELY, time())
    found: set[date] = set()
    for each in schedules:
        freq, days = each.get("freq"), each.get("byday")
        if not freq or not days or (each.get("interval") or 1) != 1:
            continue
        try:
            rule = rrulestr(f"FREQ={freq};BYDAY={days}", dtstart=start)
        except ValueError:
            continue
        met = rule.between(start, datetime.combine(today, time()), inc=True)
        found |= {moment.date() for moment in met}
    return sorted(found, reverse=True)[:MOST]
