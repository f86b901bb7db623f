"""From committed changes to numbered events: one leader over all replicas, no gap, no repeat."""

import threading

import structlog
from sqlmodel import col, select

from services.referrals import codes
from services.referrals.desk import Desk
from services.referrals.subscriptions import standing
from services.referrals.subscriptions.beating import Beats
from services.referrals.subscriptions.registering import add_event
from services.referrals.subscriptions.topics import TOPICS
from services.referrals.tables.subscription import Change, SubscriptionEvent, SubscriptionState
from shared.database import Lease, UnitOfWork
from shared.fhir.outcome import FhirError
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.store import Access
from shared.tracing import traced
from shared.worker import Wake

log = structlog.get_logger(__name__)

BATCH = 100
COUNTED = ("requested", "active", "error")
"""Events are counted while a Subscription is in error, so that its client sees by the next number
that it missed some and asks for them by $events."""

SENT = ("requested", "active")
"""What happens before the handshake was taken waits behind it."""


class Dispatcher:
    """Numbers the changes that each Subscription is to be told of.

    Args:
        desk: what every use case works with.
        wake: set when a change was committed in this process.
        sender: wakes the worker that sends.
    """

    name = "referrals.subscriptions"

    def __init__(self, desk: Desk, wake: Wake, sender: Wake) -> None:
        self._desk = desk
        self._wake = wake
        self._sender = sender
        self._lease = Lease(desk.engine, self.name)
        self._beats = Beats(desk)

    def run(self, stop: threading.Event) -> None:
        """Dispatch until told to stop; another replica leads from then on."""
        try:
            while not stop.is_set():
                taken = self.dispatch()
                self.beat()
                if not taken:
                    self._wake.wait(self._desk.settings.subscription_poll_seconds)
        finally:
            self._lease.release()

    def dispatch(self) -> int:
        """Dispatch one batch if this replica leads; returns how many changes were taken."""
        epoch = self._lease.leads()
        if epoch is None:
            return 0
        broken: set[str] = set()
        with self._desk.work() as uow:
            waiting = select(Change).where(col(Change.dispatched).is_(None))
            changes = uow.session.exec(waiting.order_by(col(Change.position)).limit(BATCH)).all()
            if not changes:
                return 0
            if not uow.session.exec(select(self._lease.holds(epoch))).one():
                self._lease.doubt()
                return 0
            subscriptions = uow.session.exec(
                select(SubscriptionState)
                .where(col(SubscriptionState.status).in_(COUNTED))
                .order_by(SubscriptionState.id)
                .with_for_update()
            ).all()
            for change in changes:
                with traced(change.traceparent):
                    for subscription in subscriptions:
                        if self._concerns(uow, subscription, change, broken):
                            self._number(uow, subscription, change)
                change.dispatched = self._desk.clock()
                uow.session.add(change)
            uow.on_commit(self._sender.set)
            uow.session.flush()
            uow.commit()
        for key in broken:
            self._put_in_error(key)
        return len(changes)

    def beat(self) -> int:
        """Have heartbeats sent and end what is over, if this replica leads; how many."""
        if self._lease.leads() is None:
            return 0
        done = self._beats.due()
        if done:
            self._sender.set()
        return done

    def _concerns(
        self, uow: UnitOfWork, subscription: SubscriptionState, change: Change, broken: set[str]
    ) -> bool:
        """Whether the subscriber may read it and asked for it: one SELECT answers both."""
        if TOPICS.get(subscription.topic) != change.type:
            return False
        access = Access(frozenset({str(subscription.organisation), codes.EVERYONE}))
        store = self._desk.store(uow)
        for each in subscription.filters or [change.type]:
            pairs = [*parse_query(each.partition("?")[2]), ("_id", change.id)]
            try:
                request = parse_search(self._desk.types, change.type, pairs)
            except FhirError:
                # A parameter that is no longer served must not stop the others' notifications.
                broken.add(subscription.id)
                return False
            if not store.search(request, access).matches:
                return False
        return True

    def _number(self, uow: UnitOfWork, subscription: SubscriptionState, change: Change) -> None:
        subscription.number += 1
        uow.session.add(subscription)
        uow.session.add(
            SubscriptionEvent(
                subscription=subscription.id,
                number=subscription.number,
                type=change.type,
                id=change.id,
                version=change.version,
                happened=change.made,
            )
        )
        if subscription.status in SENT:
            add_event(uow.session, subscription, subscription.number)

    def _put_in_error(self, key: str) -> None:
        log.error("subscription.filter_not_served", subscription=key)
        with self._desk.work() as uow:
            standing.set_status(self._desk, uow, key, "error", "filter-not-served")
            uow.commit()
