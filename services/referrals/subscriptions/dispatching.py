"""From committed changes to numbered events: one leader over all replicas, no gap, no repeat."""

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import structlog
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.subscriptions import standing
from services.referrals.subscriptions.beating import Beats
from services.referrals.subscriptions.reaching import Reach, reaches
from services.referrals.subscriptions.registering import add_event
from services.referrals.subscriptions.topics import focus_of
from services.referrals.tables.subscription import (
    COUNTED,
    Change,
    SubscriptionEvent,
    SubscriptionState,
)
from shared.database import Lease, UnitOfWork, at_once
from shared.fhir.outcome import FhirError
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.store import Access, FhirStore
from shared.tracing import traced
from shared.worker import Wake

log = structlog.get_logger(__name__)

BATCH = 100
BEATS_EVERY = 1.0
"""Seconds between two looks at what happens because time passes."""

_WAITING = "SELECT EXISTS (SELECT FROM subscription_change WHERE dispatched IS NULL)"
_DISPATCHED = """
UPDATE subscription_change SET dispatched = %(now)s WHERE position = ANY(%(positions)s)
"""

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
        self.wake = wake
        self._sender = sender
        self._lease = Lease(desk.engine, self.name)
        self._beats = Beats(desk)
        self._beats_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Dispatch until told to stop; another replica leads from then on."""
        try:
            while not stop.is_set():
                taken = self.dispatch()
                if time.monotonic() >= self._beats_at:
                    self.beat()
                    self._beats_at = time.monotonic() + BEATS_EVERY
                if not taken:
                    self.wake.wait(self._desk.settings.subscription_poll_seconds)
        finally:
            self._lease.release()

    def dispatch(self) -> int:
        """Dispatch one batch if this replica leads; returns how many changes were taken."""
        epoch = self._lease.leads()
        if epoch is None or not self._anything():
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
            store = self._desk.store(uow)
            reached = reaches(uow.session, subscriptions, self._desk.types)
            for change in changes:
                of_topic = [
                    (each, reached[each.id])
                    for each in subscriptions
                    if focus_of(each.topic) == change.type and reached[each.id].counts
                ]
                with traced(change.traceparent):
                    with _as_changed(store, change, of_topic):
                        told = [
                            each
                            for each, how_far in of_topic
                            if self._concerns(store, each, how_far, change, broken)
                        ]
                    for each in told:  # behind the block, which takes back what it wrote
                        self._number(uow, each, change)
            done = {"now": self._desk.clock(), "positions": [each.position for each in changes]}
            uow.session.connection().exec_driver_sql(_DISPATCHED, done)
            uow.on_commit(self._sender.set)
            uow.session.flush()
            uow.commit()
        for key in broken:
            self._put_in_error(key)
        return len(changes)

    def _anything(self) -> bool:
        """Whether any change waits; mostly none does, and asking costs one round trip."""
        ((waits,),) = at_once(self._desk.engine, _WAITING, {})
        return bool(waits)

    def beat(self) -> int:
        """Have heartbeats sent and end what is over, if this replica leads; how many."""
        if self._lease.leads() is None:
            return 0
        done = self._beats.due()
        if done:
            self._sender.set()
        return done

    def _concerns(
        self,
        store: FhirStore,
        subscription: SubscriptionState,
        how_far: Reach,
        change: Change,
        broken: set[str],
    ) -> bool:
        """Whether the subscriber may read it and asked for it: one SELECT answers both."""
        for each in subscription.filters or [change.type]:
            pairs = [*parse_query(each.partition("?")[2]), ("_id", change.id)]
            try:
                request = parse_search(self._desk.types, change.type, pairs)
            except FhirError:
                # A parameter that is no longer served must not stop the others' notifications.
                broken.add(subscription.id)
                return False
            if not store.search(request, how_far.access).matches:
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


def _as_changed(
    store: FhirStore, change: Change, subscriptions: Sequence[tuple[SubscriptionState, Reach]]
) -> AbstractContextManager[None]:
    """Within it a filter, or a scope's search, is asked of the version that the change made, not of
    what came of it.
    """
    if not any(each.filters or far.access.narrowing for each, far in subscriptions):
        return nullcontext()
    current = store.find(change.type, change.id, Access.system())
    if current is None or current.deleted or current.version == change.version:
        return nullcontext()
    try:
        return store.as_it_was(store.vread(change.type, change.id, change.version, Access.system()))
    except FhirError:  # that version was a deletion: no filter finds it
        return nullcontext()
