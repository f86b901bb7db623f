"""The provider's side: answering a request, and recording what came of it."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4
from zoneinfo import ZoneInfo

from services.referrals.casefile import CaseFile, refuse_unless, state_of, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Kind, decide
from services.referrals.gp.days import in_words
from services.referrals.handlers.following import follow
from services.referrals.handlers.sharing import has_died, person_of_case, share_identity
from services.referrals.register import CAME, marks_of, put_mark
from services.referrals.standing import standing
from services.referrals.tables import Activity, CaseTask
from shared.auth import Principal
from shared.messaging.events import (
    CaseEvent,
    ReferralAccepted,
    ReferralAttended,
    ReferralCompleted,
    ReferralDeclined,
    ReferralEndedEarly,
    ReferralNoResponse,
    ReferralNotAttended,
    ReferralOffered,
    ReferralStarted,
    ReferralWaitlisted,
)
from shared.repeating import repeating

EARLIEST = date(2000, 1, 1)
"""No activity that Kersey keeps was before; an earlier day is a slip of the keyboard."""

DECISIONS = ("accept", "waiting-list", "decline")
PROGRESS: dict[str, Callable[..., CaseEvent]] = {
    "start": ReferralStarted,
    "attend": ReferralAttended,
    "complete": ReferralCompleted,
    "not-attended": ReferralNotAttended,
    "end-early": ReferralEndedEarly,
}


@repeating
def answer(
    desk: Desk,
    principal: Principal,
    task_id: str,
    decision: str,
    reason: str | None = None,
    note: str | None = None,
) -> None:
    """Accept, offer a place on the waiting list, or decline.

    Where several providers are being asked, an acceptance is an offer: the person chooses.

    Raises:
        NoSuchCase: this provider was not asked.
        Refused: answered, cancelled or ended before; no reason for a decline; nobody needs the
            place any more, in words that do not say why.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        give_answer(file, task, actor, decision, reason=reason, note=note)


def give_answer(
    file: CaseFile,
    task: CaseTask,
    actor: Actor,
    decision: str,
    *,
    reason: str | None,
    note: str | None,
) -> None:
    """The answer, within a transaction on the open case."""
    refuse_unless(
        decision in DECISIONS,
        "business-rule",
        f"The answer must be one of: {', '.join(DECISIONS)}.",
        "decision",
    )
    refuse_unless(
        decision == "decline" or not has_died(person_of_case(file)),
        "conflict",
        "No place is needed for this request any more; nothing was changed.",
        "decision",
    )
    task.note = note or task.note
    if decision == "accept":
        others = [each for each in file.open_provider_tasks() if each.id != task.id]
        file.step(task, "offer" if others else "accept", actor)
        happened: CaseEvent = (ReferralOffered if others else ReferralAccepted)(**file.about(task))
    elif decision == "waiting-list":
        file.step(task, "waiting-list", actor)
        happened = ReferralWaitlisted(**file.about(task))
    else:
        file.step(task, "decline", actor, reason)
        happened = ReferralDeclined(**file.about(task), reason=str(reason))
    task.answered = file.now
    file.announce(happened)
    follow(file, actor)
    if decision == "accept":
        share_identity(file, task)


@repeating
def progress(
    desk: Desk,
    principal: Principal,
    task_id: str,
    action: str,
    *,
    day: date | None = None,
    note: str | None = None,
) -> None:
    """Record start, attendance, completion, an early end, or that the person did not come.

    Args:
        desk: what every use case works with.
        principal: the provider, or who passes on what it said.
        task_id: its Task.
        action: one of `PROGRESS`.
        day: on which day it was; today where not said.
        note: for the link worker.

    Raises:
        NoSuchCase: not a Task of this provider.
        Refused: it does not follow from the present state, or the day lies ahead, before
            `EARLIEST` or before the first day that was recorded.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        if action == "attend":
            _attend(file, task, actor, principal.subject, day, note)
        else:
            record_progress(file, task, actor, action, day=day, note=note)


def _attend(
    file: CaseFile, task: CaseTask, actor: Actor, by: str, day: date | None, note: str | None
) -> None:
    """That somebody came is a mark in the register of that day; said twice of one day it is one."""
    session, on = file.uow.session, day or _today(file)
    marked = marks_of(session, [task.id], on).get(task.id)
    if task.business == "attended" and marked is not None and marked.mark == CAME:
        decide(Kind.PROVIDER, state_of(task), "attend", actor)
        task.note = note or task.note
        return
    record_progress(file, task, actor, "attend", day=on, note=note)
    if marked is None or marked.mark != CAME:
        put_mark(session, task, on, CAME, key=uuid4(), by=by, at=file.now)


def record_progress(
    file: CaseFile,
    task: CaseTask,
    actor: Actor,
    action: str,
    *,
    day: date | None,
    note: str | None,
) -> None:
    """What came of it, within a transaction on the open case."""
    refuse_unless(
        action in PROGRESS,
        "business-rule",
        f"The step must be one of: {', '.join(PROGRESS)}.",
        "action",
    )
    today = _today(file)
    refuse_unless(
        day is None or day <= today, "business-rule", "This day has not come yet.", "date"
    )
    refuse_unless(
        day is None or day >= EARLIEST, "business-rule", "This day is too long ago.", "date"
    )
    began = file.began(task.id)
    if began is not None:
        refuse_unless(
            (day or today) >= began,
            "business-rule",
            f"This day is before the first that was recorded, {in_words(began)}.",
            "date",
        )
    file.step(task, action, actor)
    task.note = note or task.note
    file.uow.session.add(
        Activity(
            task=task.id,
            case=file.case.id,
            action=action,
            day=day or today,
            recorded_by=file.by.subject if file.by else "",
            recorded=file.now,
        )
    )
    file.announce(PROGRESS[action](**file.about(task)))
    follow(file, actor)
    share_identity(file, task)


def _today(file: CaseFile) -> date:
    return file.now.astimezone(ZoneInfo(file.desk.settings.timezone)).date()


@repeating
def expire(desk: Desk, task_id: str) -> None:
    """Close a request that got no answer in time, for a reason of its own (care 4, 20).

    Raises:
        Refused: it was answered meanwhile.
    """
    with working_on(desk, None, task=task_id) as file:
        let_expire(file, file.provider_task(task_id))


def let_expire(file: CaseFile, task: CaseTask) -> None:
    """The end of a request's time, on an open case."""
    file.step(task, "expire", Actor.CLOCK)
    file.announce(ReferralNoResponse(**file.about(task)))
    follow(file, Actor.CLOCK)
