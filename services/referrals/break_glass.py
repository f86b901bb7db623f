"""Breaking the glass: what a person must say who opens a case that is not theirs, and what others
are shown of it.

HL7 calls it so (v3-ActReason `BTG`): policy is overridden for an emergency by somebody who is not
provisioned for it. Here that is one case, to be read, for a while, by a named person, and the team
hears of it at once (docs/decisions/0056-an-emergency-opens-one-case-for-a-while.md).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, false, func, or_, select, tuple_
from sqlmodel import Session, col

from services.referrals.casefile import NoSuchCase
from services.referrals.domain import Refused
from services.referrals.resources import instant
from services.referrals.tables import BreakGlass, Case, LinkWorkerService, PlaceHub, Worklist
from shared.auth import Principal

View = dict[str, Any]

DUTY_LEAD = "duty-lead"
"""The role of a person; no client can be registered with it."""

REASONS: Mapping[str, str] = {
    "life-at-risk": "the person may die or be hurt badly",
    "others-at-risk": "somebody else may be hurt by them, or with them",
    "safeguarding": "a child or an adult may be abused or neglected",
    "cannot-wait": "the person must be reached today, and nobody of the team can be",
}
"""Why a case is opened."""

FOUND: Mapping[str, str] = {
    "right": "it was right to open it",
    "question": "it is to be talked about with whoever opened it",
}
"""What a team lead finds."""

MOST_LOOK_UPS = 20
"""Of one account in an hour: whoever looks for one person in an emergency needs a few, and nobody
may find out who of many is known to a team."""
HOUR = timedelta(hours=1)

NOTHING_AFTER = "Your list has no such row now. Begin again with its first page, without `after`."


class Act(StrEnum):
    """What the audit trail calls each."""

    LOOKED_UP = "break-glass-look-up"
    OPENED = "break-glass-opened"
    READ = "break-glass-read"
    CLOSED = "break-glass-closed"
    """By whoever opened it, before its time."""
    EXPIRED = "break-glass-expired"
    """By the clock, when its time was found to be over."""
    LOOKED_AT = "break-glass-looked-at"
    """By a lead of the team, afterwards."""


def ends(opening: BreakGlass) -> datetime:
    """From when nothing can be read by it."""
    return min(opening.until, opening.closed) if opening.closed else opening.until


def opening_view(opening: BreakGlass, now: datetime, *, words: bool) -> View:
    """One opening.

    Args:
        opening: its row.
        now: the moment.
        words: whether what was written is shown: it may tell of the person, so that it is for
            whoever wrote it and for the team.
    """
    told: View = {
        "id": str(opening.id),
        "case": str(opening.case),
        "number": number_of(opening.case),
        "hub": opening.hub,
        "opened_by": opening.account,
        "opened_by_name": opening.opened_by_name,
        "reason": opening.reason,
        "opened": instant(opening.opened),
        "until": instant(opening.until),
        "closed": instant(opening.closed) if opening.closed else None,
        "readable": now < ends(opening),
        "ended": instant(ends(opening)) if now >= ends(opening) else None,
        "ended_by_time": now >= ends(opening) == opening.until,
        "reads": [instant(each) for each in opening.reads],
        "looked": instant(opening.looked) if opening.looked else None,
        "looked_by_name": opening.looked_by_name,
        "found": opening.found,
    }
    return told | ({"words": opening.words, "came": opening.came} if words else {})


def number_of(case: UUID) -> str:
    """A case's number as pages and messages say it; it tells nothing of the person."""
    return case.hex[:8].upper()


def openings_of(rows: Iterable[BreakGlass], now: datetime, *, words: bool) -> list[View]:
    """Who opened a case in an emergency, in the order of the rows."""
    return [opening_view(each, now, words=words) for each in rows]


