"""What a case looks like to those who work on it: plain JSON for the case API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, func, select

from services.referrals import capacities
from services.referrals.bars.telling import sender_not_told
from services.referrals.casefile import NoSuchCase, state_of
from services.referrals.domain import TRANSITIONS, Actor, Kind, Refused
from services.referrals.gp.standing import what_to_do, why
from services.referrals.handlers.sharing import has_died, is_hidden, may_identify
from services.referrals.record import stops_of
from services.referrals.register import came_of
from services.referrals.resources import instant
from services.referrals.tables import (
    Activity,
    Agreement,
    Attempt,
    Case,
    CaseTask,
    CodeReturned,
    FrontDoorEntry,
    GpMessage,
    GpSharing,
    IdentityView,
    LinkWorkerService,
    ListedService,
    OnwardRequest,
    Person,
    PlaceHub,
    Practice,
    Signpost,
    Waiting,
    Worklist,
)
from services.referrals.talk import last_words
from shared.auth import Principal

View = dict[str, Any]

NEEDING_A_PERSON = frozenset({"accept", "waiting-list"})
"""What no provider is invited to any more once the person has died."""

ME, NOBODY = "me", "nobody"
"""Whom a case may be allocated to, beside a colleague by the id of their account."""

NOTHING_AFTER = "Your list has no such row now. Begin again with its first page, without `after`."


def request_view(session: Session, task_id: str, now: datetime) -> View:
    """A provider's request without anyone's name: what is needed, when, where, which access needs.

    The only thing an answer link shows (care 6).

    Raises:
        NoSuchCase: there is no such request to a provider.
    """
    task = session.get(CaseTask, task_id)
    if task is None or task.kind != Kind.PROVIDER:
        raise NoSuchCase
    onward = session.get_one(OnwardRequest, task_id)
    case = session.get_one(Case, task.case)
    service = session.get(ListedService, task.service)
    team = session.get(LinkWorkerService, case.team) if case.team else None
    agreement = session.exec(select(Agreement).where(Agreement.task == task_id)).one_or_none()
    person = session.get(Person, case.person) if case.person else None
    possible = _possible(task) - (NEEDING_A_PERSON if has_died(person) else frozenset())
    return {
        "task": task.id,
        "provider": str(task.owner),
        "status": task.status,
        "business_status": task.business,
        "service": {
            "id": str(task.service),
            "name": service.name if service else "",
            "listed": service is not None and service.listed,
            "capacity": capacities.shown(capacities.of(session, task.service), now),
        },
        "need": {"codes": onward.needs, "text": onward.text},
        "full_because": onward.full_because,
        "when": onward.when,
        "where": "" if is_hidden(person) else onward.where,
        "access_needs": onward.access_needs,
        "link_worker": {"name": team.name, "phone": team.phone} if team else None,
        "priority": case.priority,
        "answerable": "accept" in possible,
        "possible": sorted(possible),
        "identity_available": may_identify(state_of(task), agreement, person, now),
    }


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


def case_view(session: Session, case: Case, principal: Principal) -> View:
    """A whole case, for its link worker and hub: Tasks, attempts, codes, who saw the identity.

    Of a message to the practice a hub sees where it stands, and no way to the letter, which names
    the person.
    """
    tasks = session.exec(
        select(CaseTask).where(CaseTask.case == case.id).order_by(col(CaseTask.created))
    ).all()
    asked = [task.service for task in tasks if task.service]
    names = dict(
        session.exec(
            select(ListedService.id, ListedService.name).where(col(ListedService.id).in_(asked))
        ).all()
    )
    attempts = session.exec(
        select(Attempt).where(Attempt.case == case.id).order_by(col(Attempt.made))
    ).all()
    views = session.exec(
        select(IdentityView).where(IdentityView.case == case.id).order_by(col(IdentityView.viewed))
    ).all()
    activities = session.exec(
        select(Activity).where(Activity.case == case.id).order_by(col(Activity.recorded))
    ).all()
    returned = session.exec(select(CodeReturned).where(CodeReturned.case == case.id)).all()
    sharing = set(
        session.exec(
            select(Agreement.task).where(
                col(Agreement.task).in_([task.id for task in tasks]),
                col(Agreement.withdrawn).is_(None),
                col(Agreement.items) != [],
            )
        )
    )
    messages = session.exec(
        select(GpMessage)
        .where(GpMessage.case == case.id)
        .order_by(col(GpMessage.made), col(GpMessage.kind), col(GpMessage.id))
    ).all()
    person = session.get(Person, case.person) if case.person else None
    practice = session.get(Practice, case.practice) if case.practice else None
    return {
        "id": str(case.id),
        "service_request": case.service_request,
        "patient": case.patient,
        "hub": case.hub,
        "team": str(case.team) if case.team else None,
        "practice": case.practice,
        "practice_name": practice.name if practice else None,
        "priority": case.priority,
        "source": case.source,
        "front_door": _front_door(session.get(FrontDoorEntry, case.id)),
        "outcome": case.outcome,
        "sender_not_told": sender_not_told(session, case.service_request),
        "stops": stops_of(person) if person else [],
        "version": case.version,
        "created": instant(case.created),
        "tasks": [_task_view(task, names, task.id in sharing) for task in tasks],
        "attempts": [
            {
                "made": instant(each.made),
                "reached": each.reached,
                "how": each.how,
                "minutes": each.minutes,
            }
            for each in attempts
        ],
        "activities": [
            {"task": each.task, "action": each.action, "day": each.day.isoformat()}
            for each in activities
        ],
        "attendance": came_of(session, case.id),
        "last_words": last_words(session, [task.id for task in tasks]),
        "identity_views": [
            {
                "task": each.task,
                "viewed": instant(each.viewed),
                "viewer": each.viewer,
                "step": each.step,
            }
            for each in views
        ],
        "allocated_to": case.allocated_to,
        "signposts": _signposts(session, case.id),
        "waiting": _waiting(session, case.id),
        "codes_returned": [
            {
                "code": each.code,
                "already_coded": each.already_coded,
                "returned": instant(each.returned),
            }
            for each in returned
        ],
        "gp_sharing": _gp_sharing(session.get(GpSharing, case.id)),
        "gp_messages": [_gp_message(case, each, cares(principal, case)) for each in messages],
    }


def _front_door(row: FrontDoorEntry | None) -> View | None:
    """Who handed it in, and what the person agreed that they hear of it (care 22)."""
    if row is None:
        return None
    return {
        "reference": row.reference,
        "entered": row.entered,
        "relation": row.relation,
        "referrer": row.referrer,
        "agreed_how": row.agreed_how,
        "tell_referrer": row.tell_referrer,
    }


def _waiting(session: Session, case: UUID) -> list[View]:
    rows = select(Waiting).where(Waiting.case == case).order_by(col(Waiting.need))
    return [
        {
            "need": each.need,
            "areas": each.areas,
            "since": instant(each.since),
            "opened": instant(each.opened) if each.opened else None,
            "service": str(each.service) if each.service else None,
        }
        for each in session.exec(rows)
    ]


def _gp_sharing(row: GpSharing | None) -> View | None:
    if row is None:
        return None
    return {
        "items": row.items,
        "how": row.how,
        "given": instant(row.given),
        "withdrawn": instant(row.withdrawn) if row.withdrawn else None,
    }


def _gp_message(case: Case, message: GpMessage, reads: bool) -> View:
    """Where a message to the practice stands: what went wrong, and what somebody has to do."""
    at = f"/referrals/cases/{case.id}/gp-messages/{message.id}"
    return {
        "id": str(message.id),
        "kind": message.kind,
        "practice": message.practice,
        "route": message.route,
        "state": message.state,
        "reason": message.reason,
        "why": why(message.reason),
        "what_to_do": what_to_do(message.kind, message.state),
        "code": message.code,
        "made": instant(message.made),
        "changed": instant(message.changed),
        "posted_on": message.posted_on.isoformat() if message.posted_on else None,
        "letter": f"{at}/letter.pdf" if message.written and reads else None,
    }


def _task_view(task: CaseTask, names: Mapping[UUID, str], sharing: bool) -> View:
    return {
        "id": task.id,
        "kind": task.kind,
        "service_request": task.service_request,
        "status": task.status,
        "business_status": task.business,
        "reason": task.reason,
        "note": task.note,
        "service": str(task.service) if task.service else None,
        "service_name": names.get(task.service) if task.service else None,
        "owner": str(task.owner) if task.owner else None,
        "sharing": sharing,
        "service_withdrawn": instant(task.service_withdrawn) if task.service_withdrawn else None,
        "updated": instant(task.updated),
    }


def cares(principal: Principal, case: Case) -> bool:
    """Whether `principal` is a link worker of the team that looks after the person."""
    return "link-worker" in principal.roles and principal.organisation == str(case.team)


def case_for(session: Session, principal: Principal, case_id: UUID) -> Case:
    """A case that `principal` works on.

    Raises:
        NoSuchCase: it is another team's or hub's, or there is none.
    """
    case = session.get(Case, case_id)
    row = session.get(Worklist, case_id)
    if case is None or row is None or not _sees(session, principal, row):
        raise NoSuchCase
    return case


def worklist(
    session: Session,
    principal: Principal,
    *,
    state: str | None,
    unrouted: bool | None,
    gp_to_do: bool | None,
    opened: bool | None,
    due: bool | None = None,
    allocated_to: str | None = None,
    now: datetime,
    open_only: bool,
    ended: bool = False,
    service_requests: Sequence[str] | None = None,
    after: UUID | None,
    count: int,
) -> list[View]:
    """One page of the worklist of the caller's team or hub: urgent first, then longest waiting.

    Its names are those of the practice and the team: who the person is stands in no row.

    Raises:
        Refused: `after` is no case on this list, which a first page again would hide.
    """
    rows = (
        select(Worklist, Case, Practice.name, FrontDoorEntry.reference)
        .join(Case, col(Case.id) == col(Worklist.case))
        .outerjoin(Practice, col(Practice.ods_code) == col(Case.practice))
        .outerjoin(FrontDoorEntry, col(FrontDoorEntry.case) == col(Case.id))
        .where(mine(principal))
    )
    if state:
        rows = rows.where(Worklist.state == state)
    if unrouted is not None:
        rows = rows.where(Worklist.unrouted == unrouted)
    if gp_to_do is not None:
        rows = rows.where(Worklist.gp_to_do == gp_to_do)
    if opened is not None:
        rows = rows.where(Worklist.opened == opened)
    if due is not None:
        rows = rows.where(is_due(now) == due)
    if allocated_to is not None:
        rows = rows.where(_allocated(principal, allocated_to))
    if ended:
        rows = rows.where(~col(Worklist.open))
    elif open_only:
        rows = rows.where(col(Worklist.open))
    if service_requests is not None:
        rows = rows.where(col(Case.service_request).in_(service_requests))
    rank = (col(Worklist.urgent).desc(), col(Worklist.since), col(Worklist.case))
    if after is not None:
        # Of another team's case neither its place in the order is told nor that there is one.
        last = session.exec(
            select(Worklist).where(Worklist.case == after, mine(principal))
        ).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        rows = rows.where(_behind(last))
    found = session.exec(rows.order_by(*rank).limit(count)).all()
    teams = _teams(session, {case.team for _, case, *_ in found if case.team})
    return [
        {
            "case": str(row.case),
            "service_request": case.service_request,
            "patient": case.patient,
            "state": row.state,
            "provider_state": row.provider_state,
            "delivery_state": row.delivery_state,
            "gp_to_do": row.gp_to_do,
            "opened": row.opened,
            "urgent": row.urgent,
            "unrouted": row.unrouted,
            "open": row.open,
            "priority": case.priority,
            "allocated_to": row.allocated_to,
            "due": instant(row.due) if row.due else None,
            "agreement_ends": instant(row.agreement_ends) if row.agreement_ends else None,
            "source": case.source,
            "reference": reference,
            "practice": practice or case.practice,
            "team": teams.get(case.team) if case.team else None,
            "created": instant(case.created),
            "since": instant(row.since),
            "updated": instant(row.updated),
        }
        for row, case, practice, reference in found
    ]


def _teams(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    named = select(LinkWorkerService.organisation, LinkWorkerService.name)
    return dict(session.exec(named.where(col(LinkWorkerService.organisation).in_(ids))).all())


def caseload(session: Session, principal: Principal, now: datetime) -> View:
    """How many open cases the caller's team or hub has, by state, and what waits for somebody.

    `waiting` counts the open cases of each filter of the worklist, in the filters' own words; of
    messages to a GP those of ended cases too, as the summary at the end is one.
    """
    filters = {
        "urgent": col(Worklist.urgent),
        "unrouted": col(Worklist.unrouted),
        "opened": col(Worklist.opened),
        "due": is_due(now),
        "mine": _allocated(principal, ME),
        "nobody": _allocated(principal, NOBODY),
    }
    gp_to_do = select(func.count()).where(mine(principal), col(Worklist.gp_to_do))
    counts = [func.count().filter(each).label(name) for name, each in filters.items()]
    rows = session.exec(
        select(Worklist.state, func.count(), *counts)
        .where(mine(principal), col(Worklist.open))
        .group_by(col(Worklist.state))
    ).all()
    waiting = {name: sum(int(row[2 + at]) for row in rows) for at, name in enumerate(filters)}
    return {
        "open": sum(row[1] for row in rows),
        "states": {row[0]: row[1] for row in rows},
        "waiting": {**waiting, "gp_to_do": session.exec(gp_to_do).one()},
    }


def possible_steps(session: Session, case: Case, actor: Actor) -> list[str]:
    """What somebody may do with the triage Task of a case from here, as the case API calls it."""
    task = session.exec(
        select(CaseTask).where(CaseTask.case == case.id, CaseTask.kind == Kind.TRIAGE)
    ).one()
    return sorted(
        {
            each.action
            for each in TRANSITIONS
            if each.kind == Kind.TRIAGE and state_of(task) in each.sources and actor in each.actors
        }
    )


def is_due(now: datetime) -> Any:
    """Whether the day of a row's next step has come."""
    return func.coalesce(col(Worklist.due) <= now, False)


