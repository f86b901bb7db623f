"""Limits are counted in working days: England's weekends and bank holidays do not count."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.working_days import WorkingDays

DAYS = WorkingDays(ZoneInfo("Europe/London"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-30", True),
        ("2026-11-28", False),  # Saturday
        ("2026-11-29", False),
        ("2026-12-25", False),
        ("2026-12-28", False),  # Boxing Day is a Saturday: a substitute
        ("2027-03-26", False),  # Good Friday
        ("2027-03-29", False),  # Easter Monday
        ("2027-05-03", False),
        ("2026-01-02", True),  # a bank holiday in Scotland alone
        ("2026-08-31", False),
    ],
)
def test_a_day_is_a_working_day_in_england(day: str, works: bool):
    assert DAYS.is_one(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-30T10:00", 0, "2026-11-30T10:00"),
        ("2026-11-30T10:00", 3, "2026-12-03T10:00"),
        ("2026-11-27T10:00", 1, "2026-11-30T10:00"),
        ("2026-11-28T10:00", 1, "2026-11-30T10:00"),
        ("2026-12-23T10:00", 3, "2026-12-30T10:00"),
        ("2026-03-27T10:00", 1, "2026-03-30T10:00"),  # clocks go forward in between
    ],
)
def test_so_many_working_days_later(start: str, days: int, end: str):
    assert DAYS.after(at(start), days) == at(end)


def test_what_is_due_now_began_so_many_working_days_ago():
    assert DAYS.before(at("2026-12-03T10:00"), 3) == at("2026-11-30T10:00")
    assert DAYS.before(at("2026-12-30T10:00"), 3) == at("2026-12-23T10:00")


def test_further_closing_days_pause_it_too():
    closed = WorkingDays(DAYS.zone, closed={date(2026, 12, 1), date(2026, 12, 2)})
    assert closed.after(at("2026-11-30T10:00"), 1) == at("2026-12-03T10:00")


def test_the_days_of_the_place_count_whatever_the_zone_of_a_moment():
    midnight = datetime(2026, 7, 5, 23, 30, tzinfo=UTC)  # Monday there, by summer time
    assert DAYS.after(midnight, 1) == at("2026-07-07T00:30")
