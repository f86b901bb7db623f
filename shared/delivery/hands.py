"""The threads in which a worker sends. Who waits for a slow receiver does not count for long."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

SOON = 0.5
"""Seconds after which whoever waits for an answer makes room for another."""


class Hands(Generic[T]):
    """Does several things at once; the results are taken by the thread that hands them out.

    Args:
        name: of the threads.
        ready: things at once that are done soon.
        patient: further ones that take longer; their threads wait and do nothing.
        freed: called, in the thread that did something, when it is done while `wanted`.
    """

    def __init__(self, name: str, *, ready: int, patient: int, freed: Callable[[], None]) -> None:
        self._pool = ThreadPoolExecutor(ready + patient, thread_name_prefix=name)
        self._ready = ready
        self._patient = patient
        self._freed = freed
        self.wanted = False
        """Whether somebody waits for a hand."""
        self._begun: dict[object, float] = {}
        self._results: SimpleQueue[tuple[object, T | BaseException]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    @property
    def at_work(self) -> int:
        """How many things are being done."""
        return len(self._begun)

    @property
    def free(self) -> int:
        """How many more can be begun."""
        since = time.monotonic() - SOON
        slow = sum(at < since for at in self._begun.values())
        return self._ready - (len(self._begun) - min(slow, self._patient))

    def begin(self, work: Callable[[], T]) -> None:
        """Begin something in a thread."""
        token = object()
        self._begun[token] = time.monotonic()
        self._pool.submit(self._do, token, work)

    def results(self) -> list[T]:
        """What was done since this was asked last.

        Raises:
            BaseException: what one of them raised.
        """
        done: list[T] = []
        while True:
            try:
                token, result = self._results.get_nowait()
            except Empty:
                return done
            del self._begun[token]
            if isinstance(result, BaseException):
                raise result
            done.append(result)

    def _do(self, token: object, work: Callable[[], T]) -> None:
        try:
            self._results.put((token, work()))
        except BaseException as error:  # noqa: BLE001 - raised where the results are taken
            self._results.put((token, error))
        if self.wanted:
            self._freed()
