"""Whether a provider heard that it is asked: on the worklist, so that silence is no riddle."""

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

ASKS = frozenset({"request", "nudge", "second-nudge"})
"""Kinds of messages that ask a provider: whether they arrived is what its answer waits for."""

_ARRIVED = """
UPDATE worklist SET delivery_state = %(state)s WHERE "case" = %(case)s AND NOT EXISTS (
    SELECT FROM case_task asked JOIN case_task later ON later."case" = asked."case"
    WHERE asked.id = %(task)s AND later.kind = 'provider' AND later.created > asked.created
)
"""
"""What is told late of a request says nothing of one that was made after it."""


def note_arrival(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep whether the message arrived by which the last provider was asked, in a transaction."""
    event = envelope.data
    if not isinstance(event, NotificationEvent) or event.kind not in ASKS:
        return
    state = "failed" if isinstance(event, NotificationFailed) else "delivered"
    parameters = {"case": event.case, "task": str(event.task), "state": state}
    uow.session.connection().exec_driver_sql(_ARRIVED, parameters)
