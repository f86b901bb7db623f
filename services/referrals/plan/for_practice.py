"""What a practice may be told of a case's measures: first and last number, and what it is called.

Whether the practice is told any of it is the person's to say; `gp.summary` asks that.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.referrals.plan.reading import reviews_of, series

NAMES: Mapping[tuple[str, str], str] = {
    ("ons4", "satisfied"): "ONS4 life satisfaction (0 to 10)",
    ("ons4", "worthwhile"): "ONS4 things worthwhile (0 to 10)",
    ("ons4", "happy"): "ONS4 happy yesterday (0 to 10)",
    ("ons4", "anxious"): "ONS4 anxious yesterday (0 to 10, less is better)",
    ("ucla3", "loneliness"): "UCLA-3 loneliness (3 to 9, less is better)",
    ("lonely", "often"): "ONS direct loneliness question (1 to 5, less is better)",
    ("swemwbs", "metric"): "SWEMWBS (7 to 35)",
}
"""Of each scale; never a question's wording."""


def measured(session: Session, case: UUID) -> list[dict[str, Any]]:
    """The measures of a case's reviews, as `gp.summary` has them.

    Args:
        session: the caller's.
        case: the case.
    """
    return [
        {
            "name": NAMES[each.instrument, each.scale.code],
            "before": _told(each.first.value, each.first.band),
            "after": _told(each.last.value, each.last.band) if len(each.points) > 1 else "",
            "not_asked": "",
        }
        for each in series(reviews_of(session, case))
    ]


def _told(value: float, band: str | None) -> str:
    return f"{value:g}" + (f" ({band.replace('-', ' ')})" if band else "")
