"""Tests that speak of today, in a run that goes on over midnight."""

import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
BEFORE = timedelta(seconds=40)
"""Longer than a test takes from asking which day it is to the answer it compares with it."""


def today(now: datetime | None = None) -> date:
    """The day in the place the tests play in, when it is asked: never the day a run began.

    Args:
        now: Another moment than this one.
    """
    return (now or datetime.now(LONDON)).astimezone(LONDON).date()


def until_past(now: datetime) -> float:
    """How many seconds a test waits before it begins: none, unless the day is about to end.

    Args:
        now: The moment, of any zone.
    """
    local = now.astimezone(LONDON)
    return BEFORE.total_seconds() if (local + BEFORE).date() != local.date() else 0.0


def wait_past() -> None:
    """Let the day end first, where it is about to: a test would begin in one and end in the
    next."""
    seconds = until_past(datetime.now(LONDON))
    if seconds:
        print(f"waiting {seconds:g} s for the day to end")  # noqa: T201 - why this takes long
        time.sleep(seconds)
