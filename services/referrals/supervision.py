"""Whom a team lead talks about with whom, and why: asked for by a colleague, or shown by the work.

A case stands on the list for a reason that can be read from it, and leaves it when it was talked
about; what shows again after that, or a while later, puts it back. A worry leaves it when somebody
closed it, and not before.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, literal, or_, select, tuple_
from sqlmodel import Session, col

from services.referrals.domain import Refused
from services.referrals.resources import instant
from services.referrals.tables import Attempt, Case, Supervision, Worklist
from services.referrals.views import NOTHING_AFTER, View, mine
from shared.auth import Principal

LATE = timedelta(days=7)
"""A next step that is so long overdue."""
LONG = timedelta(days=183)
"""A case that goes on for so long."""
TRIES = 3
"""To reach somebody, in vain."""
AGAIN = timedelta(days=28)
"""After which what was talked about shows again, if it still stands."""

REASONS = ("worried", "asked", "intensive", "visits", "urgent", "not-reached", "overdue", "long")
"""Why a case is on the list. Until a worry is closed it stays, ended or not, and comes first; then
what a colleague asked for."""


def supervision(
    session: Session, principal: Principal, now: datetime, *, after: UUID | None, count: int
) -> list[View]:
    """One page of the list of the caller's team: worries first, then what was asked for, then the
    oldest case.

    Args:
        session: the caller's.
        principal: a team lead.
        now: the moment.
        after: the last case of the page before.
        count: at most so many.

    Raises:
        Refused: `after` is no case on this list.
    """
    reasons = _reasons(now)
    wanted = (
        select(
            col(Worklist.case),
            col(Worklist.allocated_to),
            col(Worklist.complexity),
            col(Case.patient),
            col(Case.service_request),
            col(Case.created),
            _asked().label("said"),
            *(each.label(name) for name, each in reasons.items()),
        )
        .join(Case, col(Case.id) == col(Worklist.case))
        .where(*_on_list(principal), or_(*reasons.values()))
    )
    rank = (~reasons["worried"], ~reasons["asked"], col(Case.created), col(Worklist.case))
    if after is not None:
        last = session.execute(
            select(*rank)
            .select_from(Worklist)
            .join(Case, col(Case.id) == col(Worklist.case))
            .where(*_on_list(principal), col(Worklist.case) == after)
        ).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        wanted = wanted.where(tuple_(*rank) > tuple_(*map(literal, last)))
    rows = session.execute(wanted.order_by(*rank).limit(count)).mappings()
    return [
        {
            "case": str(row["case"]),
            "patient": row["patient"],
            "service_request": row["service_request"],
            "allocated_to": row["allocated_to"],
            "complexity": row["complexity"],
            "created": instant(row["created"]),
            "reasons": [name for name in REASONS if row[name]],
            "because": row["said"] or "",
        }
        for row in rows
    ]


def _on_list(principal: Principal) -> tuple[Any, ...]:
    return mine(principal), col(Worklist.open) | col(Worklist.worried)


def _asked() -> Any:
    return (
        select(col(Supervision.because))
        .where(col(Supervision.case) == col(Worklist.case), col(Supervision.talked).is_(None))
        .scalar_subquery()
    )


def _reasons(now: datetime) -> Mapping[str, Any]:
    """Each reason as a condition on a row of the worklist and its case."""
    of_case = col(Supervision.case) == col(Worklist.case)
    talked = exists().where(of_case, col(Supervision.talked) > now - AGAIN)
    tried = (
        select(func.count())
        .where(col(Attempt.case) == col(Worklist.case))
        .having(~func.coalesce(func.bool_or(col(Attempt.reached)), False))
        .scalar_subquery()
    )
    shown = {
        "intensive": col(Worklist.complexity) == "intensive",
        "visits": col(Worklist.visits_with_care),
        "urgent": col(Worklist.urgent),
        "not-reached": tried >= TRIES,
        "overdue": col(Worklist.due) <= now - LATE,
        "long": col(Case.created) <= now - LONG,
    }
    return {
        "worried": col(Worklist.worried),
        "asked": and_(
            col(Worklist.open), exists().where(of_case, col(Supervision.talked).is_(None))
        ),
        **{
            name: and_(col(Worklist.open), func.coalesce(each, False), ~talked)
            for name, each in shown.items()
        },
    }
