"""A worry that the practice has not read is to be told by ringing, within the hour.

A letter that waits to be read does no harm; a worry does. By MESH both acknowledgements say that it
arrived (`mesh.inbox`). A practice that reads by FHIR acknowledges nothing, so that its own look at
the letter, which the trail of accesses holds, is what says so.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.referrals.accesses import NOTIFIED
from services.referrals.desk import Desk
from services.referrals.gp.failing import fail
from services.referrals.gp.occasions import locked, mark
from services.referrals.gp.standing import Kind, Route, State
from services.referrals.tables import AccessEntry, GpMessage, Practice

CONFIRMED_WITHIN = timedelta(minutes=40)
"""From when a worry was sent. With what sending takes at most (`posting.WORRY`) it is about an hour
until somebody has something to do."""

UNREAD = "not-read"


def chase(desk: Desk) -> int:
    """Have the team ring where nobody read a worry in time, and end that where somebody did.

    Replicas may do it side by side.

    Returns:
        How many worries were moved.
    """
    with desk.look() as uow:
        waiting = uow.session.exec(
            select(GpMessage.id, GpMessage.case).where(
                GpMessage.kind == Kind.SAFETY.value,
                GpMessage.route == Route.FHIR.value,
                (col(GpMessage.state) == State.SENT.value)
                | ((col(GpMessage.state) == State.FAILED.value) & (GpMessage.reason == UNREAD)),
            )
        ).all()
    return sum(_settle(desk, key, case) for key, case in waiting)


def _settle(desk: Desk, key: UUID, case: UUID) -> bool:
    with desk.work() as uow:
        message = locked(uow.session, case, key)
        unread = message.state == State.FAILED and message.reason == UNREAD
        if message.state != State.SENT and not unread:
            return False  # another replica, or a person, was faster
        if _was_read(uow.session, message):
            message.state, message.reason = State.RECEIVED.value, None
            message.changed = desk.clock()
            uow.session.add(message)
            uow.session.flush()
            mark(uow.session, case)
        elif unread or message.sent is None or message.sent > desk.clock() - CONFIRMED_WITHIN:
            return False
        else:
            fail(desk, uow, message, UNREAD)
        uow.commit()
        return True


def _was_read(session: Session, message: GpMessage) -> bool:
    """Whether the practice's own client looked at the letter; that it was sent one is no look."""
    practice = session.get_one(Practice, message.practice)
    looks = select(func.count()).where(
        AccessEntry.record == f"DocumentReference/{message.id}",
        AccessEntry.organisation == str(practice.organisation),
        AccessEntry.action != NOTIFIED,
        ~col(AccessEntry.denied),
    )
    return bool(session.exec(looks).one())
