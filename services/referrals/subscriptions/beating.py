"""What happens to a Subscription because time passes: heartbeats, and its end.

Backport, heartbeat-period: a client that hears nothing for that long is told that it misses
nothing. R4 subscription.html, `end`: the server turns it off then.
"""

from datetime import datetime

from sqlalchemy import exists
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.subscriptions import standing
from services.referrals.subscriptions.registering import add_heartbeat
from services.referrals.tables.subscription import SubscriptionState, deliveries


class Beats:
    """Finds what is due; the leader among the dispatchers calls it.

    A heartbeat is keyed by the moment at which it was due, so that two who believe that they lead
    send one.

    Args:
        desk: what every use case works with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def due(self) -> int:
        """Add the heartbeats that are due and end what is over; returns how many of both."""
        now = self._desk.clock()
        with self._desk.work() as uow:
            ended = uow.session.exec(
                select(SubscriptionState.id).where(
                    SubscriptionState.status != "off", col(SubscriptionState.ends) <= now
                )
            ).all()
            silent = uow.session.exec(
                select(SubscriptionState.id).where(
                    SubscriptionState.status == "active", col(SubscriptionState.beat_due) <= now
                )
            ).all()
        for key in ended:
            with self._desk.work() as uow:
                standing.set_status(self._desk, uow, key, "off")
                uow.commit()
        return len(ended) + sum(self._beat(key, now) for key in silent)

    def _beat(self, key: str, now: datetime) -> bool:
        with self._desk.work() as uow:
            session = uow.session
            state = session.get_one(SubscriptionState, key, with_for_update=True)
            if state.status != "active" or state.beat_due is None or state.beat_due > now:
                return False
            row = deliveries.delivery.c
            queued = exists().where(row.order_key == key, row.due.is_not(None))
            if session.exec(select(queued)).one():
                return False  # that one is the sign of life, or will show that there is none
            add_heartbeat(session, state, state.beat_due)
            state.beat_due = None
            session.add(state)
            session.flush()
            uow.commit()
            return True
