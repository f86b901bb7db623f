"""What a case looks like to those who work on it: plain JSON for the case API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    DateTime,
    String,
    Uuid,
    and_,
    bindparam,
    literal,
    null,
    or_,
    tuple_,
    union_all,
)
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from services.referrals import worries
from services.referrals.break_glass import DUTY_LEAD, to_look_at
from services.referrals.domain import Refused
from services.referrals.resources import instant
from services.referrals.tables import (
    Attempt,
    BreakGlass,
    Case,
    FrontDoorEntry,
    LinkWorkerService,
    PlaceHub,
    Practice,
    Worklist,
)
from shared.auth import Principal
from shared.working_days import WorkingDays

View = dict[str, Any]

ME, NOBODY = "me", "nobody"
"""Whom a case may be allocated to, beside a colleague by the id of their account."""

NOTHING_AFTER = "Your list has no such row now. Begin again with its first page, without `after`."


_OF_ROW = (
    Worklist.case,
    Worklist.state,
    Worklist.provider_state,
    Worklist.delivery_state,
    Worklist.gp_to_do,
    Worklist.opened,
    Worklist.urgent,
    Worklist.unrouted,
    Worklist.open,
    Worklist.allocated_to,
    Worklist.complexity,
    Worklist.visits_with_care,
    Worklist.due,
    Worklist.closes,
    Worklist.agreement_ends,
    Worklist.since,
    Worklist.updated,
)
_OF_CASE = (Case.service_request, Case.patient, Case.priority, Case.source, Case.created)
_MOMENTS = ("created", "since", "updated", "due", "closes", "agreement_ends")

A_DAY = timedelta(days=1)
"""A next step is overdue when its day is over."""

ENDING_SOON = timedelta(days=14)
"""How long before the end of an agreement it is said that it ends."""


def worklist(
    session: Session,
    principal: Principal,
    *,
    state: str | None,
    unrouted: bool | None,
    gp_to_do: bool | None,
    opened: bool | None,
    due: bool | None = None,
    overdue: bool | None = None,
    worried: bool | None = None,
    urgent: bool | None = None,
    agreement_ending: bool | None = None,
    contact_due: bool | None = None,
    not_agreed: bool | None = None,
    allocated_to: str | None = None,
    complexity: str | None = None,
    now: datetime,
    working: WorkingDays,
    open_only: bool,
    ended: bool = False,
    service_requests: Sequence[str] | None = None,
    after: UUID | None,
    count: int,
) -> list[View]:
    """One page of the worklist of the caller's team or hub: urgent first, then longest waiting.

    Its names are those of the practice and the team: who the person is stands in no row. Where a
    provider has not answered, `days_left` are the working days until the request ends.

    Raises:
        Refused: `after` is no case on this list, which a first page again would hide.
    """
    # Columns, and no objects of the tables: a page of those takes several times as long to make.
    rows = (
        columns(
            *(col(each) for each in _OF_ROW),
            *(col(each) for each in _OF_CASE),
            is_overdue(now).label("overdue"),
            is_ending(now).label("agreement_ending"),
            worries.stands(principal.roles).label("worried"),
            _REACHED.label("reached"),
            func.coalesce(col(Practice.name), col(Case.practice)).label("practice"),
            col(FrontDoorEntry.reference),
            col(LinkWorkerService.name).label("team"),
        )
        .join(Case, col(Case.id) == col(Worklist.case))
        .outerjoin(Practice, col(Practice.ods_code) == col(Case.practice))
        .outerjoin(FrontDoorEntry, col(FrontDoorEntry.case) == col(Case.id))
        .outerjoin(LinkWorkerService, col(LinkWorkerService.organisation) == col(Case.team))
        .where(mine(principal))
    )
    equal = {
        "state": state,
        "unrouted": unrouted,
        "gp_to_do": gp_to_do,
        "opened": opened,
        "urgent": urgent,
        "complexity": complexity,
    }
    for name, value in equal.items():
        if value is not None:
            rows = rows.where(col(getattr(Worklist, name)) == value)
    worked_out = (
        (due, is_due(now)),
        (overdue, is_overdue(now)),
        (agreement_ending, is_ending(now)),
        (worried, worries.stands(principal.roles)),
        (contact_due, _CONTACT_DUE),
        (not_agreed, _NOT_AGREED),
    )
    for wanted, stands in worked_out:
        if wanted is not None:
            rows = rows.where(stands if wanted else ~stands)
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
    found = session.connection().execute(rows.order_by(*rank).limit(count)).mappings()
    return [
        {
            **row,
            "case": str(row["case"]),
            **{name: instant(row[name]) if row[name] else None for name in _MOMENTS},
            "days_left": working.left(now, row["closes"]) if row["closes"] else None,
        }
        for row in found
    ]


def caseload(session: Session, principal: Principal, now: datetime) -> View:
    """How many open cases the caller's team or hub has, by state, and what waits for somebody.

    `waiting` counts the open cases of each filter of the worklist, in the filters' own words; of
    messages to a GP those of ended cases too, as the summary at the end is one, and of worries,
    which are open until somebody closes them. `emergencies` are openings that no team lead has
    looked at.
    """
    asked = {"organisation": UUID(principal.organisation), "me": principal.subject, "now": now}
    counted = session.connection().execute(_load(principal.roles & _COUNTED_FOR), asked)
    rows = counted.mappings().all()
    found = {row["state"]: row for row in rows if row["what"] == "state"}
    beside = {row["what"]: row["cases"] for row in rows if row["what"] != "state"}
    waiting = {name: sum(row[name] for row in found.values()) for name in WAITING}
    return {
        "open": sum(row["cases"] for row in found.values()),
        "states": {state: row["cases"] for state, row in found.items()},
        "waiting": {**waiting, "gp_to_do": beside["gp_to_do"], "worried": beside["worried"]},
        "emergencies": beside["emergencies"],
    }


WAITING = (
    "urgent", "unrouted", "opened", "due", "overdue", "agreement_ending", "contact_due",
    "not_agreed", "mine", "nobody", "intensive",
)  # fmt: skip
"""Filters of the worklist whose open cases are counted."""

_COUNTED_FOR = frozenset({"link-worker", "coordinator", DUTY_LEAD})
"""Roles by which lists differ."""


@cache
def _load(roles: frozenset[str]) -> CompoundSelect[Any]:
    """Counts by state, and what is counted beside. Made once for some roles: it is long."""
    organisation, me = bindparam("organisation", type_=Uuid()), bindparam("me", type_=String())
    whose = _on_list(organisation, of_hub="coordinator" in roles)
    now = bindparam("now", type_=DateTime(timezone=True))
    filters = {
        "urgent": col(Worklist.urgent),
        "unrouted": col(Worklist.unrouted),
        "opened": col(Worklist.opened),
        "due": is_due(now),
        "overdue": is_overdue(now),
        "agreement_ending": is_ending(now),
        "contact_due": _CONTACT_DUE,
        "not_agreed": _NOT_AGREED,
        "mine": col(Worklist.allocated_to) == me,
        "nobody": _nobodys(),
        "intensive": func.coalesce(col(Worklist.complexity) == "intensive", False),
    }
    counts = [func.count().filter(filters[name]).label(name) for name in WAITING]
    by_state = (
        columns(
            literal("state").label("what"),
            col(Worklist.state),
            func.count().label("cases"),
            *counts,
        )
        .where(whose, col(Worklist.open))
        .group_by(col(Worklist.state))
    )
    nothing = [literal(0) for _ in WAITING]
    to_tell = columns(literal("gp_to_do"), null(), func.count(), *nothing).select_from(Worklist)
    worried = columns(literal("worried"), null(), func.count(), *nothing).select_from(Worklist)
    unseen = columns(literal("emergencies"), null(), func.count(), *nothing)
    return union_all(
        by_state,
        to_tell.where(whose, col(Worklist.gp_to_do)),
        worried.where(whose, worries.stands(roles)),
        unseen.select_from(BreakGlass).where(to_look_at(roles, organisation, me)),
    )


_TAKEN_ON = col(Worklist.state) == "triage-accepted"
_REACHED = select(Attempt.id).where(Attempt.case == Worklist.case, col(Attempt.reached)).exists()
"""Whether anybody of the team has spoken to the person: then what is due is their yes."""
_CONTACT_DUE, _NOT_AGREED = and_(_TAKEN_ON, ~_REACHED), and_(_TAKEN_ON, _REACHED)


def is_due(now: datetime | BindParameter[datetime]) -> Any:
    """Whether the day of a row's next step has come."""
    return func.coalesce(col(Worklist.due) <= now, False)


