"""The loop that sends a service's deliveries."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Protocol, Self, runtime_checkable
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from shared.database import UnitOfWork
from shared.delivery.hands import Hands
from shared.delivery.ledger import Delivered, Failed, Judged, Ledger, LockFirst, Together
from shared.delivery.outcome import CRASHED, Delivery, Receipt, Temporary, Undelivered
from shared.delivery.receivers import Receiver, Receivers
from shared.delivery.schedule import Schedule
from shared.delivery.tables import DeliveryTables
from shared.tracing import traced
from shared.worker import Wake

log = structlog.get_logger(__name__)

Send = Callable[[Delivery], Receipt]
"""Delivers, or raises one of `Undelivered`'s kinds. Called with no transaction open."""

Ended = tuple[Delivery, Receipt | Undelivered]


@runtime_checkable
class Prepares(Protocol):
    """A `Send` that reads what several need at once."""

    def prepared(self, deliveries: Sequence[Delivery]) -> Mapping[UUID, Callable[[], Receipt]]:
        """What sends each of some deliveries, as the `Send` itself would; whatever is left out is
        for the `Send`."""
        ...


GATHERING = 0.1
"""Seconds at most for which an end is left unrecorded, for others to be recorded with it."""
TOGETHER = 50
"""Ends at most that are recorded together."""
PATIENT = 100
"""Threads at most that wait for slow receivers, beside those that send."""


def _nothing(uow: UnitOfWork, delivery: Delivery, detail: object = None) -> None:
    """For a service that has nothing to add."""


def _as_it_is(uow: UnitOfWork, delivery: Delivery, result: Undelivered) -> Undelivered:
    """For a service that has nothing to say about what an attempt met."""
    return result


class _Gathered:
    """How attempts ended that are not recorded yet."""

    def __init__(self) -> None:
        self._ended: list[Ended] = []
        self._since = 0.0
        self._hurried = False

    def __bool__(self) -> bool:
        return bool(self._ended)

    @property
    def enough(self) -> bool:
        """Whether they are to be recorded now."""
        waited = time.monotonic() - self._since
        long = self._hurried or len(self._ended) >= TOGETHER or waited >= GATHERING
        return bool(self._ended) and long

    def add(self, ended: Sequence[Ended], *, hurried: bool) -> None:
        """More of them; `hurried` if they are to be recorded without waiting for others."""
        if not self._ended:
            self._since = time.monotonic()
        self._ended += ended
        self._hurried |= hurried

    def taken(self) -> list[Ended]:
        ended, self._ended, self._hurried = self._ended, [], False
        return ended


