"""Whether messages about a case arrived: shown on the worklist, so that silence is no riddle."""

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

_ARRIVED = 'UPDATE worklist SET delivery_state = %(state)s WHERE "case" = %(case)s'


def note_arrival(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep how the last message about a case ended, within the caller's transaction."""
    event = envelope.data
    if not isinstance(event, NotificationEvent):
        return
    state = "failed" if isinstance(event, NotificationFailed) else "delivered"
    parameters = {"case": event.case, "state": state}
    uow.session.connection().exec_driver_sql(_ARRIVED, parameters)
