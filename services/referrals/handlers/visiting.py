"""Saying when a person is expected first: the provider, the team, or a coordinator for either."""

from datetime import datetime, timedelta
from uuid import uuid4

from services.referrals import visits
from services.referrals.casefile import CaseFile, refuse_unless, state_of, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.handlers.sharing import has_died, person_of_case
from services.referrals.standing import standing
from services.referrals.tables import CaseTask, FirstVisit
from shared.auth import Principal
from shared.messaging.events import ReferralVisitSet
from shared.repeating import repeating

SOONEST = timedelta(minutes=15)
LATEST = timedelta(days=366)
LASTS = 60
"""Minutes for which a visit is in a diary where nobody says how long it takes."""

_MAY = frozenset({Actor.PROVIDER, Actor.LINK_WORKER, Actor.COORDINATOR})


@repeating
def set_first_visit(
    desk: Desk,
    principal: Principal,
    task_id: str,
    starts: datetime,
    minutes: int = LASTS,
    company: tuple[str, str] | None = None,
) -> None:
    """Say when the first visit is; the person is told, and who sent the referral reads it.

    The same time again tells nobody anything. Another time takes the place of the one before.

    Args:
        desk: what every use case works with.
        principal: the provider, the team, the hub, or who passes on what the provider said.
        task_id: the provider's Task.
        starts: when.
        minutes: for how long.
        company: who goes along, and when and where they meet the person; None leaves it as it was,
            but for the meeting where the visit is at another time now.

    Raises:
        NoSuchCase: they have no part in this request.
        Refused: there is no place yet, or it has begun or ended; the time has passed, or is further
            away than a year; the person has died; the sender asks; a provider says who goes along.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor in _MAY, "forbidden", "The provider says when, or the team does.", "task"
        )
        refuse_unless(
            company is None or actor is Actor.LINK_WORKER,
            "forbidden",
            "The team says who goes along.",
            "company",
        )
        refuse_unless(
            file.now + SOONEST <= starts <= file.now + LATEST,
            "business-rule",
            "The first visit is in the next twelve months, and not at once.",
            "starts",
        )
        refuse_unless(
            visits.status_of(state_of(task)) == visits.BOOKED
            and not has_died(person_of_case(file)),
            "conflict",
            "A first visit can be set once there is a place, until it begins.",
            "task",
        )
        ends = starts + timedelta(minutes=minutes)
        _keep(file, task, starts, ends, company, by=principal.subject)


def _keep(
    file: CaseFile,
    task: CaseTask,
    starts: datetime,
    ends: datetime,
    company: tuple[str, str] | None,
    *,
    by: str,
) -> None:
    session = file.uow.session
    visit = file.visits.get(task.id)
    booked = visit is not None and visit.status == visits.BOOKED
    moved = not booked or visit is None or visit.starts != starts
    goes, meet = company or _as_before(visit, moved=moved)
    said = (starts, ends, goes, meet)
    if booked and visit is not None and said == _said(visit):
        return
    new = visit is None
    visit = visit or FirstVisit(
        task=task.id, case=file.case.id, appointment=str(uuid4()), status=visits.BOOKED,
        starts=starts, ends=ends, set_by=by, changed=file.now,
    )  # fmt: skip
    visit.starts, visit.ends, visit.set_by, visit.changed = starts, ends, by, file.now
    visit.company, visit.meet, visit.said = goes, meet, file.now
    visit.status = visits.BOOKED
    file.visits[task.id] = visit
    session.add(visit)
    session.flush()
    if new:
        file.add_document(visits.appointment(visit, task, file.case, file.onward[task.id]))
    else:
        file.update_visit(visit, task)
    if moved:
        file.announce(ReferralVisitSet(**file.about(task), starts=starts))


def _as_before(visit: FirstVisit | None, *, moved: bool) -> tuple[str, str]:
    """Who goes along stays; when and where they meet was for the time before."""
    if visit is None:
        return "", ""
    return visit.company, "" if moved else visit.meet


def _said(visit: FirstVisit) -> tuple[datetime, datetime, str, str]:
    return visit.starts, visit.ends, visit.company, visit.meet
