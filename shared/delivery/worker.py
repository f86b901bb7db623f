"""The loop that sends a service's deliveries."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from shared.database import UnitOfWork
from shared.delivery.ledger import Delivered, Failed, Judged, Ledger, LockFirst
from shared.delivery.outcome import Delivery, Receipt, Temporary, Undelivered
from shared.delivery.schedule import Schedule
from shared.delivery.tables import DeliveryTables
from shared.tracing import traced
from shared.worker import Wake

log = structlog.get_logger(__name__)

Send = Callable[[Delivery], Receipt]
"""Delivers, or raises one of `Undelivered`'s kinds. Called with no transaction open."""


def _nothing(uow: UnitOfWork, delivery: Delivery, detail: object = None) -> None:
    """For a service that has nothing to add."""


def _as_it_is(uow: UnitOfWork, delivery: Delivery, result: Undelivered) -> Undelivered:
    """For a service that has nothing to say about what an attempt met."""
    return result


CRASHED = "internal-error"
"""The code of an attempt that met a fault of our own: it says nothing of the receiver."""


class DeliveryWorker:
    """Claims due deliveries, sends several at once, records each. Replicas may run side by side.

    Args:
        name: for logs and health, such as `notifications.deliveries`.
        engine: the service's database.
        tables: what `DeliveryTables` declared.
        send: delivers one; it must give up well before `lease_seconds`.
        schedule: when to try again, by channel.
        rest: called when nothing more is due: what `send` keeps open may be closed.
        wake: this worker's own, set by whoever added deliveries.
        on_delivered: see `Ledger`.
        on_failed: see `Ledger`.
        judged: see `Ledger`.
        lock_first: see `Ledger`.
        threads: how many are sent at once.
        lease_seconds: after this a worker counts as lost, and what it sent as unknown.
        poll_seconds: how long to sleep when nothing is due and nobody wakes us.
    """

    def __init__(
        self,
        *,
        name: str,
        engine: Engine,
        tables: DeliveryTables,
        send: Send,
        schedule: Callable[[str], Schedule],
        wake: Wake,
        rest: Callable[[], None] = lambda: None,
        on_delivered: Delivered = _nothing,
        on_failed: Failed = _nothing,
        judged: Judged = _as_it_is,
        lock_first: LockFirst = _nothing,
        threads: int = 4,
        lease_seconds: float = 120.0,
        poll_seconds: float = 1.0,
    ) -> None:
        self.name = name
        self._send = send
        self._wake = wake
        self._rest = rest
        self._threads = threads
        self._poll = poll_seconds
        self._ledger = Ledger(
            engine,
            tables,
            owner=name,
            schedule=schedule,
            lease=timedelta(seconds=lease_seconds),
            on_delivered=on_delivered,
            on_failed=on_failed,
            judged=judged,
            lock_first=lock_first,
        )
        # A database that is away for a moment must not turn something sent into an `unknown`.
        self._until_recorded = Retrying(
            retry=retry_if_exception_type(OperationalError),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(lease_seconds / 2),
            reraise=True,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, then wait for what is being sent."""
        sending: set[Future[None]] = set()
        with ThreadPoolExecutor(self._threads, thread_name_prefix=self.name) as pool:
            while not stop.is_set():
                ended = {each for each in sending if each.done()}
                sending -= ended
                for each in ended:
                    each.result()
                free = self._threads - len(sending)
                claimed = self._ledger.claim(free) if free else []
                sending |= {pool.submit(self._deliver, delivery) for delivery in claimed}
                if not claimed:
                    if not sending:
                        self._rest()
                    self._wake.wait(self._poll)
        self._rest()

    def deliver_due(self) -> int:
        """Send everything that is due now, in this thread; returns the number of attempts."""
        attempts = 0
        while claimed := self._ledger.claim(1):
            self._deliver(claimed[0])
            attempts += 1
        self._rest()
        return attempts

    def _deliver(self, delivery: Delivery) -> None:
        with traced(delivery.traceparent):
            self._attempt(delivery)
        self._wake.set()

    def _attempt(self, delivery: Delivery) -> None:
        result: Receipt | Undelivered
        try:
            result = self._send(delivery)
        except Undelivered as undelivered:
            result = undelivered
        except Exception as error:  # a channel's bug must not stop other deliveries
            log.exception("delivery.crashed", delivery=str(delivery.id), exc_info=error)
            result = Temporary(CRASHED)
        self._until_recorded(self._ledger.record, delivery, result)
        log.info(
            "delivery.attempted",
            delivery=str(delivery.id),
            channel=delivery.channel,
            attempt=delivery.attempt,
            answer=result.code if isinstance(result, Receipt) else result.reason,
        )
