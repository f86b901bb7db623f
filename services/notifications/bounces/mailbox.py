"""A maildir into which the mail server puts what comes back."""

import mailbox
import threading
from pathlib import Path

import structlog

from services.notifications.bounces.reading import MOST_BYTES
from services.notifications.bounces.taking import Bounces, Outcome

log = structlog.get_logger(__name__)

NEW = "new"
LOOKED_AT = "S"
"""The flag of what nobody could read: it stays, for a person to look at."""


class Mailbox:
    """A worker that takes what is new in a maildir.

    What was understood is removed, as it holds an address; what was not stays, marked as seen.
    Several may look at one maildir: what another took away meanwhile is passed over.

    Args:
        folder: the maildir, which the mail server makes.
        bounces: takes each.
        poll_seconds: how often it is looked at.
    """

    name = "notifications.bounces"

    def __init__(self, folder: Path, bounces: Bounces, *, poll_seconds: float = 60.0) -> None:
        self._folder = folder
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
            box = mailbox.Maildir(self._folder, create=False)
            names = [key for key, each in box.iteritems() if each.get_subdir() == NEW]
        except (OSError, mailbox.Error) as error:
            self.fault = f"the maildir of bounces cannot be read: {type(error).__name__}"
            return 0
        self.fault = None
        return sum(self._one(box, name) for name in names)

    def _one(self, box: "mailbox.Maildir", name: str) -> bool:
        try:
            with box.get_file(name) as file:
                content = file.read(MOST_BYTES)
        except (KeyError, OSError):
            return False
        outcome = self._bounces.take(content)
        log.info("bounces.looked", outcome=outcome.value)
        if outcome is Outcome.TOO_SOON:
            return False
        if outcome is Outcome.UNREADABLE:
            self._keep(box, name)
            return False
        box.discard(name)
        return True

    def _keep(self, box: "mailbox.Maildir", name: str) -> None:
        try:
            message = box[name]
            message.set_subdir("cur")
            message.add_flag(LOOKED_AT)
            box[name] = message
        except (KeyError, OSError):
            log.info("bounces.gone")
