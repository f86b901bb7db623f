"""The register of a service's meeting: who is expected on a day, and what was marked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from services.referrals.domain import Kind
from services.referrals.resources import instant
from services.referrals.tables import AttendanceMark, Case, CaseTask, ListedService

View = dict[str, Any]

CAME = "came"
TOLD_US = "told-us"
"""Did not come, and had said so before; also ahead of the day, where the person called it off."""
MARKS = (CAME, "did-not-come", TOLD_US)

EXPECTED = frozenset({"selected", "started", "attended"})
"""The businessStatus of a provider's Task in which somebody is on the register."""
MARKABLE = EXPECTED | {"completed", "person-ended-early"}
"""Where a mark is still put right or added: the meeting may have been before the end."""

DAYS = 12
"""Meetings before that a register leads to."""


def services_with_people(session: Session, provider: UUID) -> list[View]:
    """A provider's services that have somebody on their register, by name."""
    rows = session.exec(
        select(CaseTask.service, ListedService.name, func.count())
        .join(ListedService, col(ListedService.id) == col(CaseTask.service), isouter=True)
        .where(
            CaseTask.kind == Kind.PROVIDER,
            CaseTask.owner == provider,
            col(CaseTask.business).in_(EXPECTED),
        )
        .group_by(col(CaseTask.service), col(ListedService.name))
        .order_by(col(ListedService.name), col(CaseTask.service))
    ).all()
    return [
        {"service": {"id": str(service), "name": name or ""}, "people": people}
        for service, name, people in rows
    ]


def expected(
    session: Session, provider: UUID, service: UUID, day: date, zone: ZoneInfo
) -> Sequence[CaseTask]:
    """The requests on a register: those said yes to by that day, and whoever is marked on it."""
    marked = select(AttendanceMark.task).where(AttendanceMark.day == day)
    rows = session.exec(
        select(CaseTask)
        .join(Case, col(Case.id) == col(CaseTask.case))
        .where(
            CaseTask.kind == Kind.PROVIDER,
            CaseTask.owner == provider,
            CaseTask.service == service,
            col(Case.erased).is_(None),
            col(CaseTask.business).in_(EXPECTED) | col(CaseTask.id).in_(marked),
        )
        .order_by(col(CaseTask.created), col(CaseTask.id))
    ).all()
    there = marks_of(session, [row.id for row in rows], day)
    return [row for row in rows if row.id in there or _local(row.answered, zone) <= day]


def _local(moment: datetime | None, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if moment else date.min


def marks_of(session: Session, tasks: Iterable[str], day: date) -> Mapping[str, AttendanceMark]:
    """The marks that hold on a day, by Task."""
    rows = session.exec(
        select(AttendanceMark)
        .where(col(AttendanceMark.task).in_(list(tasks)), AttendanceMark.day == day)
        .order_by(col(AttendanceMark.position))
    )
    return {row.task: row for row in rows}


def put_mark(
    session: Session, task: CaseTask, day: date, mark: str, *, key: UUID, by: str, at: datetime
) -> str | None:
    """Write a mark, which takes the place of any other one of its request and day.

    Args:
        session: the caller's.
        task: the request.
        day: of the meeting.
        mark: one of `MARKS`.
        key: of this marking.
        by: whose word it is.
        at: the moment.

    Returns:
        The mark that held before.
    """
    before = marks_of(session, [task.id], day).get(task.id)
    session.add(
        AttendanceMark(
            key=key, task=task.id, case=task.case, day=day, mark=mark, marked_by=by, marked=at
        )
    )
    session.flush()
    return before.mark if before else None


def mark_before(session: Session, mark: AttendanceMark) -> str | None:
    """The mark in whose place another one came."""
    earlier = (
        select(AttendanceMark.mark)
        .where(
            AttendanceMark.task == mark.task,
            AttendanceMark.day == mark.day,
            col(AttendanceMark.position) < mark.position,
        )
        .order_by(col(AttendanceMark.position).desc())
    )
    return session.exec(earlier.limit(1)).first()


def marks_of_task(session: Session, task: str) -> list[View]:
    """How somebody attended by one request: the marks that hold, the earliest day first."""
    rows = session.exec(
        select(AttendanceMark)
        .where(AttendanceMark.task == task)
        .order_by(col(AttendanceMark.day), col(AttendanceMark.position))
    )
    return came_of(rows)


def days_marked(session: Session, provider: UUID, service: UUID, today: date) -> list[date]:
    """The last days on which a service's register was marked, the latest first; what was called off
    ahead is on the register of a day that has not come yet."""
    of_service = select(CaseTask.id).where(CaseTask.owner == provider, CaseTask.service == service)
    day = col(AttendanceMark.day)
    marked = sql_select(day).where(col(AttendanceMark.task).in_(of_service), day <= today)
    marked = marked.distinct()
    return list(session.connection().execute(marked.order_by(day.desc()).limit(DAYS)).scalars())


def came_of(marks: Iterable[AttendanceMark]) -> list[View]:
    """How somebody attends, for whoever cares for them: each request's marks that hold, by day.

    Args:
        marks: of a case, by day and then as they were made.
    """
    holding = {(row.task, row.day): row for row in marks}
    return [
        {
            "task": row.task,
            "day": row.day.isoformat(),
            "mark": row.mark,
            "marked": instant(row.marked),
        }
        for row in holding.values()
    ]
