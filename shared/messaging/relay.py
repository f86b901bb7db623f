"""The relay: carries committed events from a service's outbox to the broker, in order."""

import threading
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from dateutil.relativedelta import relativedelta
from prometheus_client import Counter, Gauge
from sqlalchemy import BigInteger, Engine, Select, bindparam, func, select, update

from shared.database import Lease, lease
from shared.messaging.broker import Broker, BrokerAway, Message, Publisher, patiently
from shared.messaging.outbox import KEPT_CONSUMED, KEPT_PUBLISHED, outbox, prune
from shared.worker import Wake

log = structlog.get_logger(__name__)

PUBLISHED = Counter(
    "kersey_outbox_published_total", "Events that the broker confirmed and the relay marked.",
    ["service"],
)  # fmt: skip
REFUSED = Counter(
    "kersey_outbox_refused_total", "Events that the broker returned or refused; they are kept.",
    ["service"],
)  # fmt: skip
LEADING = Gauge(
    "kersey_outbox_leading", "1 on the relay that leads its service's outbox.", ["service"]
)

LONGEST_DELAY = 60.0
"""Seconds at most between two attempts at an event that the broker refuses."""


class Relay:
    """Publishes a service's outbox. Any number of replicas may run; one leads, by a lease row.

    Of each subject only the oldest unpublished event is sent, so that an event which the broker
    refuses holds back the later ones of its subject and nobody else's. A row is marked only after
    the broker's confirm, and only while the lease's epoch is still ours: a relay that was frozen
    and wakes may repeat an event (which consumers notice by its id) but never marks one.

    Args:
        engine: of the service; one connection is in use at a time.
        broker: where to.
        service: whose outbox, for the names of the worker and of its metrics.
        wake: set after each commit that added an event.
        window: events in flight at most.
        poll: seconds between two looks at the outbox when nobody wakes the relay.
        term: seconds of a lease; another replica takes over that long after a leader's death.
        keep_published: how long a published event stays in the outbox.
        keep_consumed: how long the inbox remembers an event.
    """

    def __init__(
        self,
        engine: Engine,
        broker: Broker,
        *,
        service: str,
        wake: Wake | None = None,
        window: int = 100,
        poll: float = 0.03,
        term: float = 10.0,
        keep_published: timedelta | relativedelta = KEPT_PUBLISHED,
        keep_consumed: timedelta | relativedelta = KEPT_CONSUMED,
    ) -> None:
        self._engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._broker = broker
        self._service = service
        self._wake = wake or Wake()
        self._window = window
        self._poll = poll
        self._term = term
        self._lease = Lease(engine, "outbox-relay", seconds=term)
        self._keep_published = keep_published
        self._keep_consumed = keep_consumed
        self._due = self._heads_of_subjects()
        self._marked = (
            update(outbox)
            .where(
                outbox.c.id.in_(bindparam("confirmed", expanding=True)),
                outbox.c.published_at.is_(None),
                self._lease.holds(bindparam("epoch", type_=BigInteger)),
            )
            .values(published_at=func.clock_timestamp(), attempts=outbox.c.attempts + 1)
        )
        self._epoch: int | None = None
        self.fault: str | None = None
        """Why nothing is published now, for readiness; None while it is, or another leads."""
        self._prune_at = time.monotonic() + 60.0

    @property
    def name(self) -> str:
        """The worker's name, `<service>.relay`."""
        return f"{self._service}.relay"

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop; then hand the lease to the next replica at once."""
        publisher = self._broker.publisher()
        try:
            while not stop.is_set():
                patiently(stop, self, lambda: self._round(publisher))
        finally:
            publisher.close()
            LEADING.labels(self._service).set(0)
            if self._epoch is not None:
                self._lease.release()

    def _round(self, publisher: Publisher) -> None:
        epoch = self._lead()
        if epoch is None:
            self._wake.wait(min(1.0, self._term / 3))
            return
        batch = self._heads(epoch)
        self._housekeep()
        if not batch:
            publisher.idle()
            self._wake.wait(self._poll)
            return
        published = publisher.publish(batch)
        self._mark(epoch, published.confirmed)
        for event_id, why in published.refused.items():
            self._postpone(epoch, event_id, why)
        if published.interrupted:
            raise BrokerAway(published.interrupted)

    def _lead(self) -> int | None:
        """The epoch of our leadership, extended before it runs out; None while another leads."""
        epoch = self._lease.leads()
        if epoch != self._epoch:
            log.info("relay.leads" if epoch else "relay.follows", relay=self.name, epoch=epoch)
            LEADING.labels(self._service).set(0 if epoch is None else 1)
            self._epoch = epoch
        return epoch

    def _heads(self, epoch: int) -> list[Message]:
        """The oldest unpublished event of each subject, those that are due, oldest first."""
        with self._reader.connect() as connection:
            rows = connection.execute(self._due, {"epoch": epoch}).all()
        return [Message(row.id, row.type, row.envelope, row.recipient) for row in rows]

    def _heads_of_subjects(self) -> Select[Any]:
        """Built once: it is asked many times a second, and building it takes longer than asking.

        The epoch is compared without a lock here: a stale leader who reads may only repeat.
        """
        earlier = outbox.alias("earlier")
        held_back = (
            select(earlier.c.id)
            .where(
                earlier.c.subject == outbox.c.subject,
                earlier.c.published_at.is_(None),
                earlier.c.position < outbox.c.position,
            )
            .exists()
        )
        leading = (
            select(lease.c.name)
            .where(
                lease.c.name == self._lease.name,
                lease.c.owner == self._lease.owner,
                lease.c.epoch == bindparam("epoch"),
            )
            .exists()
        )
        return (
            select(outbox.c.id, outbox.c.type, outbox.c.envelope, outbox.c.recipient)
            .where(
                outbox.c.published_at.is_(None),
                outbox.c.due <= func.now(),
                ~held_back,
                leading,
            )
            .order_by(outbox.c.position)
            .limit(self._window)
        )

    def _mark(self, epoch: int, confirmed: frozenset[UUID]) -> None:
        if not confirmed:
            return
        with self._engine.begin() as connection:
            values = {"confirmed": list(confirmed), "epoch": epoch}
            count = connection.execute(self._marked, values).rowcount
        PUBLISHED.labels(self._service).inc(count)
        if count < len(confirmed):
            log.warning("relay.stale", relay=self.name, epoch=epoch, repeated=len(confirmed))
            self._lease.doubt()

    def _postpone(self, epoch: int, event_id: UUID, why: str) -> None:
        """Keep a refused event, try it again later, and say why in the row."""
        doubled = 0.25 * func.power(2, func.least(outbox.c.attempts, 10))
        seconds = func.least(LONGEST_DELAY, doubled) * (0.5 + func.random() / 2)
        postponed = (
            update(outbox)
            .where(
                outbox.c.id == event_id, outbox.c.published_at.is_(None), self._lease.holds(epoch)
            )
            .values(
                attempts=outbox.c.attempts + 1,
                due=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
                last_error=why[:200],
            )
        )
        with self._engine.begin() as connection:
            connection.execute(postponed)
        REFUSED.labels(self._service).inc()
        log.warning("relay.refused", relay=self.name, event_id=str(event_id), why=why)

    def _housekeep(self) -> None:
        now = time.monotonic()
        if now >= self._prune_at:
            self._prune_at = now + 3600.0
            deleted = prune(
                self._engine, published=self._keep_published, consumed=self._keep_consumed
            )
            log.info("relay.pruned", relay=self.name, rows=deleted)
