"""What a provider did in a while, in numbers that tell of nobody; see `shared.small_numbers`."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from services.referrals.domain import DECLINE_REASONS, Kind
from services.referrals.front_door import WALK_IN
from services.referrals.register import CAME, MARKS
from services.referrals.tables import Activity, AttendanceMark, Case, CaseTask
from shared.small_numbers import FEWEST, Counts, Shown, alone, shown

View = dict[str, Any]

ANSWERS: Mapping[str, str] = {
    "provider-declined": "declined",
    "provider-silent": "no-answer",
    "awaiting-answer": "not-answered-yet",
    "waiting-list": "waiting-list",
    "cancelled": "taken-back",
    "withdrawn": "taken-back",
    "not-chosen": "taken-back",
}
"""What a Task's businessStatus counts as; any other follows a yes."""
ANSWERED = ("accepted", "waiting-list", "declined", "no-answer", "taken-back", "not-answered-yet")
ENDS: Mapping[str, str] = {"complete": "completed", "end-early": "ended-early"}


def counts(session: Session, provider: UUID, since: date, until: date, zone: ZoneInfo) -> View:
    """What came to one provider from a day to another, both of them included.

    Args:
        session: the caller's.
        provider: whose.
        since: the first day.
        until: the last.
        zone: in which they are days.

    Returns:
        `asked`, `answers` to those and `declined` by reason; `walked_in`, for whom nobody asked;
        `people` who came in that time, of both, `marks` in registers, and how many `ended` in it.
        None for what is not shown.
    """
    begin = datetime.combine(since, time(), zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    mine = (CaseTask.kind == Kind.PROVIDER, CaseTask.owner == provider)
    by_themselves = col(Case.source) == WALK_IN
    asked = session.exec(
        select(CaseTask.business, CaseTask.reason, by_themselves, func.count())
        .join(Case, col(Case.id) == col(CaseTask.case))
        .where(*mine, col(CaseTask.created) >= begin, col(CaseTask.created) < end)
        .group_by(col(CaseTask.business), col(CaseTask.reason), by_themselves)
    ).all()
    answers = dict.fromkeys(ANSWERED, 0)
    declined = dict.fromkeys(DECLINE_REASONS, 0)
    walked_in = 0
    for business, reason, nobody_asked, count in asked:
        if nobody_asked:
            walked_in += count
            continue
        answers[ANSWERS.get(business, "accepted")] += count
        if ANSWERS.get(business) == "declined" and reason in declined:
            declined[reason] += count
    marks, people = _attendance(session, provider, since, until)
    said = shown(answers)
    reasons: Shown = shown(declined)
    if said["declined"] is None:
        reasons = {name: None if count else 0 for name, count in declined.items()}
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "fewest": FEWEST,
        "asked": alone(sum(answers.values())),
        "answers": said,
        "declined": reasons,
        "walked_in": alone(walked_in),
        "people": alone(people),
        "marks": shown(marks),
        "ended": shown(_ended(session, provider, since, until)),
    }


def _attendance(session: Session, provider: UUID, since: date, until: date) -> tuple[Counts, int]:
    """The marks that hold, and how many people came at all."""
    rows = session.exec(
        select(AttendanceMark)
        .join(CaseTask, col(CaseTask.id) == col(AttendanceMark.task))
        .where(
            CaseTask.owner == provider,
            col(AttendanceMark.day) >= since,
            col(AttendanceMark.day) <= until,
        )
        .order_by(col(AttendanceMark.position))
    )
    holding = {(row.task, row.day): row for row in rows}
    counted = dict.fromkeys(MARKS, 0)
    for row in holding.values():
        counted[row.mark] += 1
    return counted, len({row.task for row in holding.values() if row.mark == CAME})


def _ended(session: Session, provider: UUID, since: date, until: date) -> Counts:
    rows = session.exec(
        select(Activity.action, func.count())
        .join(CaseTask, col(CaseTask.id) == col(Activity.task))
        .where(
            CaseTask.owner == provider,
            col(Activity.action).in_(ENDS),
            col(Activity.day) >= since,
            col(Activity.day) <= until,
        )
        .group_by(col(Activity.action))
    )
    return dict.fromkeys(ENDS.values(), 0) | {ENDS[action]: count for action, count in rows}
