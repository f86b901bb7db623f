"""The plan of a case as its link worker reads it: plain JSON."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals.plan.instruments import INSTRUMENTS
from services.referrals.plan.reading import Point, Reviews, Series, reviews_of, series
from services.referrals.resources import instant
from services.referrals.tables import Attempt, Case, Goal, GoalAction, Measure

View = dict[str, Any]


def plan_view(session: Session, case: Case) -> View:
    """Measures, goals, what is next.

    Args:
        session: the caller's.
        case: a case in which the caller cares for the person.
    """
    contacts = session.exec(
        select(Attempt).where(Attempt.case == case.id).order_by(col(Attempt.made).desc())
    ).all()
    reviews = reviews_of(session, case.id)
    first = contacts[-1].made.date() if contacts else None
    return {
        "next": _next(contacts),
        "contacts": [_contact(each) for each in contacts],
        "scales": [_series(each) for each in series(reviews)],
        "reviews": _reviews(reviews, first),
        "goals": _goals(session, case.id),
    }


def _next(contacts: Sequence[Attempt]) -> View | None:
    """What the last contact said comes next."""
    if not contacts or not contacts[0].next_step:
        return None
    return {"step": contacts[0].next_step, "on": _day(contacts[0].next_on)}


def _contact(row: Attempt) -> View:
    return {
        "made": instant(row.made),
        "made_by": row.made_by,
        "reached": row.reached,
        "how": row.how,
        "minutes": row.minutes,
        "next_step": row.next_step,
        "next_on": _day(row.next_on),
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


def _goals(session: Session, case: UUID) -> list[View]:
    actions: dict[UUID, list[GoalAction]] = {}
    in_order = select(GoalAction).where(GoalAction.case == case)
    for each in session.exec(in_order.order_by(col(GoalAction.recorded), col(GoalAction.id))):
        actions.setdefault(each.goal, []).append(each)
    goals = select(Goal).where(Goal.case == case)
    goals = goals.order_by(col(Goal.settled).is_not(None), col(Goal.recorded), col(Goal.id))
    return [
        {
            "id": str(row.id),
            "words": row.words,
            "by_when": _day(row.by_when),
            "state": row.state,
            "came": row.came,
            "recorded": instant(row.recorded),
            "settled": instant(row.settled) if row.settled else None,
            "actions": [_action(each) for each in actions.get(row.id, ())],
        }
        for row in session.exec(goals)
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
