"""Referrals that a team has not looked at, and people whom nobody has tried to reach (care 2).

Counted in working days by the limits of the case's hub, from when the team got the case, or took it
on; tries that reached nobody are counted as such. The team is told first, then the hub, then who
sent the referral, each once: the practice, or whoever asked at the front door and agreed to hear.
Cover for leave and illness is the hub's to find. That is the same rule as for a provider that does
not answer, against ourselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.referrals.casefile import CaseFile, NoSuchCase, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Kind
from services.referrals.gp import occasions
from services.referrals.gp.standing import OF_A_PRACTICE
from services.referrals.gp.standing import Kind as Letter
from services.referrals.gp.waits import FIRST_CONTACT, NOT_REACHED, UNSEEN
from services.referrals.gp.wishes import wish_of
from services.referrals.limits import by_hub
from services.referrals.tables import (
    Attempt,
    Case,
    CaseTask,
    FrontDoorEntry,
    GpMessage,
    PlaceHub,
    TriageTold,
    Worklist,
)
from shared.limits import URGENT, Clock, defaults
from shared.messaging.events import (
    PersonKeptWaiting,
    ReferrerKeptWaiting,
    TriageOverdue,
    TriageWaits,
)

BATCH = 100

TEAM, HUB, PRACTICE, WHO_ASKED = "team", "hub", "practice", "who-asked"

_TRIED = exists().where(col(Attempt.case) == col(Case.id))
_REACHED = _TRIED.where(col(Attempt.reached))
_TRIES = (
    select(func.count()).where(col(Attempt.case) == col(Case.id)).correlate(Case).scalar_subquery()
)
_OF_A_PRACTICE = (col(Case.practice).is_not(None), col(Case.source).in_(sorted(OF_A_PRACTICE)))
_AT_THE_DOOR = exists().where(
    col(FrontDoorEntry.case) == col(Case.id),
    or_(
        col(FrontDoorEntry.source) == "self",
        and_(
            col(FrontDoorEntry.tell_referrer),
            or_(
                *(
                    func.coalesce(col(FrontDoorEntry.referrer)[each].astext, "") != ""
                    for each in ("email", "phone")
                )
            ),
        ),
    ),
)
"""Whoever else referred is told if that was agreed and they left an address or a number (care 22);
the person themself by a way that is safe, which is looked at when it is sent."""
_TAKEN_ON = and_(col(CaseTask.status) == "accepted", col(CaseTask.business) == "triage-accepted")


def _waiting(waits_for: str, clock: Clock) -> ColumnElement[bool]:
    """Whether a case waits for something, whatever its age."""
    if waits_for == UNSEEN:
        return and_(col(CaseTask.status) == "requested", col(CaseTask.business) == "new")
    if waits_for == FIRST_CONTACT:
        return and_(_TAKEN_ON, ~_TRIED)
    return and_(_TAKEN_ON, ~_REACHED, clock.tries <= _TRIES)


@dataclass(frozen=True)
class Step:
    """Somebody who is told.

    Attributes:
        waits_for: what has not been done.
        limit: after so many working days: the name of a limit; none where days do not matter.
        told: who is.
        since: who was told before, where the days count from then; else they do from when the team
            got the case, or took it on.
    """

    waits_for: str
    limit: str
    told: str = TEAM
    since: str = ""

    @property
    def name(self) -> str:
        """As it is kept: nobody is told the same twice."""
        return f"{self.waits_for}/{self.told}"


STEPS = (
    Step(UNSEEN, "unseen"),
    Step(FIRST_CONTACT, "first_contact"),
    Step(NOT_REACHED, ""),
    Step(UNSEEN, "lead", HUB),
    Step(FIRST_CONTACT, "lead", HUB),
    Step(NOT_REACHED, "lead", HUB, since=TEAM),
    *(Step(each, "practice", PRACTICE, since=HUB) for each in (UNSEEN, FIRST_CONTACT, NOT_REACHED)),
    *(Step(each, "practice", WHO_ASKED, since=HUB) for each in (UNSEEN, FIRST_CONTACT)),
)
_TOLD_WHO_ASKED = (
    exists()
    .where(
        col(TriageTold.task) == col(CaseTask.id),
        col(TriageTold.step).in_([each.name for each in STEPS if each.told == WHO_ASKED]),
    )
    .correlate(CaseTask)
)
"""They hear it once of a referral, whatever it waits for and which team has it."""
_ONLY: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    PRACTICE: _OF_A_PRACTICE,
    WHO_ASKED: (not_(and_(*_OF_A_PRACTICE)), _AT_THE_DOOR, ~_TOLD_WHO_ASKED),
}
"""Of which referrals somebody hears at all."""


def notice(desk: Desk) -> int:
    """Tell whoever is to be told by now; returns how many were."""
    working = desk.working_days
    now = desk.clock()
    with desk.look() as uow:
        known = by_hub(uow.session)
        hubs = uow.session.exec(select(PlaceHub.code)).all()
    told = 0
    for hub in hubs:
        limits = known.get(hub, defaults())
        for urgent, clock in ((False, limits.routine), (True, limits.urgent)):
            for step in STEPS:
                since = working.before(now, _days(clock, step))
                waiting = _waiting(step.waits_for, clock)
                for case in _late(desk, hub, step, since, waiting, urgent=urgent):
                    told += _tell(desk, case, step, waiting)
    return told


def _days(clock: Clock, step: Step) -> int:
    days: int = getattr(clock, step.limit) if step.limit else 0
    return days


def _late(
    desk: Desk,
    hub: str,
    step: Step,
    since: datetime,
    waiting: ColumnElement[bool],
    *,
    urgent: bool,
) -> list[UUID]:
    priority = col(Case.priority)
    told = exists().where(
        col(TriageTold.task) == col(CaseTask.id),
        col(TriageTold.step) == step.name,
        col(TriageTold.team) == col(Case.team),
    )
    before = exists().where(
        col(TriageTold.task) == col(CaseTask.id),
        col(TriageTold.step) == f"{step.waits_for}/{step.since}",
        col(TriageTold.team) == col(Case.team),
        col(TriageTold.told) <= since,
    )
    wanted = (
        select(Case.id)
        .join(CaseTask, col(CaseTask.case) == col(Case.id))
        .join(Worklist, col(Worklist.case) == col(Case.id))
        .where(
            col(Worklist.open),
            Case.hub == hub,
            col(Case.team).is_not(None),
            CaseTask.kind == Kind.TRIAGE,
            waiting,
            priority.in_(URGENT) if urgent else priority.not_in(URGENT),
            before if step.since else col(CaseTask.updated) <= since,
            ~told,
            *_ONLY.get(step.told, ()),
        )
        .order_by(col(Case.key))
        .limit(BATCH)
    )
    with desk.look() as uow:
        return list(uow.session.exec(wanted))


def _tell(desk: Desk, case: UUID, step: Step, waiting: ColumnElement[bool]) -> int:
    try:
        with working_on(desk, None, case=case) as file:
            return _announce(file, step, waiting)
    except NoSuchCase:
        return 0


def _announce(file: CaseFile, step: Step, waiting: ColumnElement[bool]) -> int:
    """Tell it, on the open case, unless it was done or told while nobody held it."""
    triage, session = file.triage, file.uow.session
    waits = select(Case.id).join(CaseTask, col(CaseTask.case) == col(Case.id))
    this = waits.where(CaseTask.id == triage.id, waiting, *_ONLY.get(step.told, ()))
    if session.exec(this).first() is None:
        return 0
    row = {"task": triage.id, "step": step.name, "team": file.case.team, "told": file.now}
    noted = insert(TriageTold).values(row).on_conflict_do_nothing().returning(col(TriageTold.task))
    if session.execute(noted).first() is None:
        return 0
    if step.told == PRACTICE:
        return _tell_practice(file, step)
    if step.told == WHO_ASKED:
        return _tell_who_asked(file)
    about = file.context() | {"task": UUID(triage.id), "waits_for": step.waits_for}
    if step.told == TEAM and step.limit:
        session.get_one(Worklist, file.case.id).left_lying = True
    overdue = step.told == HUB
    file.announce(TriageOverdue(**about, hub=file.case.hub) if overdue else TriageWaits(**about))
    return 1


def _tell_practice(file: CaseFile, step: Step) -> int:
    """A message to the practice, as it wants them; returns whether there is a new one."""
    session, case = file.uow.session, file.case
    wish = wish_of(session, case.practice or "")
    key = occasions.key_of(case.id, Letter.DELAY, step.waits_for)
    if not wish.delay or session.get(GpMessage, key) is not None:
        return 0
    made = occasions.make(
        session, case, Letter.DELAY, wish, by="clock", now=file.now, cause=step.waits_for
    )
    if made:
        file.uow.on_commit(file.desk.posting.set)
    return 1


def _tell_who_asked(file: CaseFile) -> int:
    """An event; where they are reached is asked when the message goes, and is in none."""
    entry = file.uow.session.get_one(FrontDoorEntry, file.case.id)
    tells = PersonKeptWaiting if entry.source == "self" else ReferrerKeptWaiting
    file.announce(tells(**file.context(), task=UUID(file.triage.id)))
    return 1


def still_waits(session: Session, triage: str) -> bool:
    """Whether a team has not looked at a referral yet, or nobody has tried to reach the person.

    Args:
        session: reads it.
        triage: the Task of the link-worker service.
    """
    clock = defaults().routine
    waits = or_(_waiting(UNSEEN, clock), _waiting(FIRST_CONTACT, clock))
    found = select(Case.id).join(CaseTask, col(CaseTask.case) == col(Case.id))
    return session.exec(found.where(CaseTask.id == triage, waits)).first() is not None
