"""Asking what is outside this process, for those who watch it, in a time that is known."""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

ANSWERS_WITHIN = 4.0
"""Seconds: a database that hangs must not hang whoever asks how it is. Below the time-outs of the
compose file's health checks (5) and of Prometheus (10)."""

_AT_ONCE = 8
"""Questions at most; one that hangs keeps its place, so that they do not become many threads."""

T = TypeVar("T")


class Asking:
    """Asks in threads of its own: those that answer requests may all be busy."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def answer(self, ask: Callable[[], T]) -> T:
        """What `ask` answers.

        Raises:
            TimeoutError: it did not within `ANSWERS_WITHIN`; it is left to itself.
            Exception: whatever `ask` raises.
        """
        with anyio.fail_after(ANSWERS_WITHIN):
            return await anyio.to_thread.run_sync(
                ask, abandon_on_cancel=True, limiter=self._limiter
            )
