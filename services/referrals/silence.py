"""Requests that nobody has answered for days: a small group may need a call, not a deadline.

For how many, and which days count, is said in `deadlines` alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import tuple_
from sqlmodel import Session, col, func, select

from services.referrals.domain import Kind, Refused
from services.referrals.request_views import request_views
from services.referrals.resources import instant
from services.referrals.tables import CaseTask, Worklist
from services.referrals.views import View, mine
from shared.auth import Principal

NOTHING_AFTER = "This request is not silent any more. Begin again, without `after`."


def silent_requests(
    session: Session,
    principal: Principal,
    *,
    after: str | None,
    count: int,
    now: datetime,
) -> list[View]:
    """One page of silent requests in the cases of the caller's team or hub, oldest first.

    Args:
        session: the caller's.
        principal: whose cases.
        after: the last request of the page before.
        count: at most so many.
        now: the moment.

    Raises:
        Refused: `after` is no silent request of theirs, which a first page again would hide.
    """
    theirs = _silent(principal, now)
    place = tuple_(col(CaseTask.created), col(CaseTask.id))
    asked = select(CaseTask).join(Worklist, col(Worklist.case) == col(CaseTask.case)).where(*theirs)
    if after is not None:
        last = session.exec(asked.where(CaseTask.id == after)).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        asked = asked.where(place > tuple_(last.created, last.id))
    page = asked.order_by(col(CaseTask.created), col(CaseTask.id)).limit(count)
    tasks = session.exec(page).all()
    views = request_views(session, [task.id for task in tasks], now)
    return [
        view
        | {
            "case": str(task.case),
            "asked": instant(task.created),
        }
        for task, view in zip(tasks, views, strict=True)
    ]


def count_silent(session: Session, principal: Principal, now: datetime) -> int:
    """How many silent requests there are in the cases of the caller's team or hub."""
    counted = select(func.count()).select_from(CaseTask)
    joined = counted.join(Worklist, col(Worklist.case) == col(CaseTask.case))
    return session.exec(joined.where(*_silent(principal, now))).one()


def _silent(principal: Principal, now: datetime) -> tuple[Any, ...]:
    return (
        mine(principal),
        col(Worklist.open),
        CaseTask.kind == Kind.PROVIDER,
        CaseTask.status == "requested",
        col(CaseTask.answered).is_(None),
        col(CaseTask.silent_from) <= now,
    )
