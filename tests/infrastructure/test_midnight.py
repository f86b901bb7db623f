"""No test begins in one day and ends in the next."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.infrastructure.midnight import today, until_past

LATE_IN_WINTER = datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC)
LATE_IN_SUMMER = datetime(2026, 6, 30, 22, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize("late", [LATE_IN_WINTER, LATE_IN_SUMMER])
def test_what_would_begin_as_the_day_ends_begins_in_the_next(late: datetime):
    begun = late + timedelta(seconds=until_past(late))
    assert today(begun) == today(late) + timedelta(days=1)
    assert until_past(begun) == 0


def test_whatever_begins_before_does_not_wait():
    assert until_past(LATE_IN_WINTER - timedelta(minutes=1)) == 0
    assert until_past(LATE_IN_SUMMER + timedelta(hours=6)) == 0
