"""The plan of a case as its link worker reads it: plain JSON."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col

from services.referrals.case_rows import only, rows_of
from services.referrals.plan import reading
from services.referrals.plan.instruments import INSTRUMENTS
from services.referrals.plan.reading import Point, Reviews, Series, reviews_in, series
from services.referrals.resources import instant
from services.referrals.tables import (
    Attempt,
    Case,
    Complexity,
    Goal,
    GoalAction,
    Measure,
    Supervision,
    Visiting,
)
from shared.gathering import Gathered, Gathering, Wanted

View = dict[str, Any]


PARTS: Mapping[str, Wanted] = {
    **reading.PARTS,
    "attempts": rows_of(Attempt, col(Attempt.made)),
    "goals": rows_of(Goal, col(Goal.settled).is_not(None), col(Goal.recorded), col(Goal.id)),
    "actions": rows_of(GoalAction, col(GoalAction.recorded), col(GoalAction.id)),
    "complexity": rows_of(Complexity, col(Complexity.set).desc()),
    "visiting": rows_of(Visiting),
    "supervision": rows_of(Supervision, col(Supervision.asked).desc()),
}
"""What `plan_view` reads, of a `case` in which the caller cares for the person."""

_TOGETHER = Gathering(**PARTS)


def plan_of(session: Session, case: Case) -> View:
    """The plan of a case in which the caller cares for the person; see `plan_view`."""
    return plan_view(_TOGETHER.read(session, case=case.id))


def plan_view(rows: Gathered) -> View:
    """Measures, goals, what is next.

    Args:
        rows: `PARTS` of the case.
    """
    contacts: list[Attempt] = rows["attempts"][::-1]
    reviews = reviews_in(rows)
    first = contacts[-1].made.date() if contacts else None
    return {
        "next": _next(contacts),
        "contacts": [_contact(each) for each in contacts],
        "scales": [_series(each) for each in series(reviews)],
        "reviews": _reviews(reviews, first),
        "goals": _goals(rows),
        "care": _care(rows),
    }


def _care(rows: Gathered) -> View:
    """How much it asks of the team, what stands about visits, what is talked about."""
    visiting: Visiting | None = only(rows["visiting"])
    return {
        "complexity": [
            {
                "level": each.level,
                "because": each.because,
                "set": instant(each.set),
                "set_by": each.set_by,
            }
            for each in rows["complexity"]
        ],
        "visiting": {
            "at_home": visiting.at_home,
            "alone": visiting.alone,
            "because": visiting.because,
            "set": instant(visiting.set),
            "set_by": visiting.set_by,
        }
        if visiting
        else None,
        "supervision": [
            {
                "because": each.because,
                "asked": instant(each.asked),
                "asked_by": each.asked_by or None,
                "talked": instant(each.talked) if each.talked else None,
                "talked_by": each.talked_by,
                "came": each.came,
            }
            for each in rows["supervision"]
        ],
    }


def _next(contacts: Sequence[Attempt]) -> View | None:
    """What the last contact said comes next."""
    if not contacts or not contacts[0].next_step:
        return None
    last = contacts[0]
    return {"step": last.next_step, "on": _day(last.next_on), "noted_by": last.made_by}


def _contact(row: Attempt) -> View:
    return {
        "made": instant(row.made),
        "made_by": row.made_by,
        "reached": row.reached,
        "how": row.how,
        "minutes": row.minutes,
        "next_step": row.next_step,
        "next_on": _day(row.next_on),
        "visit_checked": row.visit_checked,
    }


def _series(found: Series) -> View:
    return {
        "instrument": found.instrument,
        "scale": found.scale.code,
        "low": found.scale.low,
        "high": found.scale.high,
        "better": found.scale.better,
        "points": [_point(each) for each in found.points],
        "change": found.change,
        "trend": found.trend,
    }


def _point(point: Point) -> View:
    return {"day": point.day.isoformat(), "value": point.value, "band": point.band}


def _reviews(reviews: Reviews, first: date | None) -> list[View]:
    return [
        {
            "id": str(row.id),
            "day": row.day.isoformat(),
            "days_since_first_contact": (row.day - first).days if first else None,
            "filled_in": row.filled_in,
            "how": row.how,
            "language": row.language,
            "wanted": row.wanted,
            "changed": row.changed,
            "harm": row.harm,
            "recorded_by": row.recorded_by,
            "recorded": instant(row.recorded),
            "measures": [_measure(each) for each in measures],
        }
        for row, measures in reversed(reviews)
    ]


def _measure(row: Measure) -> View:
    instrument = INSTRUMENTS[row.instrument]
    return {
        "instrument": row.instrument,
        "answers": row.answers,
        "missing": [] if row.not_asked else instrument.missing(row.answers),
        "not_asked": row.not_asked,
    }


def _goals(rows: Gathered) -> list[View]:
    actions: dict[UUID, list[GoalAction]] = {}
    for each in rows["actions"]:
        actions.setdefault(each.goal, []).append(each)
    return [
        {
            "id": str(row.id),
            "words": row.words,
            "by_when": _day(row.by_when),
            "state": row.state,
            "came": row.came,
            "recorded": instant(row.recorded),
            "recorded_by": row.recorded_by,
            "settled": instant(row.settled) if row.settled else None,
            "actions": [_action(each) for each in actions.get(row.id, ())],
        }
        for row in rows["goals"]
    ]


def _action(row: GoalAction) -> View:
    return {
        "id": str(row.id),
        "words": row.words,
        "who": row.who,
        "by_when": _day(row.by_when),
        "done": instant(row.done) if row.done else None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
