"""What a request to a provider looks like without anyone's name: several are read together."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Date, Select, String, bindparam, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services.referrals import capacities, visits
from services.referrals.casefile import NoSuchCase, state_of
from services.referrals.domain import TRANSITIONS, Actor, Kind
from services.referrals.front_door import WALK_IN
from services.referrals.handlers.sharing import has_died, is_hidden, may_identify
from services.referrals.readers import is_apart
from services.referrals.register import TOLD_US
from services.referrals.resources import instant
from services.referrals.tables import (
    Agreement,
    AttendanceMark,
    Case,
    CaseTask,
    FirstVisit,
    LinkWorkerService,
    ListedCapacity,
    ListedProvider,
    ListedService,
    OnwardRequest,
    Person,
    PlaceHub,
)
from services.referrals.views import View
from shared.closing_days import closed_days
from shared.gathering import Gathered, Gathering
from shared.short_names import reference

NEEDING_A_PERSON = frozenset({"accept", "waiting-list"})
"""What no provider is invited to any more once the person has died."""

CLOSED_SOON = timedelta(days=42)
"""How far ahead it is said that a provider will be closed."""

_TASKS = bindparam("tasks", type_=ARRAY(String))


def _of(column: Any) -> ColumnElement[bool]:
    """Says of a column of Task ids that it is one of those asked for."""
    return col(column) == func.any(_TASKS)


def _said(column: Any) -> Select[Any]:
    """What the Tasks asked for say in a column."""
    return columns(col(column)).where(_of(CaseTask.id))


_CASES = _said(CaseTask.case)

_TOGETHER = Gathering(
    tasks=select(CaseTask).where(_of(CaseTask.id), col(CaseTask.kind) == Kind.PROVIDER),
    triage=select(CaseTask).where(col(CaseTask.id).in_(_said(CaseTask.part_of))),
    onward=select(OnwardRequest).where(_of(OnwardRequest.task)),
    agreements=select(Agreement).where(_of(Agreement.task)),
    visits=select(FirstVisit).where(_of(FirstVisit.task)),
    called_off=columns(col(AttendanceMark.task), col(AttendanceMark.day))
    .where(
        _of(AttendanceMark.task),
        col(AttendanceMark.mark) == TOLD_US,
        col(AttendanceMark.day) >= bindparam("today", type_=Date),
    )
    .distinct()
    .order_by(col(AttendanceMark.day)),
    cases=select(Case).where(col(Case.id).in_(_CASES)),
    persons=select(Person).where(
        col(Person.id).in_(columns(col(Case.person)).where(col(Case.id).in_(_CASES)))
    ),
    teams=select(LinkWorkerService).where(
        col(LinkWorkerService.organisation).in_(
            columns(col(Case.team)).where(col(Case.id).in_(_CASES))
        )
    ),
    hubs=select(PlaceHub).where(
        col(PlaceHub.code).in_(columns(col(Case.hub)).where(col(Case.id).in_(_CASES)))
    ),
    services=columns(
        col(ListedService.id), col(ListedService.name), col(ListedService.listed)
    ).where(col(ListedService.id).in_(_said(CaseTask.service))),
    capacities=select(ListedCapacity).where(
        col(ListedCapacity.service).in_(_said(CaseTask.service))
    ),
    providers=columns(col(ListedProvider.id), col(ListedProvider.listing)).where(
        col(ListedProvider.id).in_(_said(CaseTask.owner))
    ),
)


def request_view(session: Session, task_id: str, now: datetime) -> View:
    """A provider's request without anyone's name: what is needed, when, where, which access needs.

    The only thing an answer link shows (care 6).

    Raises:
        NoSuchCase: there is no such request to a provider.
    """
    found = request_views(session, [task_id], now)
    if not found:
        raise NoSuchCase
    return found[0]


def request_views(session: Session, task_ids: Sequence[str], now: datetime) -> list[View]:
    """Several of them, in the order in which they are named; what is none is left out.

    Args:
        session: where to read; by one statement.
        task_ids: of providers' Tasks.
        now: the moment, against which capacity and agreements expire.
    """
    if not task_ids:
        return []
    read = _TOGETHER.read(session, tasks=list(task_ids), today=now.date())
    rows = _Rows(read)
    tasks = {each.id: each for each in read["tasks"]}
    return [_view(tasks[key], rows, now) for key in task_ids if key in tasks]


class _Rows:
    """The rows beside the Tasks, by their keys."""

    def __init__(self, read: Gathered) -> None:
        self.triage = _by(read["triage"], "id")
        self.onward = _by(read["onward"], "task")
        self.agreements = _by(read["agreements"], "task")
        self.visits = _by(read["visits"], "task")
        self.cases = _by(read["cases"], "id")
        self.persons = _by(read["persons"], "id")
        self.teams = _by(read["teams"], "organisation")
        self.hubs = _by(read["hubs"], "code")
        self.capacities = _by(read["capacities"], "service")
        self.services = {each["id"]: each for each in read["services"]}
        self.listings = {each["id"]: each["listing"] for each in read["providers"]}
        self.called_off: dict[str, list[str]] = {}
        for each in read["called_off"]:
            self.called_off.setdefault(each["task"], []).append(each["day"].isoformat())


def _by(found: Collection[Any], key: str) -> Mapping[Any, Any]:
    return {getattr(each, key): each for each in found}


def _view(task: CaseTask, rows: _Rows, now: datetime) -> View:
    onward: OnwardRequest = rows.onward[task.id]
    case: Case = rows.cases[task.case]
    service = rows.services.get(task.service)
    team: LinkWorkerService | None = rows.teams.get(case.team)
    hub: PlaceHub | None = rows.hubs.get(case.hub)
    person: Person | None = rows.persons.get(case.person)
    by_themselves = case.source == WALK_IN
    possible = _possible(task) - (NEEDING_A_PERSON if has_died(person) else frozenset())
    return {
        "task": task.id,
        "reference": reference(UUID(task.id)),
        "provider": str(task.owner),
        "status": task.status,
        "business_status": task.business,
        "service": {
            "id": str(task.service),
            "name": service["name"] if service else "",
            "listed": service is not None and service["listed"],
            "capacity": capacities.shown(rows.capacities.get(task.service), now),
            "closed": _closed(rows.listings.get(task.owner) or {}, now),
        },
        "need": {"codes": onward.needs, "text": onward.text},
        "full_because": onward.full_because,
        "when": onward.when,
        "where": "" if is_hidden(person) else onward.where,
        "access_needs": onward.access_needs,
        "link_worker": {"name": team.name, "phone": team.phone} if team else None,
        "hub": {"name": hub.name, "phone": hub.phone} if hub else None,
        "came_by_themselves": by_themselves,
        "team_hears": not by_themselves or not is_apart(rows.triage[task.part_of]),
        "priority": case.priority,
        "answerable": "accept" in possible,
        "possible": sorted(possible),
        "closes": instant(task.closes) if task.status == "requested" and task.closes else None,
        "identity_available": may_identify(
            state_of(task), rows.agreements.get(task.id), person, now
        ),
        "first_visit": visits.view(rows.visits.get(task.id)),
        "called_off": rows.called_off.get(task.id, []),
    }


def _closed(listing: Mapping[str, Any], now: datetime) -> list[View]:
    """When a provider is closed that is asked now: what holds today or begins soon."""
    return [
        {"starts": first.isoformat(), "ends": last.isoformat(), "why": why}
        for first, last, why in closed_days(listing).coming(now.date(), CLOSED_SOON)
    ]


def _possible(task: CaseTask) -> set[str]:
    """The steps that the provider may take from here, as the API calls them.

    An acceptance is an offer where several are asked; which of the two it is Kersey knows.
    """
    return {
        "accept" if each.action == "offer" else each.action
        for each in TRANSITIONS
        if each.kind == task.kind
        and state_of(task) in each.sources
        and Actor.PROVIDER in each.actors
    }