def openings(
    session: Session,
    principal: Principal,
    now: datetime,
    *,
    to_look_at: bool,
    after: UUID | None,
    count: int,
) -> list[View]:
    """One page of the openings that somebody may hear of, the newest first.

    A team's people hear of those of its cases, a hub's of those in its place, and a duty lead of
    their own.

    Args:
        session: the caller's.
        principal: who asks.
        now: the moment.
        to_look_at: only those that no team lead has looked at.
        after: the last one of the page before.
        count: at most so many.

    Raises:
        Refused: `after` is none on this list.
    """
    wanted = select(BreakGlass, LinkWorkerService).outerjoin(
        LinkWorkerService, col(LinkWorkerService.organisation) == col(BreakGlass.team)
    )
    wanted = wanted.where(_theirs(principal), *_unseen(to_look_at))
    place = tuple_(col(BreakGlass.opened), col(BreakGlass.id))
    if after is not None:
        last = session.scalars(
            select(BreakGlass).where(
                col(BreakGlass.id) == after, _theirs(principal), *_unseen(to_look_at)
            )
        ).one_or_none()
        if last is None:
            raise Refused("business-rule", NOTHING_AFTER, "after")
        wanted = wanted.where(place < tuple_(last.opened, last.id))
    rows = session.execute(
        wanted.order_by(col(BreakGlass.opened).desc(), col(BreakGlass.id).desc()).limit(count)
    )
    return [
        opening_view(each, now, words=is_of_team(principal, each) or is_readers(principal, each))
        | {"team": str(each.team), "team_name": team.name if team else None}
        for each, team in rows
    ]


def opening_for(session: Session, principal: Principal, opening: UUID, now: datetime) -> View:
    """One opening that somebody may hear of.

    Raises:
        NoSuchCase: it is none of theirs, or there is none.
    """
    row = session.scalars(
        select(BreakGlass).where(col(BreakGlass.id) == opening, _theirs(principal))
    ).one_or_none()
    if row is None:
        raise NoSuchCase
    words = is_of_team(principal, row) or is_readers(principal, row)
    return opening_view(row, now, words=words)


def to_look_at(
    roles: Collection[str], organisation: BindParameter[UUID], account: BindParameter[str]
) -> ColumnElement[bool]:
    """Which openings that somebody may hear of no team lead has looked at."""
    return and_(_heard_of(roles, organisation, account), *_unseen(True))


def is_readers(principal: Principal, opening: BreakGlass) -> bool:
    """Whether somebody is who opened it."""
    return DUTY_LEAD in principal.roles and principal.subject == opening.account


def is_of_team(principal: Principal, opening: BreakGlass) -> bool:
    """Whether somebody is of the team whose case was opened."""
    return "link-worker" in principal.roles and principal.organisation == str(opening.team)


def hubs_of(principal: Principal) -> Any:
    """The codes of the hubs that an organisation is, as a statement."""
    return _hubs(UUID(principal.organisation))


def _hubs(organisation: UUID | BindParameter[UUID]) -> Any:
    return select(col(PlaceHub.code)).where(col(PlaceHub.organisation) == organisation)


def reach(principal: Principal) -> ColumnElement[bool]:
    """Which cases a duty lead could open: open ones that a team of their place looks after.

    What stays with a provider because the person wants nobody else to hear of it is on no hub's
    list (care 22), and what no team has yet the hub reads anyway.
    """
    listed = select(col(Worklist.case)).where(
        col(Worklist.open), col(Worklist.hub).in_(hubs_of(principal))
    )
    return col(Case.id).in_(listed) & col(Case.team).is_not(None) & col(Case.erased).is_(None)


def take_turns(session: Session, principal: Principal) -> None:
    """Let one account do one thing here at a time, so that its limits hold."""
    key = func.hashtextextended(f"break-glass/{principal.subject}", 0)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def _theirs(principal: Principal) -> ColumnElement[bool]:
    return _heard_of(principal.roles, UUID(principal.organisation), principal.subject)


def _heard_of(
    roles: Collection[str],
    organisation: UUID | BindParameter[UUID],
    account: str | BindParameter[str],
) -> ColumnElement[bool]:
    """The same as `is_readers`, `is_of_team`, and a hub's coordinators, as a condition."""
    ways: list[ColumnElement[bool]] = []
    of_hub = col(BreakGlass.hub).in_(_hubs(organisation))
    if "link-worker" in roles:
        ways.append(col(BreakGlass.team) == organisation)
    if "coordinator" in roles:
        ways.append(of_hub)
    if DUTY_LEAD in roles:
        ways.append(and_(col(BreakGlass.account) == account, of_hub))
    return or_(false(), *ways)


def _unseen(to_look_at: bool) -> tuple[ColumnElement[bool], ...]:
    return (col(BreakGlass.looked).is_(None),) if to_look_at else ()
