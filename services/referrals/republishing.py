"""The cases told again, as they stand: whose each is, what was answered, what stops messages.

Only what others keep a copy of. That a provider was asked, or that a case ended, is no copy but a
message to somebody; a replay makes none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select

from services.referrals.casefile import state_of
from services.referrals.domain import WITH_PROVIDER, Kind
from services.referrals.handlers.stopping import SAID
from services.referrals.limits import by_hub
from services.referrals.record import STOPS, stops_of
from services.referrals.tables import (
    Case,
    CaseTask,
    FirstVisit,
    HubLimitsSaid,
    Person,
    PersonChange,
    PlaceHub,
    Practice,
)
from services.referrals.visits import BOOKED
from shared.database import UnitOfWork
from shared.messaging.events import (
    CaseEvent,
    HubLimitsChanged,
    PersonStop,
    PersonStopLifted,
    ReferralAccepted,
    ReferralCancelled,
    ReferralCompleted,
    ReferralDeclined,
    ReferralEndedEarly,
    ReferralNotAttended,
    ReferralOffered,
    ReferralReceived,
    ReferralVisitSet,
    ReferralWaitlisted,
)
from shared.messaging.events import Sequence as Place
from shared.messaging.republishing import AFTER_ALL, OwnState, Told

_ACCEPTED = frozenset({"selected", "started", "attended"})
_ENDED: dict[str, type[CaseEvent]] = {
    "completed": ReferralCompleted,
    "person-ended-early": ReferralEndedEarly,
    "did-not-come": ReferralNotAttended,
}
"""Endings of what was accepted before."""


APART = select(CaseTask.case).where(
    col(CaseTask.kind) == Kind.TRIAGE, col(CaseTask.business) == WITH_PROVIDER.business
)
"""The cases of which nobody but their provider hears, now or when others are told again."""


def _keys(uow: UnitOfWork) -> Sequence[UUID]:
    wanted = select(Case.id).where(col(Case.erased).is_(None), ~col(Case.id).in_(APART))
    wanted = wanted.order_by(col(Case.key))
    return uow.session.exec(wanted).all()


def _raise_versions(uow: UnitOfWork, keys: Sequence[UUID], number: int) -> None:
    _locked(uow, keys)
    raised = update(Case).where(col(Case.id).in_(keys)).values(version=col(Case.version) + number)
    uow.session.connection().execute(raised)


def _locked(uow: UnitOfWork, keys: Sequence[UUID]) -> Sequence[Case]:
    wanted = select(Case).where(col(Case.id).in_(keys), col(Case.erased).is_(None))
    wanted = wanted.order_by(col(Case.key)).with_for_update()
    return uow.session.exec(wanted.execution_options(populate_existing=True)).all()


def _cases(uow: UnitOfWork, keys: Sequence[UUID]) -> Iterator[Told]:
    cases = _locked(uow, keys)
    session = uow.session
    tasks: defaultdict[UUID, list[CaseTask]] = defaultdict(list)
    wanted = select(CaseTask).where(col(CaseTask.case).in_(keys))
    for task in session.exec(wanted.order_by(col(CaseTask.created), col(CaseTask.id))):
        tasks[task.case].append(task)
    expected = session.exec(select(FirstVisit).where(col(FirstVisit.case).in_(keys)))
    visits = {each.task: each for each in expected}
    senders = {each.ods_code: each.organisation for each in session.exec(select(Practice))}
    persons = _spoken_of(uow, cases)
    for case in cases:
        events = [
            _received(case, tasks[case.id], senders),
            *(event for task in tasks[case.id] for event in _answered(case, task)),
            *(event for task in tasks[case.id] for event in _visit(case, task, visits)),
            *_stops(case, persons.get(case.person)),
        ]
        for n, event in enumerate(events, AFTER_ALL):
            yield event, Place(case.version, n)


def _received(case: Case, tasks: Sequence[CaseTask], senders: dict[str, UUID]) -> CaseEvent:
    triage = next(task for task in tasks if task.kind == Kind.TRIAGE)
    return ReferralReceived(
        **_context(case),
        service_request=UUID(case.service_request),
        task=UUID(triage.id),
        practice=senders.get(case.practice or ""),
        hub=case.hub,
    )


def _answered(case: Case, task: CaseTask) -> Iterator[CaseEvent]:
    """What a provider said, and how what it accepted ended."""
    if task.kind != Kind.PROVIDER:
        return
    about = _context(case) | {
        "task": UUID(task.id),
        "service": task.service,
        "provider": task.owner,
    }
    state = state_of(task)
    if state.business in _ACCEPTED or state.business in _ENDED:
        yield ReferralAccepted(**about)
    if state.business in _ENDED:
        yield _ENDED[state.business](**about)
    elif state.business == "offered":
        yield ReferralOffered(**about)
    elif state.business == "waiting-list":
        yield ReferralWaitlisted(**about)
    elif state.business == "provider-declined":
        yield ReferralDeclined(**about, reason=task.reason or "other")
    elif state.status == "cancelled" and state.business != "provider-silent":
        yield ReferralCancelled(**about, reason=task.reason or state.business)


def _visit(
    case: Case, task: CaseTask, visits: Mapping[str, FirstVisit]
) -> Iterator[ReferralVisitSet]:
    """When somebody is expected who has a place."""
    visit = visits.get(task.id)
    if visit is not None and visit.status == BOOKED and task.service and task.owner:
        yield ReferralVisitSet(
            **_context(case),
            task=UUID(task.id),
            service=task.service,
            provider=task.owner,
            starts=visit.starts,
        )


def _context(case: Case) -> dict[str, Any]:
    return {"case": case.id, "team": case.team, "priority": case.priority}


def _spoken_of(uow: UnitOfWork, cases: Sequence[Case]) -> dict[UUID | None, Person]:
    """The persons of whom a stop stands, or stood once."""
    known = {case.person for case in cases}
    said = select(PersonChange.person).where(
        col(PersonChange.person).in_(known), col(PersonChange.about).startswith("stop/")
    )
    once = set(uow.session.exec(said))
    rows = uow.session.exec(select(Person).where(col(Person.id).in_(known)))
    return {row.id: row for row in rows if row.id in once or stops_of(row)}


def _stops(case: Case, person: Person | None) -> Iterator[PersonStop]:
    if person is None:
        return
    standing = stops_of(person)
    for stop in STOPS:
        if stop in standing:
            yield SAID[stop](case=case.id, person=person.id)
        else:
            yield PersonStopLifted(case=case.id, person=person.id, stop=stop)


def _hubs(uow: UnitOfWork) -> Sequence[str]:
    said = select(HubLimitsSaid.hub).distinct().order_by(HubLimitsSaid.hub)
    return uow.session.exec(said).all()


def _limits(uow: UnitOfWork, hubs: Sequence[str]) -> Iterator[Told]:
    held = select(PlaceHub.code).where(col(PlaceHub.code).in_(hubs)).order_by(PlaceHub.code)
    uow.session.exec(held.with_for_update()).all()
    numbers = select(HubLimitsSaid.hub, func.max(HubLimitsSaid.number)).group_by(HubLimitsSaid.hub)
    last = dict(uow.session.exec(numbers.where(col(HubLimitsSaid.hub).in_(hubs))).all())
    in_force = by_hub(uow.session)
    for hub in hubs:
        limits = in_force[hub]
        event = HubLimitsChanged(
            hub=hub, routine=limits.routine.model_dump(), urgent=limits.urgent.model_dump()
        )
        yield event, Place(last[hub])


def _raise_numbers(uow: UnitOfWork, hubs: Sequence[str], number: int) -> None:
    this = col(HubLimitsSaid.hub).in_(hubs)
    raised = update(HubLimitsSaid).where(this)
    uow.session.connection().execute(raised.values(number=col(HubLimitsSaid.number) + number))


_TELLING: tuple[type[CaseEvent], ...] = (
    ReferralReceived,
    ReferralAccepted,
    ReferralOffered,
    ReferralWaitlisted,
    ReferralDeclined,
    ReferralCancelled,
    ReferralVisitSet,
    *_ENDED.values(),
    *SAID.values(),
    PersonStopLifted,
)

STATE = (
    OwnState(
        kind="cases",
        types=frozenset(event.type for event in _TELLING),
        keys=_keys,
        told=_cases,
        raise_versions=_raise_versions,
    ),
    OwnState(
        kind="limits",
        types=frozenset({HubLimitsChanged.type}),
        keys=_hubs,
        told=_limits,
        raise_versions=_raise_numbers,
    ),
)
"""What referrals can tell again."""