def is_overdue(now: datetime | BindParameter[datetime]) -> Any:
    """Whether something should have been done: by its team, or by a provider, which is silent."""
    return or_(
        col(Worklist.left_lying),
        func.coalesce(col(Worklist.silent_from) <= now, False),
        func.coalesce(col(Worklist.due) <= now - A_DAY, False),
    )


def is_ending(now: datetime | BindParameter[datetime]) -> Any:
    """Whether an agreement ends soon, or has ended, before anything was shared by it."""
    return func.coalesce(col(Worklist.agreement_ends) <= now + ENDING_SOON, False)


def _allocated(principal: Principal, to: str) -> Any:
    """Whether a row is allocated to somebody; to nobody where it could be to somebody."""
    if to == NOBODY:
        return _nobodys()
    return col(Worklist.allocated_to) == (principal.subject if to == ME else to)


def _nobodys() -> Any:
    return col(Worklist.allocated_to).is_(None) & col(Worklist.team).is_not(None)


def mine(principal: Principal) -> Any:
    """Whether a row is on the list of the caller's team, or hub."""
    return _on_list(UUID(principal.organisation), of_hub="coordinator" in principal.roles)


def _on_list(organisation: UUID | BindParameter[UUID], *, of_hub: bool) -> Any:
    if of_hub:
        # An organisation is one hub at most: with "=" the rows come in the order of the index.
        hub = select(PlaceHub.code).where(PlaceHub.organisation == organisation)
        return col(Worklist.hub) == hub.scalar_subquery()
    return Worklist.team == organisation


def _behind(last: Worklist) -> Any:
    """What comes after a row: urgent ones are all before those that are not."""
    later = tuple_(col(Worklist.since), col(Worklist.case)) > tuple_(
        literal(last.since), literal(last.case)
    )
    if last.urgent:
        return ~col(Worklist.urgent) | later
    return ~col(Worklist.urgent) & later
