"""From what happens in a case to messages for its practice, in the transaction of what happened.

The events that a step announces say what happened, so that no step has to think of the practice:
the case API, an update of the Task and an operator's erasure are all heard alike.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, literal, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.referrals.gp.coding import Purpose, codes_of
from services.referrals.gp.standing import TO_DO, UNSENT, Kind, Route, State, channel_of
from services.referrals.gp.wishes import Wish, wish_of
from services.referrals.record import stops_of
from services.referrals.tables import Case, GpMessage, GpSharing, Person, Worklist
from services.referrals.tables.gp import gp_deliveries
from shared.messaging.events import (
    CaseEvent,
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    ReferralClosed,
    ReferralWithdrawn,
    TriageAccepted,
    TriageDeclined,
    TriageStarted,
)

NAMESPACE = UUID("6c1f3b5e-6f0a-5b8e-9f0d-6f3b7d2a4c10")
"""From which a message's id follows; see `key_of`."""

DIED = "died"
"""The reason that stops every message."""

_OUTCOMES: Mapping[type[CaseEvent], Purpose] = {
    TriageAccepted: Purpose.ACCEPTED,
    TriageDeclined: Purpose.DECLINED,
}
_STOPS: Mapping[type[CaseEvent], str] = {
    PersonDied: DIED,
    ReferralWithdrawn: "withdrawn",
}
_HOLDS: Mapping[type[CaseEvent], str] = {
    PersonRestricted: "restricted",
    PersonNotToContact: "do-not-contact",
}

_ENDS_WAITING = (TriageStarted, TriageAccepted, TriageDeclined, ReferralClosed)
"""After which a letter that somebody waits, where it was not sent, would only worry a practice."""


def heed(
    session: Session,
    case: Case,
    events: Iterable[CaseEvent],
    *,
    by: str,
    now: datetime,
    words: Mapping[str, Any],
) -> bool:
    """Make, hold and stop the messages that follow from what is announced of a case.

    Args:
        session: the caller's; the case is locked in it.
        case: the case.
        events: what is announced.
        by: who did it.
        now: when.
        words: what the link worker wrote for the practice, where the case is closed.

    Returns:
        Whether something is to be sent.
    """
    made = False
    outcome: Purpose | None = None
    closed: str | None = None
    for event in events:
        kind = type(event)
        outcome = _OUTCOMES.get(kind, outcome)
        closed = event.outcome if isinstance(event, ReferralClosed) else closed
        if kind in _STOPS:
            recall(session, case.id, State.STOPPED, _STOPS[kind], now)
        if kind in _HOLDS:
            recall(session, case.id, State.HELD, _HOLDS[kind], now)
        if kind in _ENDS_WAITING:
            recall(session, case.id, State.STOPPED, "waits-no-more", now, kind=Kind.DELAY)
    if outcome is None and closed is None:
        return False
    wish = wish_of(session, case.practice) if case.practice else Wish(False, False, False, False)
    code = codes_of(session)[outcome] if outcome else None
    coded = code.code if code and code.verified else None
    # What ends at its first outcome is told once: the summary brings the line (care 21).
    if outcome and not (closed and wish.closure) and wish.first_outcome:
        made |= make(session, case, Kind.FIRST_OUTCOME, wish, by=by, now=now, code=coded)
    if closed and wish.closure:
        held = closed if closed == "died-or-moved" else None
        made |= make(
            session, case, Kind.CLOSURE, wish, by=by, now=now, code=coded, words=words, held=held
        )
    return made


def make(
    session: Session,
    case: Case,
    kind: Kind,
    wish: Wish,
    *,
    by: str,
    now: datetime,
    cause: str = "",
    code: str | None = None,
    words: Mapping[str, Any] | None = None,
    held: str | None = None,
) -> bool:
    """Make one message, unless it is there already, and have it sent if nothing speaks against it.

    Args:
        session: the caller's; the case is locked in it.
        case: the case; its practice is known.
        kind: what it tells.
        wish: what the practice wants.
        by: who caused it.
        now: when.
        cause: what tells several of a kind apart.
        code: the national code that it brings.
        words: what the link worker wrote for the practice.
        held: why somebody has to decide first, as a code.

    Returns:
        Whether it is to be sent now.
    """
    assert case.practice is not None
    state, reason = _begins(session, case, kind, held)
    key = key_of(case.id, kind, cause)
    new = session.connection().execute(
        insert(GpMessage)
        .values(
            {
                "id": key,
                "case": case.id,
                "kind": kind.value,
                "cause": cause,
                "practice": case.practice,
                "route": wish.route.value,
                "state": state.value,
                "reason": reason,
                "code": code,
                "words": dict(words or {}),
                "written": False,
                "itk_id": uuid5(key, "itk3"),
                "made_by": by,
                "made": now,
                "changed": now,
            }
        )
        .on_conflict_do_nothing()
        .returning(col(GpMessage.id))
    )
    if new.first() is None:
        return False
    mark(session, case.id)
    if state is not State.WAITING:
        return False
    queue(session, key, case.practice, kind, wish.route)
    return True


