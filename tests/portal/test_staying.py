"""When somebody is told that they will be signed out."""

from datetime import timedelta

import pytest

from services.portal.sign_in.notice import seconds_until_last_notice
from services.portal.sign_in.staying import seconds_until_notice


@pytest.mark.parametrize(("idle", "told"), [(30, 25), (240, 235), (10, 5), (8, 4), (5, 2.5)])
def test_somebody_is_told_five_minutes_before_or_half_way(idle: int, told: float):
    assert seconds_until_notice(idle) == told * 60


@pytest.mark.parametrize(
    ("left", "after"),
    [
        (timedelta(hours=12), None),
        (timedelta(minutes=36), None),
        (timedelta(minutes=35), 30 * 60),
        (timedelta(minutes=20, seconds=40), 15 * 60),
        (timedelta(minutes=4), 0),
        (None, None),
    ],
)
def test_somebody_is_told_five_minutes_before_a_sign_in_ends_in_any_case(
    left: timedelta | None, after: int | None
):
    assert seconds_until_last_notice(left, 30) == after
