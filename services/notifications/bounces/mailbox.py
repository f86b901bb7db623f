"""A worker that takes what came back out of a mailbox, wherever that is.

What was understood is removed, as it holds an address. What nobody could read stays, marked as
seen, for a person to look at. What is still under way is looked at again.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from services.notifications.bounces.taking import Bounces, Outcome

log = structlog.get_logger(__name__)

Take = Callable[[bytes], Outcome]


class BoxFault(Exception):
    """A mailbox that cannot be read now; says so in words, for an operator."""


class Box(Protocol):
    """A mailbox."""

    def each(self, take: Take) -> int:
        """Hand over each new message, and do with it what its outcome says.

        Nothing is removed before it was taken: whatever is cut off in between comes again, and
        taking it twice changes nothing.

        Args:
            take: acts on a message; what is beyond `reading.MOST_BYTES` need not be fetched.

        Returns:
            How many were taken away.

        Raises:
            BoxFault: it cannot be read.
        """
        ...


class Mailbox:
    """Looks into a mailbox, again and again.

    Args:
        box: where the messages are.
        bounces: takes each.
        name: of the worker, for logs and health.
        poll_seconds: how often it looks.
    """

    def __init__(
        self,
        box: Box,
        bounces: Bounces,
        *,
        name: str = "notifications.bounces",
        poll_seconds: float = 60.0,
    ) -> None:
        self.name = name
        self._box = box
        self._bounces = bounces
        self._poll = poll_seconds
        self.fault: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            self.look()
            stop.wait(self._poll)

    def look(self) -> int:
        """Take what is new; returns how many were taken away."""
        try:
            taken = self._box.each(self._take)
        except BoxFault as fault:
            self.fault = str(fault)
            return 0
        self.fault = None
        return taken

    def _take(self, content: bytes) -> Outcome:
        outcome = self._bounces.take(content)
        log.info("bounces.looked", outcome=outcome.value)
        return outcome