def key_of(case: UUID, kind: Kind, cause: str = "") -> UUID:
    """The id of a message: the same however often its cause is repeated."""
    return uuid5(NAMESPACE, f"{case}/{kind}/{cause}")


def queue(session: Session, message: UUID, practice: str, kind: Kind, route: Route) -> None:
    """Have a message written and sent, once.

    A practice's letters go one after the other; a worry waits for none of them.
    """
    gp_deliveries.add(
        session,
        key=message,
        order_key=f"worry/{message}" if kind is Kind.SAFETY else f"practice/{practice}",
        channel=channel_of(kind, route),
        address=practice,
        payload=str(message),
    )


def recall(
    session: Session,
    case: UUID,
    state: State,
    reason: str,
    now: datetime,
    *,
    kind: Kind | None = None,
) -> None:
    """Call back what was not sent yet: for good (`STOPPED`), or until somebody decides (`HELD`).

    What is being sent at this moment cannot be called back; it says so itself when it is recorded.

    Args:
        session: the caller's; the case is locked in it.
        case: whose messages.
        state: where they stand then.
        reason: why, as a code.
        now: when.
        kind: only those of this kind.
    """
    waiting = {State.HELD: (State.WAITING,)}.get(state, tuple(UNSENT))
    # A worry that somebody wrote on purpose is no automatic message (care 12), and may have been
    # written against the person's wish: only a death ends it.
    every = state is State.STOPPED and reason == DIED
    recalled = session.exec(
        update(GpMessage)
        .where(
            col(GpMessage.case) == case,
            col(GpMessage.state).in_(waiting),
            literal(every) | (col(GpMessage.kind) != Kind.SAFETY.value),
            col(GpMessage.kind) == kind.value if kind else true(),
        )
        .values(state=state.value, reason=reason, changed=now)
        .returning(col(GpMessage.id))
    ).all()
    keys = [key for (key,) in recalled]
    if keys:
        gp_deliveries.supersede(session, gp_deliveries.delivery.c.id.in_(keys), reason)
        mark(session, case)


def locked(session: Session, case: UUID, message: UUID) -> GpMessage:
    """A message, with its case locked first, as everybody does."""
    session.get_one(Case, case, with_for_update=True)
    return session.get_one(GpMessage, message, with_for_update=True)


def mark(session: Session, case: UUID) -> None:
    """Have the worklist say whether somebody has something to do about a case's messages."""
    to_do = (
        select(func.count() > 0)
        .select_from(GpMessage)
        .where(GpMessage.case == case, col(GpMessage.state).in_(TO_DO))
        .scalar_subquery()
    )
    session.exec(update(Worklist).where(col(Worklist.case) == case).values(gp_to_do=to_do))


def agreed_items(session: Session, case: UUID) -> tuple[frozenset[str], bool]:
    """What the person agreed to have told to their GP, and whether they want nothing told."""
    row = session.get(GpSharing, case)
    if row is None:
        return frozenset(), False
    return frozenset(row.items), row.withdrawn is not None


def _begins(session: Session, case: Case, kind: Kind, held: str | None) -> tuple[State, str | None]:
    """Where a message begins: on its way, or not."""
    person = session.get(Person, case.person) if case.person else None
    stops = stops_of(person) if person else []
    if DIED in stops:
        return State.STOPPED, DIED
    if kind is Kind.SAFETY:
        return State.WAITING, None
    _, nothing = agreed_items(session, case.id)
    if nothing:
        return State.STOPPED, "not-agreed"
    reason = next((each for each in stops if each in _HOLDS.values()), held)
    return (State.HELD, reason) if reason else (State.WAITING, None)
