"""Tasks that do together what waits: as many at once as may be, and none while nothing waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

import structlog

log = structlog.get_logger(__name__)


class Crew:
    """Works through what waits, in the event loop.

    Args:
        most: tasks at a time.
        waits: whether anything waits.
        take: takes some of what waits, and answers it whatever happens.
    """

    def __init__(
        self, most: int, *, waits: Callable[[], bool], take: Callable[[], Awaitable[None]]
    ) -> None:
        self._most = most
        self._waits = waits
        self._take = take
        self._at_work: set[asyncio.Task[None]] = set()

    def call(self) -> None:
        """See to it that what waits is taken."""
        if len(self._at_work) < self._most:
            # In a context of its own: it works for others too, whose log has another request's id.
            task = asyncio.get_running_loop().create_task(self._work(), context=Context())
            self._at_work.add(task)

    async def finish(self) -> None:
        """Wait until nobody is at work."""
        while self._at_work:
            await asyncio.wait(self._at_work)

    async def _work(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            while self._waits():
                try:
                    await self._take()
                except Exception:
                    # Whom it concerned were answered; the others wait still.
                    log.exception("fhir.crew_failed")
        finally:
            # In the same breath as the last look. By a callback of the task it would be a moment
            # later, and who came in between would find all at work and wait for nobody.
            self._at_work.discard(task)
