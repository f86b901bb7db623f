"""What became of messages, and the calls that staff have to make. No personal data, no address."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request

from services.notifications import retrying, sheets, tables
from services.notifications.domain import Kind
from services.notifications.escalation import answers_hoped_for
from services.notifications.handlers import hub_lists, hubs, tracking
from services.notifications.handlers.tracking import MOST_LISTED
from services.notifications.notice import Notice, notice_of
from services.notifications.words import TO_REFERRER, WORDS
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.limits import URGENT
from shared.problems import Problem
from shared.short_names import reference

router = APIRouter(prefix="/notifications", tags=["deliveries"])

Reads = Annotated[Principal, Depends(requires("notifications.read", "notifications.write"))]
Writes = Annotated[Principal, Depends(requires("notifications.write"))]

STAFF = frozenset(["coordinator", "link-worker", "service"])
"""Roles that see what was sent about referrals: those of their own hub or team (`hubs`)."""


NOT_TO_PARTY = "The person's name, address, health or anything that tells who they are."
NOT_TO_REFERRER = "Anything about the person: not their name, and not how they are."
"""What is not said on the phone, by whom it is made to (care 16)."""


def _is_staff(principal: Principal) -> None:
    if not STAFF & principal.roles:
        raise Problem(403, "Not allowed", "This is for a hub's staff.", element="roles")


@router.get("/deliveries")
def deliveries(
    principal: Reads,
    request: Request,
    case: Annotated[UUID | None, Query()] = None,
    task: Annotated[UUID | None, Query()] = None,
) -> dict[str, Any]:
    """Every delivery about a case or a Task with its attempts, oldest first.

    Apart, those to the person: how they were told, never where.
    """
    _is_staff(principal)
    if case is None and task is None:
        raise Problem(400, "Say which", "Give a case or a task.", element="case")
    with UnitOfWork(request.app.state.engine) as uow:
        seen = hubs.seen_by(uow, principal)
        found = tracking.tracked(uow, seen, case=case, task=task)
        theirs = hubs.seen_by(uow, principal, tables.person_delivery.c.case)
        told = tracking.told_person(uow, theirs, case=case, task=task)
        labels = tracking.labels(uow, found)
    return {
        "deliveries": [_shown(each, labels) for each in found],
        "to_person": [_shown_of_person(each) for each in told],
    }


@router.post("/deliveries/{delivery}/retry", status_code=202)
def retry(delivery: UUID, principal: Writes, request: Request) -> dict[str, Any]:
    """Try a failed delivery again, from now, with a fresh schedule."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        _is_seen(uow, principal, delivery)
        if hindrance := retrying.retry(uow, tables.deliveries, delivery):
            raise Problem(409, "Nothing was changed", hindrance.value, element="delivery")
        uow.on_commit(request.app.state.delivery_wake.set)
        uow.commit()
    return {"id": str(delivery), "state": "queued"}


@router.get("/failures")
def failures(
    principal: Reads,
    request: Request,
    after: UUID | None = None,
    count: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
) -> dict[str, Any]:
    """Messages that did not arrive and still matter, oldest first; `after` is the last one's id."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow, _in_words():
        seen = hubs.seen_by(uow, principal)
        found = hub_lists.failures(uow, seen, after=after, count=count)
    return {"failures": [_failure(row) for row in found]}


@router.get("/waiting")
def waiting(principal: Reads, request: Request) -> dict[str, int]:
    """How many calls, sheets, failed messages and bad addresses wait for you."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        seen = hubs.seen_by(uow, principal)
        due = sheets.due(uow, seen, request.app.state.sheet_days)
        return {**hub_lists.counted(uow, principal), "sheets": len(due)}


@router.get("/unusable-addresses")
def unusable_addresses(
    principal: Writes,
    request: Request,
    count: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
) -> dict[str, Any]:
    """Contacts of your hub's parties to which nothing is sent, because mails came back."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        found = hub_lists.unusable(uow, principal, count=count)
    return {"contacts": [_unusable(row) for row in found]}


@router.get("/calls")
def calls(
    principal: Reads,
    request: Request,
    party: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    after: UUID | None = None,
    count: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
) -> dict[str, Any]:
    """The providers that staff have to ring or to tell on paper, with what to say.

    Oldest first; `after` is the last one's id. One `to` a referrer has no number: whom to ring is
    in `front_door` of the case, for whoever may see that.
    """
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow, _in_words():
        seen = hubs.seen_by(uow, principal)
        found = hub_lists.calls(uow, seen, party=party, after=after, count=count)
        return {"calls": _calls(uow, request, found)}


@router.get("/sheets")
def sheets_to_print(principal: Reads, request: Request) -> dict[str, Any]:
    """The providers that are asked on paper and whose sheet of the week is to be printed."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        found = sheets.due(uow, hubs.seen_by(uow, principal), request.app.state.sheet_days)
    return {
        "sheets": [
            {
                "party": each.party,
                "party_name": each.party_name,
                "waiting": each.waiting,
                "since": each.since,
            }
            for each in found
        ]
    }