class _Clerk:
    """Records in a thread of its own, one lot after the other.

    Args:
        name: of the worker.
        record: writes a lot down.
        done: called, in that thread, when it is.
    """

    def __init__(
        self, name: str, record: Callable[[Sequence[Ended]], None], *, done: Callable[[], None]
    ) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{name} records")
        self._record = record
        self._done = done
        self._recording: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    @property
    def at_work(self) -> bool:
        """Whether a lot is being recorded, or `finished` was not asked since it was."""
        return self._recording is not None

    def begin(self, ended: Sequence[Ended]) -> None:
        """Record a lot; none may be at work."""
        self._recording = self._thread.submit(self._record, ended)
        self._recording.add_done_callback(lambda _: self._done())

    def finished(self) -> bool:
        """Whether a lot is recorded; once for each.

        Raises:
            Exception: what recording it raised.
        """
        if self._recording is None or not self._recording.done():
            return False
        recorded, self._recording = self._recording, None
        recorded.result()
        return True


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
        together: see `Ledger`.
        receiver: names those who may be slow, so that they hold back no others (`Receivers`).
        threads: how many are sent at once; whoever waits for an answer for longer than usual does
            not count.
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
        together: Together | None = None,
        receiver: Receiver = lambda _: None,
        threads: int = 4,
        lease_seconds: float = 120.0,
        poll_seconds: float = 1.0,
    ) -> None:
        self.name = name
        self._send = send
        self.wake = wake
        self._rest = rest
        self._threads = threads
        self._poll = poll_seconds
        self._receiver = receiver
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
            together=together,
        )
        # A database that is away for a moment must not turn something sent into an `unknown`.
        self._until_recorded = Retrying(
            retry=retry_if_exception_type(OperationalError),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(lease_seconds / 2),
            reraise=True,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, then wait for what is being sent.

        Ends are recorded in a thread beside this one, some while the next are claimed: each takes
        about as long as the other.
        """
        receivers = Receivers(self._receiver)
        ended = _Gathered()
        look_at = 0.0
        with (
            _Clerk(self.name, self._record, done=self.wake.set) as clerk,
            Hands[Ended](
                self.name, ready=self._threads, patient=PATIENT, freed=self.wake.set
            ) as hands,
        ):
            while hands.at_work or ended or clerk.at_work or not stop.is_set():
                for delivery, result in (done := hands.results()):
                    receivers.answered(delivery, result)
                ended.add(done, hurried=self._hurries(done))
                if clerk.finished():
                    look_at = 0.0  # what waited for these, in their order, may be due
                if not clerk.at_work and (ended.enough or (ended and not hands.at_work)):
                    clerk.begin(ended.taken())
                room = hands.free
                due = time.monotonic() >= look_at and not stop.is_set()
                if due and 2 * room >= self._threads:  # several are made ready together
                    claimed = self._claimed(room, receivers)
                    for work in self._works(claimed):
                        hands.begin(work)
                    due = len(claimed) == room
                    look_at = 0.0 if due else time.monotonic() + self._poll
                hands.wanted = due
                idle = not (hands.at_work or ended or clerk.at_work)
                if idle:
                    self._rest()
                if self.wake.wait(self._poll if idle else GATHERING):
                    look_at = 0.0
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
        self._record([self._attempted(delivery, partial(self._send, delivery))])

    def _hurries(self, ended: Sequence[Ended]) -> bool:
        """Whether a receiver may not know a repetition, so that nothing may be lost before it is
        recorded: one that has no name here, as behind a mail server."""
        return any(self._receiver(delivery) is None for delivery, _ in ended)

    def _claimed(self, free: int, receivers: Receivers) -> list[Delivery]:
        if free <= 0:
            return []
        return self._ledger.claim(free, admits=receivers.admits, busy=receivers.busy)

    def _works(self, claimed: Sequence[Delivery]) -> list[Callable[[], Ended]]:
        """What sends each of them, in a thread."""
        prepared: Mapping[UUID, Callable[[], Receipt]] = {}
        sender: object = self._send
        if claimed and isinstance(sender, Prepares):
            try:
                prepared = sender.prepared(claimed)
            except Exception as error:  # noqa: BLE001 - judged when each is sent by itself
                log.info("delivery.one_by_one", deliveries=len(claimed), error=type(error).__name__)
        return [
            partial(self._attempted, each, prepared.get(each.id) or partial(self._send, each))
            for each in claimed
        ]

    def _attempted(self, delivery: Delivery, send: Callable[[], Receipt]) -> Ended:
        with traced(delivery.traceparent):
            result: Receipt | Undelivered
            try:
                result = send()
            except Undelivered as undelivered:
                result = undelivered
            except Exception as error:  # a channel's bug must not stop other deliveries
                log.exception("delivery.crashed", delivery=str(delivery.id), exc_info=error)
                result = Temporary(CRASHED)
            log.info(
                "delivery.attempted",
                delivery=str(delivery.id),
                channel=delivery.channel,
                attempt=delivery.attempt,
                answer=result.code if isinstance(result, Receipt) else result.reason,
            )
            return delivery, result

    def _record(self, ended: Sequence[Ended]) -> None:
        received = [(each, result) for each, result in ended if isinstance(result, Receipt)]
        recorded = self._ledger.record_delivered(received)
        for delivery, result in ended:
            if not (recorded and isinstance(result, Receipt)):
                with traced(delivery.traceparent):
                    self._until_recorded(self._ledger.record, delivery, result)
