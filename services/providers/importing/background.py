"""Imports beside the requests that asked for them: a large one goes on after its answer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import anyio.to_thread
import structlog

from services.providers.importing.outcomes import Report

AT_ONCE = 2
"""Imports of one process; others wait for their turn."""

log = structlog.get_logger(__name__)


class Background:
    """Runs imports in threads of its own; entered with the app, and left when it stops.

    Attributes:
        stop: set when the app stops: each import ends after the batch at hand.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        self.stop.clear()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        pool, self._pool = self._pool, None
        if pool is not None:
            await anyio.to_thread.run_sync(pool.shutdown)

    async def run(self, work: Callable[[], Report], *, wait: float) -> Report | None:
        """Begin an import, and wait for it.

        Args:
            work: the import.
            wait: seconds; after that it goes on by itself.

        Returns:
            Its report; None where it goes on.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="providers.import")
        begun = self._pool.submit(work)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(begun)), wait)
        except TimeoutError:
            begun.add_done_callback(_log_failure)
            return None


def _log_failure(done: "Future[Report]") -> None:
    error = done.exception()
    if error is not None:
        log.error("import.failed", exc_info=error)
