"""A referral arrives: its case and triage Task are opened; nothing goes silently into nowhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import tuple_
from sqlmodel import col, select

from services.referrals import codes
from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.domain import NEW, UNROUTED, Kind
from services.referrals.handlers.stopping import announce_standing
from services.referrals.handlers.urgency import alert, not_monitored
from services.referrals.tables import (
    Case,
    CaseDocument,
    CaseTask,
    LinkWorkerService,
    PlaceHub,
    Practice,
    StartCode,
)
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.outcome import Issue, unavailable
from shared.messaging.events import ReferralReceived, ReferralUnrouted

Coded = tuple[str, str]
"""A code system and one of its codes."""


@dataclass(frozen=True)
class Sent:
    """What came with a referral.

    Attributes:
        request: the ServiceRequest as stored.
        patient: the id of its Patient, if it is one that is here.
        person: whom that Patient is about.
        documents: everything that came with it, as (type, id).
        practices: the ODS codes found on its requesting organisations.
    """

    request: Mapping[str, Any]
    patient: str | None
    person: UUID | None
    documents: set[tuple[str, str]] = field(default_factory=set)
    practices: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Route:
    hub: str
    team: UUID | None
    practice: Practice | None
    fault: str | None


def open_case(
    desk: Desk, uow: UnitOfWork, principal: Principal, sent: Sent
) -> tuple[Case, list[Issue]]:
    """Open the case of a referral within the transaction that stores it.

    Returns:
        The case, and what its sender must be told: that nobody covers it yet (care 1), or that
        nobody watches it round the clock (care 11).
    """
    request = sent.request
    route = _route(uow, principal, sent)
    now = desk.clock()
    case = Case(
        organisation=UUID(principal.organisation),
        client_id=principal.client_id,
        service_request=str(request["id"]),
        patient=sent.patient,
        person=sent.person,
        practice=route.practice.ods_code if route.practice else None,
        hub=route.hub,
        team=route.team,
        priority=str(request.get("priority", "routine")),
        coded_by_sender=(codes.SNOMED, codes.REFERRED) in _codes(request),
        created=now,
        updated=now,
    )
    uow.session.add(case)
    uow.session.flush()
    uow.session.add_all(
        CaseDocument(case=case.id, type=kind, id=key) for kind, key in sorted(sent.documents)
    )
    file = CaseFile(desk, uow, case, principal, new=True)
    task = _triage_task(file, route)
    _announce(file, route, task)
    file.finish()
    return case, _warnings(file, route)


def _triage_task(file: CaseFile, route: _Route) -> CaseTask:
    state = NEW if route.team else UNROUTED
    hub = file.uow.session.get_one(PlaceHub, route.hub)
    task = CaseTask(
        id=str(uuid4()),
        case=file.case.id,
        kind=Kind.TRIAGE,
        service_request=file.case.service_request,
        owner=route.team or hub.organisation,
        status=state.status,
        business=state.business,
        created=file.now,
        updated=file.now,
    )
    file.add_task(task)
    return task


def _announce(file: CaseFile, route: _Route, task: CaseTask) -> None:
    request = UUID(file.case.service_request)
    context = file.context()
    file.announce(
        ReferralReceived(
            **context,
            service_request=request,
            task=UUID(task.id),
            practice=route.practice.organisation if route.practice else None,
            hub=route.hub,
        )
    )
    if route.fault:
        file.announce(
            ReferralUnrouted(**context, service_request=request, hub=route.hub, reason=route.fault)
        )
    announce_standing(file)
    alert(file)


def _warnings(file: CaseFile, route: _Route) -> list[Issue]:
    unknown_person = _NO_PERSON if file.case.person is None else None
    faults = dict.fromkeys(fault for fault in (route.fault, unknown_person) if fault)
    issues = [
        Issue("warning", "business-rule", f"{_UNROUTED_NOW} {why}", (element,))
        for why, element in (_FAULTS[fault] for fault in faults)
    ]
    return issues + not_monitored(file)


_UNROUTED_NOW = "The referral was received and is on the hub's list of referrals to place by hand."
_NO_PERSON = "no-person"
_FAULTS = {
    _NO_PERSON: (
        "Its subject is no Patient sent as a resource of its own: nobody can see who it is about.",
        "ServiceRequest.subject",
    ),
    "unknown-code": (
        "Its code is not one that starts a social prescribing referral here.",
        "ServiceRequest.code",
    ),
    "no-practice": (
        "It does not say for which practice it is: send an Organization with an ODS code.",
        "ServiceRequest.requester",
    ),
    "unknown-practice": (
        "The ODS code of its practice is not registered here.",
        "ServiceRequest.requester",
    ),
    "not-your-practice": (
        "Its practice is not one for which this client is registered.",
        "ServiceRequest.requester",
    ),
    "not-covered": (
        "No link-worker service covers its practice.",
        "ServiceRequest.requester",
    ),
}


def _route(uow: UnitOfWork, principal: Principal, sent: Sent) -> _Route:
    """Which link-worker service gets the referral, and if none, why not and which hub."""
    session = uow.session
    own_team = session.get(LinkWorkerService, UUID(principal.organisation))
    if own_team is not None:
        if sent.person is None:
            return _Route(own_team.hub, None, None, _NO_PERSON)
        return _Route(own_team.hub, own_team.organisation, None, None)
    practices = session.exec(
        select(Practice).where(col(Practice.ods_code).in_(sent.practices))
    ).all()
    own = [each for each in practices if str(each.organisation) == principal.organisation]
    known = [*own, *practices]
    place = known[0].hub if known else _home_hub(uow, principal)
    if not practices:
        fault = "unknown-practice" if sent.practices else "no-practice"
        return _Route(place, None, None, fault)
    if not own:
        return _Route(place, None, None, "not-your-practice")
    practice = own[0]
    if not _starts_here(uow, _codes(sent.request)):
        return _Route(place, None, practice, "unknown-code")
    if practice.team is None:
        return _Route(place, None, practice, "not-covered")
    if sent.person is None:
        return _Route(place, None, practice, _NO_PERSON)
    return _Route(place, practice.team, practice, None)


def _home_hub(uow: UnitOfWork, principal: Principal) -> str:
    """The hub of most of the client's practices, else the first: somebody always gets it."""
    own = select(Practice.hub).where(Practice.organisation == UUID(principal.organisation))
    hubs = uow.session.exec(own).all()
    if hubs:
        return max(sorted(set(hubs)), key=hubs.count)
    first = uow.session.exec(select(PlaceHub.code).order_by(col(PlaceHub.code))).first()
    if first is None:
        words = "This Kersey has no place hub yet: nobody would see the referral."
        raise unavailable(f"{words} Nothing was stored; tell its operator.")
    return first


def _starts_here(uow: UnitOfWork, found: Iterable[Coded]) -> bool:
    declared = tuple_(col(StartCode.system), col(StartCode.code))
    known = select(StartCode.code).where(declared.in_(list(found)))
    return uow.session.exec(known.limit(1)).first() is not None


def _codes(request: Mapping[str, Any]) -> set[Coded]:
    """A code means something in its own system alone (R4 datatypes, Coding)."""
    coding = request.get("code", {}).get("coding", [])
    return {(str(each.get("system")), str(each.get("code"))) for each in coding}
