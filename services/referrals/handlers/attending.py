"""A provider opens the register of a meeting, and marks who came."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless, state_of
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Refused
from services.referrals.handlers.answers import EARLIEST, record_progress
from services.referrals.handlers.sharing import (
    agreed_items,
    is_noted_today,
    may_identify,
    person_of_case,
    record_view,
)
from services.referrals.register import (
    CAME,
    MARKABLE,
    MARKS,
    View,
    days_marked,
    expected,
    mark_before,
    marks_of,
    marks_of_task,
    put_mark,
)
from services.referrals.standing import standing
from services.referrals.tables import AttendanceMark, CaseTask, ListedService
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.repeating import repeating


@repeating
def open_register(desk: Desk, principal: Principal, service: UUID, day: date) -> View:
    """Who is expected on a day, with the name that each agreed to share, and what was marked.

    Whoever is shown a name is noted, once a day for each account and person: a register is looked
    at after every mark.

    Args:
        desk: what every use case works with.
        principal: the provider.
        service: one of its services.
        day: of the meeting.

    Returns:
        `service`, `day`, `days` (the last ones that were marked) and `people`: `task`, `name`
        (empty where none was agreed) and `mark` (None where there is none).

    Raises:
        NoSuchCase: it is no service of this provider, nor was it asked for it.
        Refused: the day has not come yet, or is too long ago.
    """
    _check_day(desk, day)
    provider, zone = UUID(principal.organisation), ZoneInfo(desk.settings.timezone)
    with desk.work() as uow:
        session = uow.session
        listed = session.get(ListedService, service)
        tasks = expected(session, provider, service, day, zone)
        if not tasks and (listed is None or listed.provider != provider):
            raise NoSuchCase
        marks = marks_of(session, [task.id for task in tasks], day)
        people = [
            {
                "task": task.id,
                "name": _name(desk, uow, principal, task.id),
                "mark": marks[task.id].mark if task.id in marks else None,
            }
            for task in tasks
        ]
        shown: View = {
            "service": {"id": str(service), "name": listed.name if listed else ""},
            "day": day.isoformat(),
            "days": [
                each.isoformat() for each in days_marked(session, provider, service, _today(desk))
            ],
            "people": people,
        }
        uow.commit()
    return shown


def _name(desk: Desk, uow: UnitOfWork, principal: Principal, task_id: str) -> str:
    file = CaseFile.peek(desk, uow, task_id, principal)
    task = file.provider_task(task_id)
    agreement, person = file.agreement(task_id), person_of_case(file)
    if agreement is None or not may_identify(state_of(task), agreement, person, file.now):
        return ""
    name = agreed_items(file, agreement).get("name", "")
    if name and not is_noted_today(file, task, principal.subject):
        record_view(file, task, principal.subject, "account")
    return name


@repeating
def mark(
    desk: Desk, principal: Principal, task_id: str, day: date, mark: str, key: UUID
) -> str | None:
    """Mark whether somebody came. The same key again changes nothing, whatever came after it.

    The first time that somebody came, their request moves on; every other mark only counts.

    Args:
        desk: what every use case works with.
        principal: the provider, or who passes on what it said.
        task_id: its Task.
        day: of the meeting.
        mark: one of `register.MARKS`.
        key: of this marking.

    Returns:
        The mark of that day in whose place this one came.

    Raises:
        NoSuchCase: not a Task of this provider.
        Refused: there is no such mark, the day lies ahead, nobody is expected by this request, or
            the key is another marking's.
    """
    refuse_unless(
        mark in MARKS, "business-rule", f"The mark must be one of: {', '.join(MARKS)}.", "mark"
    )
    _check_day(desk, day)
    with desk.work() as uow:
        file = CaseFile.of_task(desk, uow, task_id, principal)
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor is Actor.PROVIDER, "forbidden", "Only the provider marks its register.", "task"
        )
        known = uow.session.get(AttendanceMark, key)
        if known is not None:
            _check_same(known, task, day, mark)
            return mark_before(uow.session, known)
        refuse_unless(
            task.business in MARKABLE, "conflict", "Nobody is expected by this request.", "task"
        )
        before = put_mark(uow.session, task, day, mark, key=key, by=principal.subject, at=file.now)
        if mark == CAME and _moves_on(file, task, day):
            record_progress(file, task, actor, "attend", day=day, note=None)
        file.audit("attendance-marked", f"Task/{task.id}")
        file.finish()
        uow.commit()
        return before


def attendance(desk: Desk, principal: Principal, task_id: str) -> list[View]:
    """How somebody attended by one request, for its provider: `day`, `mark` and `marked` of each
    meeting, the earliest first.

    Raises:
        NoSuchCase: not a Task of this provider.
        Refused: somebody else asks, who sees it on the case.
    """
    with desk.look() as uow:
        file = CaseFile.peek(desk, uow, task_id, principal)
        task = file.provider_task(task_id)
        refuse_unless(
            standing(file, principal, task) is Actor.PROVIDER,
            "forbidden",
            "Only the provider reads its register.",
            "task",
        )
        return marks_of_task(uow.session, task.id)


def _moves_on(file: CaseFile, task: CaseTask, day: date) -> bool:
    """Whether it is the first time; a meeting before the start that was told changes no state."""
    began = file.began(task.id)
    return task.business in ("selected", "started") and (began is None or began <= day)


def _check_same(known: AttendanceMark, task: CaseTask, day: date, mark: str) -> None:
    if (known.task, known.day, known.mark) != (task.id, day, mark):
        raise Refused("conflict", "This key is another marking's.", "key")


def _check_day(desk: Desk, day: date) -> None:
    refuse_unless(day <= _today(desk), "business-rule", "This day has not come yet.", "day")
    refuse_unless(day >= EARLIEST, "business-rule", "This day is too long ago.", "day")


def _today(desk: Desk) -> date:
    return desk.clock().astimezone(ZoneInfo(desk.settings.timezone)).date()
