"""How much is sent to one receiver at once, so that a slow one holds back no other.

What a receiver can bear shows in its answers: it begins with one message at a time, each that it
takes allows one more, a failure takes all of that back, and after several it is left alone for a
while. So a system that hangs costs a thread, and not one for each of its messages. Each worker
learns for itself, and anew after a restart: nothing of this has to be right, only cheap.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.delivery.outcome import CRASHED, Delivery, Receipt, Temporary, Undelivered

MOST_AT_ONCE = 8
"""Messages to one receiver at once."""
FIRST_REST = 1.0
LONGEST_REST = 300.0
"""Seconds for which a receiver is left alone after a failure; each one in a row doubles them."""
LONGEST_ASKED = 3600.0
"""Seconds for which it is at most left alone because it asked for that (`Retry-After`)."""
FORGOTTEN_AFTER = 3600.0
"""Seconds after which nothing is remembered of a receiver to which nothing was sent."""

Receiver = Callable[[Delivery], str | None]
"""Names the receiver of a delivery, where it has one that may be slow: its address."""


@dataclass
class _Known:
    sending: int = 0
    allowed: int = 1
    failures: int = 0
    rests_until: float = 0.0
    last: float = 0.0


class Receivers:
    """What a worker knows of those to whom it sends. For one thread.

    Args:
        receiver: names them; of whom it names none, nothing is limited.
        clock: seconds that only rise.
    """

    def __init__(self, receiver: Receiver, clock: Callable[[], float] = time.monotonic) -> None:
        self._receiver = receiver
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._looks_again = clock() + FORGOTTEN_AFTER

    @property
    def busy(self) -> list[str]:
        """Those to whom as much is being sent as they can bear."""
        return [name for name, each in self._known.items() if each.sending >= each.allowed]

    def admits(self, delivery: Delivery) -> timedelta | None:
        """Take a delivery for sending, if its receiver can bear one more.

        Returns:
            None if so; else for how long its receiver is left alone, and no time at all where it is
            only busy.
        """
        name = self._receiver(delivery)
        if name is None:
            return None
        each = self._known.setdefault(name, _Known())
        now = each.last = self._clock()
        if each.rests_until > now:
            return timedelta(seconds=each.rests_until - now)
        if each.sending >= each.allowed:
            return timedelta()
        each.sending += 1
        return None

    def answered(self, delivery: Delivery, result: Receipt | Undelivered) -> None:
        """Learn from how an attempt ended."""
        name = self._receiver(delivery)
        if name is None:
            return
        each = self._known[name]
        each.sending -= 1
        if isinstance(result, Receipt):
            each.failures = 0
            each.allowed = min(MOST_AT_ONCE, each.allowed + 1)
        elif isinstance(result, Temporary) and result.reason != CRASHED:
            each.failures += 1
            each.allowed = 1
            rest = min(LONGEST_REST, FIRST_REST * 2 ** (each.failures - 1))
            asked = result.retry_after.total_seconds() if result.retry_after else 0.0
            rest = max(rest, min(asked, LONGEST_ASKED)) * (1 + random.random() / 5)  # noqa: S311
            each.rests_until = self._clock() + rest
        self._forget()

    def _forget(self) -> None:
        now = self._clock()
        if now < self._looks_again:
            return
        self._looks_again = now + FORGOTTEN_AFTER
        old = [
            name
            for name, each in self._known.items()
            if not each.sending and max(each.last, each.rests_until) < now - FORGOTTEN_AFTER
        ]
        for name in old:
            del self._known[name]
