"""Somebody who has a place cannot come on one day: their place stays, and the register knows.

It is one mark in the register of that day, made ahead, which the provider puts right if they come
all the same; a first visit on that day is cancelled until another time is said (care 16).
"""

from datetime import date, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.referrals import visits
from services.referrals.casefile import CaseFile, refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.handlers.sharing import has_died, person_of_case
from services.referrals.register import EXPECTED, TOLD_US
from services.referrals.standing import standing
from services.referrals.tables import AttendanceMark, CaseTask
from shared.auth import Principal
from shared.messaging.events import ReferralVisitCalledOff
from shared.repeating import repeating

AHEAD = timedelta(days=92)
"""How far ahead somebody can know that they will not come."""

PERSON = "person"
"""Who marked it, where the person said so by the link in a message."""

_NAMESPACE = UUID("0c5d0a52-0c1b-5e0e-8f5d-2f6b3f0f9a77")
_MAY = frozenset({Actor.LINK_WORKER, Actor.COORDINATOR})


@repeating
def call_off(desk: Desk, principal: Principal, task_id: str, day: date) -> None:
    """Say for the person that they do not come on one day; the same day again says nothing.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team, or the hub.
        task_id: the provider's Task.
        day: on which they do not come.

    Raises:
        NoSuchCase: they have no part in this request.
        Refused: see `note_called_off`; or somebody else asks: a provider marks its own register.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        refuse_unless(
            standing(file, principal, task) in _MAY,
            "forbidden",
            "The team says so for the person. A provider marks its own register.",
            "task",
        )
        note_called_off(file, task, day, by=principal.subject)


def note_called_off(file: CaseFile, task: CaseTask, day: date, *, by: str) -> None:
    """Have the register of a day and the provider know that somebody does not come.

    Args:
        file: the open case.
        task: the provider's Task.
        day: on which they do not come.
        by: who says so: the `sub` of an account, or `PERSON`.

    Raises:
        Refused: they have no place there, or have died; the day is over, or too far away.
    """
    session, zone = file.uow.session, ZoneInfo(file.desk.settings.timezone)
    today = file.now.astimezone(zone).date()
    refuse_unless(
        task.business in EXPECTED and not has_died(person_of_case(file)),
        "conflict",
        "Nobody is expected by this request.",
        "task",
    )
    refuse_unless(
        today <= day <= today + AHEAD,
        "business-rule",
        "The day is today, or one of the next three months.",
        "day",
    )
    key = uuid5(_NAMESPACE, f"{task.id}/{day}")
    if session.get(AttendanceMark, key) is not None:
        return
    session.add(
        AttendanceMark(
            key=key, task=task.id, case=file.case.id, day=day, mark=TOLD_US, marked_by=by,
            marked=file.now,
        )
    )  # fmt: skip
    session.flush()
    visit = file.visits.get(task.id)
    if visit and visit.status == visits.BOOKED and visit.starts.astimezone(zone).date() == day:
        visit.status, visit.changed = visits.CANCELLED, file.now
        session.add(visit)
        file.update_visit(visit, task)
    file.announce(ReferralVisitCalledOff(**file.about(task), day=day))
    file.audit("visit-called-off", f"Task/{task.id}")
