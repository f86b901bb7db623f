"""Background work: threads that are started, watched, restarted and stopped together."""

import threading
import time
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import structlog
from tenacity import Retrying, wait_random_exponential

log = structlog.get_logger(__name__)

FINISH_WITHIN = 20.0
"""Seconds that workers have to finish after the order to stop: as long as a webhook may take."""

WOKEN_EVERY = 0.1
"""Seconds between two calls to those that sleep, while all are being stopped."""


class Wake:
    """Tells a sleeping worker that there is work, so that it need not wait for its next poll."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake whoever waits now, or the next one who will."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Sleep until woken or until `seconds` have passed; true when woken."""
        woken = self._event.wait(seconds)
        self._event.clear()
        return woken


class Worker(Protocol):
    """One loop of background work, run in a thread of its own."""

    @property
    def name(self) -> str:
        """A short name for logs and health, such as `referrals.relay`."""
        ...

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then finish what was begun and return."""
        ...


@runtime_checkable
class Waiting(Protocol):
    """A worker that says why it cannot do its work at this moment."""

    @property
    def name(self) -> str:
        """See `Worker`."""
        ...

    fault: str | None
    """In words, for readiness; None while it works."""


@runtime_checkable
class Sleeping(Protocol):
    """A worker that sleeps where it can be woken, to hear that it is to stop."""

    @property
    def wake(self) -> Wake:
        """What it sleeps on; others may sleep on it too."""
        ...


class WorkerGroup:
    """Runs workers, each in its thread. One that raises or just ends is logged and started again.

    A worker that dies silently is the worst failure of all (nobody is told, nothing arrives), so
    the only way out of the loop is `stop`.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = list(workers)
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}

    def start(self) -> None:
        """Start every worker's thread; again, too, after a stop."""
        self._stop.clear()
        for worker in self._workers:
            thread = threading.Thread(target=self._supervise, args=(worker,), name=worker.name)
            self._threads[worker.name] = thread
            thread.start()

    def stop(self, timeout: float = FINISH_WITHIN) -> list[str]:
        """Ask all workers to finish what they began, and wait up to `timeout` seconds for them.

        Returns:
            The names of those that did not finish in time.
        """
        self._stop.set()
        end = time.monotonic() + timeout
        for thread in self._threads.values():
            while thread.is_alive() and (left := end - time.monotonic()) > 0:
                # Again and again: of those that share a place to sleep, one may take it for all.
                self._wake()
                thread.join(min(WOKEN_EVERY, left))
        late = [name for name, thread in self._threads.items() if thread.is_alive()]
        if late:
            log.error("workers.late", workers=late, seconds=timeout)
        return late

    def alive(self) -> dict[str, bool]:
        """Whether each worker's thread runs."""
        return {name: thread.is_alive() for name, thread in self._threads.items()}

    def faults(self) -> dict[str, str]:
        """Why each worker does not work that does not: its thread ended, or it says so itself."""
        found: dict[str, str] = {}
        for worker in self._workers:
            thread = self._threads.get(worker.name)
            if thread is None:
                continue
            if not thread.is_alive():
                found[worker.name] = "the worker is not running"
            elif isinstance(worker, Waiting) and worker.fault:
                found[worker.name] = worker.fault
        return found

    def _wake(self) -> None:
        for worker in self._workers:
            if isinstance(worker, Sleeping):
                worker.wake.set()

    def _supervise(self, worker: Worker) -> None:
        retrying = Retrying(
            wait=wait_random_exponential(multiplier=0.1, max=10),
            sleep=self._pause,
            retry=lambda _: not self._stop.is_set(),
        )
        retrying(self._run, worker)

    def _run(self, worker: Worker) -> None:
        try:
            worker.run(self._stop)
        except Exception as error:
            log.exception("worker.crashed", worker=worker.name, exc_info=error)
        else:
            if not self._stop.is_set():
                log.error("worker.ended", worker=worker.name)

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)
