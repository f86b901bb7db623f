"""What a case's page says of measures: numbers in words, changes, and where a chart's line runs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.portal.cases.measured import EDGE, HEIGHT, WIDTH, chart, measured, reviews
from services.portal.times import Times

TIMES = Times("Europe/London", datetime(2026, 6, 1, tzinfo=UTC))


def scale(change: float | None, trend: str | None, *values: float, **more: Any) -> dict[str, Any]:
    days = [f"2026-0{n}-01" for n in range(1, len(values) + 1)]
    told = zip(days, values, strict=True)
    return {
        "instrument": "ons4", "scale": "anxious", "low": 0, "high": 10, "change": change,
        "trend": trend,
        "points": [{"day": d, "value": v, "band": "low"} for d, v in told],
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (scale(None, None, 3), "Asked once so far"),
        (scale(0, "same", 3, 3), "The same as on 1 January 2026"),
        (scale(-2, "better", 5, 3), "2 less than on 1 January 2026: better"),
        (scale(1.5, "worse", 3, 4.5), "1.5 more than on 1 January 2026: not as good"),
    ],
)
def test_a_change_is_said_in_words(found: dict[str, Any], words: str):
    (shown,) = measured({"scales": [found]}, TIMES)
    assert shown["change"] == words
    assert shown["last"]["words"].endswith("of 10 (low)")


def test_the_answer_of_the_direct_question_is_said_and_not_its_number():
    found = scale(None, None, 4, instrument="lonely", scale="often", low=1, high=5)
    (shown,) = measured({"scales": [found]}, TIMES)
    assert shown["last"]["words"] == "Some of the time"


def test_a_chart_has_the_lowest_at_its_foot_and_days_in_proportion():
    days = ("2026-01-01", "2026-01-11", "2026-01-31")
    points = [{"day": day, "value": value} for day, value in zip(days, (0, 10, 5), strict=True)]
    drawn = chart(points, 0, 10)
    assert drawn
    third = round(EDGE + (WIDTH - 2 * EDGE) / 3, 1)
    assert list(drawn.dots) == [(EDGE, HEIGHT - EDGE), (third, EDGE), (WIDTH - EDGE, HEIGHT / 2)]
    assert chart(points[:1], 0, 10) is None
    same_day = chart([points[0], points[0]], 0, 10)
    assert same_day
    assert [x for x, _ in same_day.dots] == [EDGE, WIDTH - EDGE]


def test_what_was_not_answered_is_said():
    review = {
        "filled_in": "person", "how": "paper",
        "measures": [
            {"instrument": "ons4", "missing": ["happy"], "not_asked": None},
            {"instrument": "ucla3", "missing": [], "not_asked": None},
            {"instrument": "swemwbs", "missing": [], "not_asked": "no-time"},
        ],
    }  # fmt: skip
    (shown,) = reviews({"reviews": [review]})
    assert shown["not_answered"] == [
        "How they feel about their life: 1 of the questions not answered",
        "SWEMWBS: there was no time",
    ]