@router.get("/calls/{delivery}")
def read_call(delivery: UUID, principal: Reads, request: Request) -> dict[str, Any]:
    """One call that is still to be made."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        found = hub_lists.call(uow, hubs.seen_by(uow, principal), delivery)
        if found is None:
            raise Problem(404, "Not found", "There is no such call to make.", element="delivery")
        return _calls(uow, request, [found])[0]


@router.post("/calls/{delivery}/done")
def done(delivery: UUID, principal: Writes, request: Request) -> dict[str, Any]:
    """Note that a call was made. The answer itself is recorded with the referral."""
    _is_staff(principal)
    with UnitOfWork(request.app.state.engine) as uow:
        _is_seen(uow, principal, delivery)
        if not tracking.done(uow, request.app.state.teller, delivery, by=principal.subject):
            why = "It is not a call that is still to be made."
            raise Problem(409, "Nothing was changed", why, element="delivery")
        uow.commit()
    return {"id": str(delivery), "state": "delivered"}


def _is_seen(uow: UnitOfWork, principal: Principal, delivery: UUID) -> None:
    if not tracking.exists(uow, hubs.seen_by(uow, principal), delivery):
        raise Problem(404, "Not found", "There is no such delivery.", element="delivery")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except hub_lists.NotOnThisList:
        words = "This is not on the list any more. Begin again, without `after`."
        raise Problem(422, "Nothing after it", words, element="after") from None


def _unusable(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "party": row.party,
        "party_name": row.party_name,
        "label": row.label,
        "address": row.address,
        "since": row.since,
        "reason": row.code,
    }


def _failure(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "about": WORDS[Kind(row.kind)].subject,
        "case": str(row.case),
        "task": str(row.task) if row.task else None,
        "reference": reference(row.task or row.case),
        "party": row.party,
        "party_name": row.party_name,
        "channel": row.channel,
        "state": row.state,
        "created": row.created,
        "ended": row.ended,
        "reason": row.last_error,
    }


def _shown(each: tracking.Tracked, labels: Mapping[UUID, str]) -> dict[str, Any]:
    row = each.row
    party = {
        "party": row.party,
        "contact": str(row.contact) if row.contact else None,
        "label": labels.get(row.contact, ""),
    }
    return _how_it_went(each) | party


def _shown_of_person(each: tracking.Tracked) -> dict[str, Any]:
    return _how_it_went(each) | {"template": each.row.template}


def _how_it_went(each: tracking.Tracked) -> dict[str, Any]:
    row = each.row
    return {
        "id": str(row.id),
        "event": str(row.event),
        "kind": row.kind,
        "case": str(row.case),
        "task": str(row.task) if row.task else None,
        "channel": row.channel,
        "state": row.state,
        "due": row.due,
        "created": row.created,
        "ended": row.ended,
        "reason": row.last_error,
        "attempts": [
            {
                "number": attempt.number,
                "started": attempt.started,
                "ended": attempt.ended,
                "outcome": attempt.outcome,
                "code": attempt.code,
            }
            for attempt in each.attempts
        ],
    }


def _calls(uow: UnitOfWork, request: Request, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Calls with what to say of each; of a request how urgent it is, and by which day an answer is
    hoped for of whoever is rung now."""
    asked = {row.id: notice_of(row.payload) for row in rows if row.kind == Kind.REQUEST}
    zone = ZoneInfo(request.app.state.timezone)
    hoped = answers_hoped_for(uow, zone, asked, datetime.now(UTC))
    return [_call(row, asked.get(row.id), hoped.get(row.id)) for row in rows]


def _call(row: Any, asked: Notice | None, by: date | None) -> dict[str, Any]:
    to_referrer = row.kind == Kind.RING_REFERRER
    return {
        "id": str(row.id),
        "kind": row.kind,
        "to": "referrer" if to_referrer else "party",
        "means": row.channel,
        "case": str(row.case),
        "task": str(row.task) if row.task else None,
        "reference": reference(row.task or row.case),
        "party": row.party,
        "party_name": row.party_name,
        "label": row.label or "",
        "number": row.number,
        "since": row.created,
        "say": TO_REFERRER if to_referrer else WORDS[Kind(row.kind)].subject,
        "urgent": asked.priority in URGENT if asked else None,
        "answer_by": by.isoformat() if by else None,
        "do_not_say": NOT_TO_REFERRER if to_referrer else NOT_TO_PARTY,
    }
