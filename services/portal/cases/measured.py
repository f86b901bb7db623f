"""How the person is, as the case shows it: last numbers, what changed in words, a small chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.portal.cases.questions import FILLED_IN, GROUPS, HOW, NOT_ASKED
from services.portal.times import Times
from shared.languages import _, language, ngettext

Json = Mapping[str, Any]

SCALES: Mapping[tuple[str, str], str] = {
    ("ons4", "satisfied"): _("Satisfied with life"),
    ("ons4", "worthwhile"): _("Things they do are worthwhile"),
    ("ons4", "happy"): _("Happy yesterday"),
    ("ons4", "anxious"): _("Anxious yesterday (less is better)"),
    ("ucla3", "loneliness"): _("Loneliness, three questions (less is better)"),
    ("lonely", "often"): _("Feels lonely (less is better)"),
    ("swemwbs", "metric"): _("SWEMWBS"),
}
BANDS: Mapping[str, str] = {
    "very-low": _("very low"),
    "low": _("low"),
    "medium": _("medium"),
    "high": _("high"),
    "very-high": _("very high"),
    "lonely": _("lonely"),
    "not-lonely": _("not lonely"),
}
"""What a number is called by those who publish the measure."""

TRENDS: Mapping[str, str] = {"better": _("better"), "worse": _("not as good")}
MEASURES: Mapping[str, str] = {
    "ons4": _("How they feel about their life"),
    "ucla3": _("Loneliness, three questions"),
    "lonely": _("Loneliness, asked straight"),
    "swemwbs": _("SWEMWBS"),
}

WIDTH, HEIGHT, EDGE = 240, 72, 8
"""Of a chart, in its own units."""


@dataclass(frozen=True)
class Chart:
    """A line through the numbers, drawn by the page.

    Attributes:
        dots: where each number is, as (x, y).
        line: the same as SVG has it.
    """

    dots: Sequence[tuple[float, float]]

    @property
    def line(self) -> str:
        """The points of a polyline."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.dots)


def chart(points: Sequence[Json], low: int, high: int) -> Chart | None:
    """Where the numbers of a scale are on its chart; None where there is only one.

    Args:
        points: by day, each with its `day` and `value`.
        low: the smallest number of the scale; it is at the foot.
        high: the largest.
    """
    if len(points) < 2:
        return None
    days = [date.fromisoformat(each["day"]).toordinal() for each in points]
    if days[0] == days[-1]:
        days = list(range(len(points)))
    wide, tall = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    return Chart(
        [
            (
                round(EDGE + wide * (day - days[0]) / (days[-1] - days[0]), 1),
                round(EDGE + tall * (high - each["value"]) / (high - low), 1),
            )
            for day, each in zip(days, points, strict=True)
        ]
    )


def measured(plan: Json, times: Times) -> list[dict[str, Any]]:
    """Each scale with its last number and what changed, in the order in which they are asked.

    Args:
        plan: as the case API tells it.
        times: tells days.
    """
    return [_scale(each, times) for each in plan["scales"]]


def reviews(plan: Json) -> list[dict[str, Any]]:
    """Each time that the person was asked, newest first, with what was not answered."""
    return [
        {
            **each,
            "filled_in": FILLED_IN.get(each["filled_in"], each["filled_in"]),
            "how": HOW.get(each["how"], each["how"]),
            "not_answered": [words for one in each["measures"] for words in _missing(one)],
        }
        for each in plan["reviews"]
    ]


def _missing(measure: Json) -> list[str]:
    title = MEASURES.get(measure["instrument"], measure["instrument"])
    if measure["not_asked"]:
        return [f"{title}: {NOT_ASKED.get(measure['not_asked'], _('not asked')).lower()}"]
    if not measure["missing"]:
        return []
    count = len(measure["missing"])
    if measure["instrument"] == "ucla3":
        said = ngettext(
            "{title}: {count} of the questions not answered, so there is no sum",
            "{title}: {count} of the questions not answered, so there is no sum",
            count,
        )
    else:
        said = ngettext(
            "{title}: {count} of the questions not answered",
            "{title}: {count} of the questions not answered",
            count,
        )
    return [said.format(title=title, count=count)]


def _scale(found: Json, times: Times) -> dict[str, Any]:
    points = [each | {"words": _said(found, each)} for each in found["points"]]
    return {
        "title": SCALES.get((found["instrument"], found["scale"]), found["scale"]),
        "last": points[-1],
        "change": _change(found, times),
        "points": points,
        "chart": chart(points, found["low"], found["high"]),
        "low": found["low"],
        "high": found["high"],
    }


def _said(found: Json, point: Json) -> str:
    if found["instrument"] == "lonely":
        (question,) = next(each for each in GROUPS if each.code == "lonely").questions
        return question.options.get(f"{point['value']:g}", "")
    value = language().number(point["value"])
    said = _("{value} of {high}").format(value=value, high=found["high"])
    band = BANDS.get(point["band"] or "", "")
    return f"{said} ({band})" if band else said


def _change(found: Json, times: Times) -> str:
    """What changed since the baseline, in words."""
    if found["change"] is None:
        return _("Asked once so far")
    since = times.day(found["points"][0]["day"])
    if found["change"] == 0:
        return _("The same as on {day}").format(day=since)
    more = found["change"] > 0
    said = (
        _("{change} more than on {day}: {trend}")
        if more
        else _("{change} less than on {day}: {trend}")
    )
    return said.format(
        change=language().number(abs(found["change"])), day=since, trend=TRENDS[found["trend"]]
    )
