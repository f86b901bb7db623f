"""The relay: carries committed events from a service's outbox to the broker, in order."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from dateutil.relativedelta import relativedelta
from prometheus_client import Counter, Gauge
from sqlalchemy import Engine, func, update

from shared.database import Lease, at_once
from shared.messaging.broker import Broker, BrokerAway, Message, Published, Publisher, patiently
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

IN_A_ROW = 100
"""Rounds before the relay's patience with what is away begins anew."""

_LEADING = "SELECT 1 FROM lease WHERE name = %(lease)s AND owner = %(owner)s AND epoch = %(epoch)s"

_WAITING = f"""
SELECT id, subject, type, envelope, recipient FROM outbox
WHERE published_at IS NULL AND due <= now() AND NOT EXISTS (
  SELECT FROM outbox earlier WHERE earlier.subject = outbox.subject
  AND earlier.published_at IS NULL AND earlier.position < outbox.position AND earlier.due > now())
AND EXISTS ({_LEADING}) ORDER BY position LIMIT %(window)s
"""  # noqa: S608 - composed of constants
"""The epoch is compared without a lock here: a stale leader who reads may only repeat."""

_MARK = f"""
UPDATE outbox SET published_at = clock_timestamp(), attempts = attempts + 1
WHERE id = ANY(%(confirmed)s::uuid[]) AND published_at IS NULL AND EXISTS ({_LEADING} FOR SHARE)
RETURNING id
"""  # noqa: S608 - composed of constants


@dataclass(frozen=True, slots=True)
class _Row:
    subject: str
    message: Message


class Relay:
    """Publishes a service's outbox. Any number of replicas may run; one leads, by a lease row.

    An event is sent once the earlier ones of its subject are confirmed, so that an event which the
    broker refuses holds back the later ones of its subject and nobody else's. A row is marked after
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
        self._broker = broker
        self._service = service
        self.wake = wake or Wake()
        self._window = window
        self._poll = poll
        self._term = term
        self._lease = Lease(engine, "outbox-relay", seconds=term)
        self._keep_published = keep_published
        self._keep_consumed = keep_consumed
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
                patiently(stop, self, lambda: self._rounds(publisher, stop))
        finally:
            publisher.close()
            LEADING.labels(self._service).set(0)
            if self._epoch is not None:
                self._lease.release()

    def _rounds(self, publisher: Publisher, stop: threading.Event) -> None:
        for _ in range(IN_A_ROW):
            self._round(publisher)
            self.fault = None
            if stop.is_set():
                return

    def _round(self, publisher: Publisher) -> None:
        epoch = self._lead()
        if epoch is None:
            self.wake.wait(min(1.0, self._term / 3))
            return
        waiting = self._waiting(epoch)
        self._housekeep()
        if not waiting:
            publisher.idle()
            self.wake.wait(self._poll)
            return
        published = _published(publisher, waiting)
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

    def _waiting(self, epoch: int) -> Sequence[_Row]:
        """The oldest events that are due and behind none of their subject that is not."""
        parameters = self._as_leader(epoch) | {"window": self._window}
        rows = at_once(self._engine, _WAITING, parameters)  # thirty times a second: no session
        return [
            _Row(subject, Message(key, kind, envelope, recipient))
            for key, subject, kind, envelope, recipient in rows
        ]

    def _mark(self, epoch: int, confirmed: frozenset[UUID]) -> None:
        if not confirmed:
            return
        parameters = self._as_leader(epoch) | {"confirmed": list(confirmed)}
        count = len(at_once(self._engine, _MARK, parameters))
        PUBLISHED.labels(self._service).inc(count)
        if count < len(confirmed):
            log.warning("relay.stale", relay=self.name, epoch=epoch, repeated=len(confirmed))
            self._lease.doubt()

    def _as_leader(self, epoch: int) -> dict[str, Any]:
        return {"lease": self._lease.name, "owner": self._lease.owner, "epoch": epoch}

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


def _published(publisher: Publisher, waiting: Sequence[_Row]) -> Published:
    """Hand over events, each once those before it of its subject are confirmed."""
    confirmed: set[UUID] = set()
    refused: dict[UUID, str] = {}
    while waiting:
        heads, behind = _heads(waiting)
        published = publisher.publish([row.message for row in heads.values()])
        confirmed |= published.confirmed
        refused |= published.refused
        if published.interrupted:
            return Published(frozenset(confirmed), refused, published.interrupted)
        waiting = [row for row in behind if heads[row.subject].message.id in confirmed]
    return Published(frozenset(confirmed), refused)


def _heads(waiting: Sequence[_Row]) -> tuple[Mapping[str, _Row], Sequence[_Row]]:
    """The first of each subject, and those behind them."""
    heads: dict[str, _Row] = {}
    behind = [row for row in waiting if heads.setdefault(row.subject, row) is not row]
    return heads, behind
