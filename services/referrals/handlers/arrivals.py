"""Whether messages about a case arrived: shown on the worklist, so that silence is no riddle."""

from sqlalchemy import update
from sqlmodel import col

from services.referrals.tables import Worklist
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import (
    Envelope,
    NotificationDelivered,
    NotificationEvent,
    NotificationFailed,
)

SUBSCRIPTION = Subscription(
    "referrals",
    "arrivals",
    frozenset(event.type for event in (NotificationDelivered, NotificationFailed)),
)


def note_arrival(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep how the last message about a case ended, within the caller's transaction."""
    event = envelope.data
    if not isinstance(event, NotificationEvent):
        return
    state = "failed" if isinstance(event, NotificationFailed) else "delivered"
    uow.session.connection().execute(
        update(Worklist).where(col(Worklist.case) == event.case).values(delivery_state=state)
    )
