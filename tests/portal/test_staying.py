"""When somebody is told that they will be signed out."""

import pytest

from services.portal.sign_in.staying import seconds_until_notice


@pytest.mark.parametrize(("idle", "told"), [(30, 25), (240, 235), (10, 5), (8, 4), (5, 2.5)])
def test_somebody_is_told_five_minutes_before_or_half_way(idle: int, told: float):
    assert seconds_until_notice(idle) == told * 60