def _allocated(principal: Principal, to: str) -> Any:
    """Whether a row is allocated to somebody; to nobody where it could be to somebody."""
    if to == NOBODY:
        return col(Worklist.allocated_to).is_(None) & col(Worklist.team).is_not(None)
    return col(Worklist.allocated_to) == (principal.subject if to == ME else to)


def _signposts(session: Session, case: UUID) -> list[View]:
    rows = session.exec(
        select(Signpost, ListedService.name)
        .outerjoin(ListedService, col(ListedService.id) == col(Signpost.service))
        .where(Signpost.case == case)
        .order_by(col(Signpost.made))
    )
    return [
        {"service": str(row.service), "service_name": name, "made": instant(row.made)}
        for row, name in rows
    ]


def mine(principal: Principal) -> Any:
    """Whether a row is on the list of the caller's team, or hub."""
    organisation = UUID(principal.organisation)
    if "coordinator" in principal.roles:
        hub = select(PlaceHub.code).where(PlaceHub.organisation == organisation)
        return col(Worklist.hub).in_(hub)
    return Worklist.team == organisation


def _sees(session: Session, principal: Principal, row: Worklist) -> bool:
    found = session.exec(
        select(Worklist.case).where(Worklist.case == row.case, mine(principal))
    ).first()
    return found is not None


def _behind(last: Worklist) -> Any:
    """What comes after a row: urgent ones are all before those that are not."""
    later = tuple_(col(Worklist.since), col(Worklist.case)) > tuple_(
        literal(last.since), literal(last.case)
    )
    if last.urgent:
        return ~col(Worklist.urgent) | later
    return ~col(Worklist.urgent) & later
