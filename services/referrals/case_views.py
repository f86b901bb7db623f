"""What a whole case looks like to those who work on it: plain JSON for the case API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services.referrals import visits
from services.referrals.bars.telling import undelivered
from services.referrals.break_glass import openings_of
from services.referrals.case_moves import moves_of, written
from services.referrals.case_rows import CASE, only, rows_of
from services.referrals.casefile import NoSuchCase, state_of
from services.referrals.domain import TRANSITIONS, Actor, Kind
from services.referrals.gp.standing import what_to_do, why
from services.referrals.record import stops_of
from services.referrals.register import came_of
from services.referrals.resources import instant
from services.referrals.tables import (
    Activity,
    Agreement,
    Attempt,
    AttendanceMark,
    BreakGlass,
    Case,
    CaseTask,
    CodeReturned,
    FirstVisit,
    FrontDoorEntry,
    GpMessage,
    GpSharing,
    IdentityView,
    ListedService,
    OnwardRequest,
    Person,
    Practice,
    RequestMessage,
    Signpost,
    Waiting,
    Worklist,
    Worry,
    WorryNote,
)
from services.referrals.talk import last_words, last_written
from services.referrals.views import View, mine
from services.referrals.worries import worries_of
from shared.auth import Principal
from shared.gathering import Gathered, Gathering, Wanted


def _of_case(column: Any) -> Any:
    """What the case itself says in a column."""
    return columns(column).where(col(Case.id) == CASE).scalar_subquery()


def _services(table: type[CaseTask | Signpost]) -> Select[Any]:
    return columns(col(table.service)).where(col(table.case) == CASE)


PARTS: Mapping[str, Wanted] = {
    "tasks": rows_of(CaseTask, col(CaseTask.created), col(CaseTask.id)),
    "services": columns(col(ListedService.id), col(ListedService.name)).where(
        or_(
            col(ListedService.id).in_(_services(CaseTask)),
            col(ListedService.id).in_(_services(Signpost)),
        )
    ),
    "sharing": columns(col(Agreement.task), col(Agreement.expires), col(Agreement.used))
    .join(CaseTask, col(CaseTask.id) == col(Agreement.task))
    .where(
        col(CaseTask.case) == CASE,
        col(Agreement.withdrawn).is_(None),
        col(Agreement.items) != [],
    ),
    "overridden": columns(col(OnwardRequest.task), col(OnwardRequest.overrides))
    .join(CaseTask, col(CaseTask.id) == col(OnwardRequest.task))
    .where(col(CaseTask.case) == CASE, col(OnwardRequest.overrides) != []),
    "visits": rows_of(FirstVisit),
    "last_words": last_written(col(RequestMessage.case) == CASE),
    "attendance": rows_of(AttendanceMark, col(AttendanceMark.day), col(AttendanceMark.position)),
    "activities": rows_of(Activity, col(Activity.recorded)),
    "attempts": rows_of(Attempt, col(Attempt.made)),
    "moves": written(),
    "identity_views": rows_of(IdentityView, col(IdentityView.viewed)),
    "emergencies": rows_of(BreakGlass, col(BreakGlass.opened)),
    "signposts": rows_of(Signpost, col(Signpost.made)),
    "waiting": rows_of(Waiting, col(Waiting.need)),
    "codes_returned": rows_of(CodeReturned),
    "gp_sharing": rows_of(GpSharing),
    "gp_messages": rows_of(GpMessage, col(GpMessage.made), col(GpMessage.kind), col(GpMessage.id)),
    "front_door": rows_of(FrontDoorEntry),
    "worries": rows_of(Worry, col(Worry.raised), col(Worry.id)),
    "worry_notes": rows_of(WorryNote, col(WorryNote.made), col(WorryNote.id)),
    "undelivered": undelivered(_of_case(Case.service_request)),
    "person": select(Person).where(col(Person.id) == _of_case(Case.person)),
    "practice": columns(col(Practice.name)).where(
        col(Practice.ods_code) == _of_case(Case.practice)
    ),
}
"""What `case_view` reads, of a `case`."""

_TOGETHER = Gathering(**PARTS)


def cares(principal: Principal, case: Case) -> bool:
    """Whether `principal` is a link worker of the team that looks after the person."""
    return "link-worker" in principal.roles and principal.organisation == str(case.team)


def case_for(session: Session, principal: Principal, case_id: UUID) -> Case:
    """A case that `principal` works on.

    Raises:
        NoSuchCase: it is another team's or hub's, or there is none.
    """
    case, _ = case_where(session, principal, case_id)
    return case


def case_where(session: Session, principal: Principal, case_id: UUID) -> tuple[Case, bool]:
    """The same, with whether it is open.

    Raises:
        NoSuchCase: as `case_for`.
    """
    found = session.exec(
        select(Case, Worklist.open)
        .join(Worklist, col(Worklist.case) == col(Case.id))
        .where(Case.id == case_id, mine(principal))
    ).one_or_none()
    if found is None:
        raise NoSuchCase
    case, is_open = found
    return case, is_open


def case_of(session: Session, principal: Principal, case_id: UUID, now: datetime) -> View:
    """A whole case that `principal` works on; see `case_view`.

    Raises:
        NoSuchCase: it is another team's or hub's, or there is none.
    """
    found = case_for(session, principal, case_id)
    return case_view(found, _TOGETHER.read(session, case=case_id), principal, now)


def case_view(case: Case, rows: Gathered, principal: Principal, now: datetime) -> View:
    """A whole case, for its link worker and hub: Tasks, attempts, codes, who saw the identity.

    Of a message to the practice a hub sees where it stands, and no way to the letter, which names
    the person. Why a service is asked in spite of something tells of the person, and the team alone
    reads it. `possible` is what the one who asks may do with it from here.

    Args:
        case: one that they work on.
        rows: `PARTS` of it.
        principal: who asks.
        now: the moment.
    """
    reads = cares(principal, case)
    names = {each["id"]: each["name"] for each in rows["services"]}
    sharing = {each["task"]: each for each in rows["sharing"]}
    overridden = {each["task"]: each["overrides"] for each in rows["overridden"]} if reads else {}
    expected = {each.task: each for each in rows["visits"]}
    person: Person | None = only(rows["person"])
    practice = only(rows["practice"])
    not_told = only(rows["undelivered"])
    return {
        "id": str(case.id),
        "service_request": case.service_request,
        "patient": case.patient,
        "hub": case.hub,
        "team": str(case.team) if case.team else None,
        "practice": case.practice,
        "practice_name": practice["name"] if practice else None,
        "priority": case.priority,
        "source": case.source,
        "front_door": _front_door(only(rows["front_door"])),
        "outcome": case.outcome,
        "sender_not_told": not_told["undelivered"] if not_told else None,
        "stops": stops_of(person) if person else [],
        "version": case.version,
        "created": instant(case.created),
        "tasks": [
            _task_view(task, names, sharing.get(task.id))
            | {
                "first_visit": visits.view(expected.get(task.id), team=reads),
                "overrides": overridden.get(task.id, []),
            }
            for task in rows["tasks"]
        ],
        "moves": moves_of(rows["moves"]),
        "attempts": [
            {
                "made": instant(each.made),
                "reached": each.reached,
                "how": each.how,
                "minutes": each.minutes,
                "made_by": each.made_by,
            }
            for each in rows["attempts"]
        ],
        "activities": [
            {"task": each.task, "action": each.action, "day": each.day.isoformat()}
            for each in rows["activities"]
        ],
        "attendance": came_of(rows["attendance"]),
        "last_words": last_words(rows["last_words"]),
        "identity_views": [
            {
                "task": each.task,
                "viewed": instant(each.viewed),
                "viewer": each.viewer,
                "step": each.step,
            }
            for each in rows["identity_views"]
        ],
        "emergencies": openings_of(rows["emergencies"], now, words=reads),
        "worries": worries_of(rows["worries"], rows["worry_notes"]) if reads else [],
        "allocated_to": case.allocated_to,
        "signposts": [
            {
                "service": str(each.service),
                "service_name": names.get(each.service),
                "made": instant(each.made),
                "made_by": each.made_by,
            }
            for each in rows["signposts"]
        ],
        "waiting": [_waiting(each) for each in rows["waiting"]],
        "codes_returned": [
            {
                "code": each.code,
                "already_coded": each.already_coded,
                "returned": instant(each.returned),
            }
            for each in rows["codes_returned"]
        ],
        "gp_sharing": _gp_sharing(only(rows["gp_sharing"])),
        "gp_messages": [_gp_message(case, each, reads) for each in rows["gp_messages"]],
        "possible": _possible_steps(
            next(each for each in rows["tasks"] if each.kind == Kind.TRIAGE),
            Actor.LINK_WORKER if reads else Actor.COORDINATOR,
        ),
    }


def _possible_steps(triage: CaseTask, actor: Actor) -> list[str]:
    """What somebody may do with the triage Task from here, as the case API calls it."""
    return sorted(
        {
            each.action
            for each in TRANSITIONS
            if each.kind == Kind.TRIAGE
            and state_of(triage) in each.sources
            and actor in each.actors
        }
    )


def _front_door(row: FrontDoorEntry | None) -> View | None:
    """Who handed it in, and what the person agreed that they hear of it (care 22)."""
    if row is None:
        return None
    return {
        "reference": row.reference,
        "entered": row.entered,
        "entered_by": row.entered_by or None,
        "entered_for": str(row.organisation),
        "written": row.written.isoformat() if row.written else None,
        "relation": row.relation,
        "referrer": row.referrer,
        "agreed_how": row.agreed_how,
        "tell_referrer": row.tell_referrer,
    }


def _waiting(row: Waiting) -> View:
    return {
        "need": row.need,
        "areas": row.areas,
        "since": instant(row.since),
        "opened": instant(row.opened) if row.opened else None,
        "service": str(row.service) if row.service else None,
    }


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


def _task_view(task: CaseTask, names: Mapping[UUID, str], sharing: View | None) -> View:
    ends = sharing["expires"] if sharing and not sharing["used"] else None
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
        "sharing": sharing is not None,
        "agreement_ends": instant(ends) if ends else None,
        "service_withdrawn": instant(task.service_withdrawn) if task.service_withdrawn else None,
        "answered": instant(task.answered) if task.answered else None,
        "updated": instant(task.updated),
    }
