"""Opening one case in an emergency: found without its person, opened for a reason, read, closed.

Nothing else widens. No reader row is made, so that no search, total, history or Subscription knows
of it; what is shown is read here, as the team reads it, and noted in the transaction that shows it
(docs/decisions/0056-an-emergency-opens-one-case-for-a-while.md).
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from services.referrals.accesses import CASE_READ
from services.referrals.break_glass import (
    FOUND,
    REASONS,
    Act,
    View,
    ends,
    is_of_team,
    is_readers,
    opening_view,
    reach,
    take_turns,
)
from services.referrals.casefile import NoSuchCase, refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.emergency_view import emergency_view
from services.referrals.handlers.allocating import LEADS
from services.referrals.tables import BreakGlass, Case
from services.referrals.trail import note
from shared.auth import Principal
from shared.messaging.events import ReferralOpenedInEmergency
from shared.repeating import repeating

OVER = "The time for reading this case is over. If you must read more, open it again and say why."


@repeating
def open_case(desk: Desk, principal: Principal, case: UUID, reason: str, words: str) -> View:
    """Open a case for reading, for as long as the settings say, and have its team told.

    Of the case that somebody has open already nothing is opened again. Nobody has two open at once.

    Args:
        desk: what every use case works with.
        principal: a duty lead of the case's hub.
        case: the case.
        reason: one of `break_glass.REASONS`.
        words: what happened, and how the team was tried.

    Raises:
        NoSuchCase: it is in another hub's place, ended, with no team, stays with its provider, or
            there is none.
        Refused: there is no such reason; or they have another case open.
    """
    allowed = f"The reason must be one of: {', '.join(REASONS)}."
    refuse_unless(reason in REASONS, "business-rule", allowed, "reason")
    with working_on(desk, principal, case=case) as file:
        session, now = file.uow.session, file.now
        within_reach = select(col(Case.id)).where(col(Case.id) == case, reach(principal))
        if session.scalar(within_reach) is None:
            raise NoSuchCase
        assert file.case.team is not None
        take_turns(session, principal)
        held = _held(session, principal, now)
        if held is not None and held.case == case:
            return opening_view(held, now, words=True)
        refuse_unless(
            held is None,
            "conflict",
            "You have another case open. Close it first: nobody reads two at once.",
            "case",
        )
        opening = BreakGlass(
            case=case,
            hub=file.case.hub,
            team=file.case.team,
            account=principal.subject,
            opened_by_name=principal.name[:200],
            reason=reason,
            words=words,
            opened=now,
            until=now + timedelta(minutes=desk.settings.break_glass_minutes),
        )
        session.add(opening)
        session.flush()
        file.audit(Act.OPENED, f"case/{case}")
        file.announce(
            ReferralOpenedInEmergency(
                **file.context(), hub=file.case.hub, opening=opening.id, reason=reason
            )
        )
        return opening_view(opening, now, words=True)


@repeating
def read(desk: Desk, principal: Principal, opening: UUID) -> View:
    """What a case says, to who opened it, while it is open; noted before it is shown.

    Raises:
        NoSuchCase: somebody else opened it, or the case is not of their place any more.
        Refused: its time is over, or it was closed.
    """
    now = desk.clock()
    with desk.work() as uow:
        session = uow.session
        row = _own(session, principal, opening)
        case = session.scalars(
            select(Case).where(col(Case.id) == row.case, reach(principal))
        ).one_or_none()
        if case is None or now >= ends(row):
            desk.accesses.denied(principal, CASE_READ, f"case/{row.case}")
            if case is None:
                raise NoSuchCase
            raise Refused("conflict", OVER, "opening")
        shown = emergency_view(session, desk.store(uow), case)
        row.reads = [*row.reads, now]
        session.add(row)
        for record in shown.records:
            note(session, principal, Act.READ, record, now, person=case.person, case=case.id)
        session.flush()
        uow.commit()
        return {"opening": opening_view(row, now, words=True), **shown.view}


@repeating
def close(desk: Desk, principal: Principal, opening: UUID) -> None:
    """End the reading; twice is as good as once.

    Raises:
        NoSuchCase: somebody else opened it, or there is none.
    """
    now = desk.clock()
    with desk.work() as uow:
        row = _own(uow.session, principal, opening)
        if row.closed is None:
            if now < row.until:
                row.closed = now
                uow.session.add(row)
                _note(uow.session, principal, Act.CLOSED, row.case, now)
            else:
                _expire(uow.session, now, col(BreakGlass.id) == opening)
            uow.session.flush()
            uow.commit()


def note_expired(desk: Desk) -> None:
    """Write down which openings are over by time: all of them at once, whosever they are.

    Nothing can be read by them since then, whether or not this has run.
    """
    now = desk.clock()
    with desk.work() as uow:
        _expire(uow.session, now)
        uow.session.flush()
        uow.commit()


@repeating
def look_at(desk: Desk, principal: Principal, opening: UUID, found: str, came: str) -> None:
    """Note that a lead of the team has looked at an opening, and what they find of it.

    Args:
        desk: what every use case works with.
        principal: a lead of the team whose case it was.
        opening: its id.
        found: one of `break_glass.FOUND`.
        came: more words, for the team and for who opened it.

    Raises:
        NoSuchCase: it was another team's case, or there is no such opening.
        Refused: no team lead says so, or whoever opened it; there is nothing like `found`;
            somebody was quicker; or there are words about somebody who was erased.
    """
    allowed = f"Say one of: {', '.join(FOUND)}."
    refuse_unless(found in FOUND, "business-rule", allowed, "found")
    now = desk.clock()
    with desk.work() as uow:
        session = uow.session
        row = session.get(BreakGlass, opening, with_for_update=True)
        if row is None or not is_of_team(principal, row):
            raise NoSuchCase
        refuse_unless(LEADS in principal.roles, "forbidden", "A team lead looks at it.", "opening")
        own = "You opened it yourself: another lead of the team looks at it."
        refuse_unless(row.account != principal.subject, "forbidden", own, "opening")
        refuse_unless(
            row.looked is None, "conflict", "Somebody of your team has looked at it.", "opening"
        )
        of_case = select(col(Case.person), col(Case.erased)).where(col(Case.id) == row.case)
        person, erased = session.execute(of_case).one()
        gone = "The person was erased since: say what you find, without more words."
        refuse_unless(erased is None or not came, "conflict", gone, "came")
        row.looked, row.looked_by, row.looked_by_name = now, principal.subject, principal.name[:200]
        row.found, row.came = found, came
        session.add(row)
        note(
            session, principal, Act.LOOKED_AT, f"case/{row.case}", now, person=person, case=row.case
        )
        session.flush()
        uow.commit()


def _own(session: Session, principal: Principal, opening: UUID) -> BreakGlass:
    """An opening of the caller's own, locked.

    Raises:
        NoSuchCase: it is none.
    """
    row = session.get(BreakGlass, opening, with_for_update=True)
    if row is None or not is_readers(principal, row):
        raise NoSuchCase
    return row


def _held(session: Session, principal: Principal, now: datetime) -> BreakGlass | None:
    """What somebody has open; what is over by time is marked so, and not held any more."""
    mine = col(BreakGlass.account) == principal.subject
    _expire(session, now, mine)
    return session.scalars(
        select(BreakGlass).where(mine, col(BreakGlass.closed).is_(None))
    ).one_or_none()


def _expire(session: Session, now: datetime, *which: ColumnElement[bool]) -> None:
    """Mark what is over by time, each once, with the act in the trail."""
    over = (col(BreakGlass.closed).is_(None), col(BreakGlass.until) <= now, *which)
    ended = update(BreakGlass).where(*over).values(closed=col(BreakGlass.until))
    for case in session.scalars(ended.returning(col(BreakGlass.case))).all():
        _note(session, None, Act.EXPIRED, case, now)


def _note(session: Session, by: Principal | None, act: Act, case: UUID, now: datetime) -> None:
    """Write an act upon a case into the trail."""
    person = session.scalar(select(col(Case.person)).where(col(Case.id) == case))
    note(session, by, act, f"case/{case}", now, person=person, case=case)
