"""A provider's closing days: once, or every year between the same days; no limit runs then."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.closing_days import ClosedDays, Closing, closed_days, read
from shared.working_days import WorkingDays

CHRISTMAS = Closing(
    starts=date(2026, 12, 22), ends=date(2027, 1, 4), every_year=True, why="Christmas"
)
ONCE = Closing(starts=date(2027, 7, 1), ends=date(2027, 7, 2))
DAYS = ClosedDays((CHRISTMAS, ONCE))


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2026, 12, 21), False),
        (date(2026, 12, 22), True),
        (date(2027, 1, 4), True),
        (date(2027, 1, 5), False),
        (date(2031, 12, 31), True),
        (date(2032, 1, 4), True),
        (date(2025, 12, 31), False),  # it began in 2026
        (date(2027, 7, 2), True),
        (date(2028, 7, 2), False),  # once
    ],
)
def test_what_comes_every_year_is_closed_over_each_new_year(day: date, closed: bool):
    assert (day in DAYS) is closed


def test_a_leap_day_is_another_day_in_other_years():
    leap = ClosedDays((Closing(starts=date(2028, 2, 29), ends=date(2028, 2, 29), every_year=True),))
    assert [date(2029, 2, 28) in leap, date(2029, 3, 1) in leap] == [False, True]


def test_what_is_closed_soon_is_told_in_order():
    found = DAYS.coming(date(2027, 6, 20), timedelta(days=200))
    assert found == [
        (date(2027, 7, 1), date(2027, 7, 2), ""),
        (date(2027, 12, 22), date(2028, 1, 4), "Christmas"),
    ]
    assert DAYS.coming(date(2027, 2, 1), timedelta(days=60)) == []
    assert DAYS.coming(date(2027, 1, 4), timedelta(0))[0][1] == date(2027, 1, 4)


def test_limits_stand_still_on_closing_days_and_the_listing_says_which():
    listing = {"kersey": {"closed": [{"starts": "2026-12-22", "ends": "2027-01-04"}]}}
    working = WorkingDays(ZoneInfo("Europe/London")).without(closed_days(listing))
    asked = datetime(2026, 12, 21, 10, tzinfo=UTC)
    assert working.after(asked, 1).date() == date(2027, 1, 5)


def test_a_limit_ends_even_where_somebody_is_never_open():
    never = Closing(starts=date(2026, 1, 1), ends=date(2026, 12, 31), every_year=True)
    working = WorkingDays(ZoneInfo("Europe/London")).without(ClosedDays((never,)))
    assert working.after(datetime(2026, 6, 1, 9, tzinfo=UTC), 2).date() == date(2027, 6, 4)


@pytest.mark.parametrize(
    "said",
    [None, "August", [3], [{"starts": "soon"}], [{"starts": "2026-02-02", "ends": "2026-02-01"}]],
)
def test_what_another_directory_says_in_its_own_way_is_passed_over(said: object):
    assert read(said) == ClosedDays()
    assert closed_days({"kersey": said}) == ClosedDays()
