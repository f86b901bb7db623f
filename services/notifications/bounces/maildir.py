"""A maildir into which the mail server puts what comes back."""

import mailbox
from pathlib import Path

import structlog

from services.notifications.bounces.mailbox import BoxFault, Take
from services.notifications.bounces.reading import MOST_BYTES
from services.notifications.bounces.taking import Outcome

log = structlog.get_logger(__name__)

NEW = "new"
LOOKED_AT = "S"
"""The flag of what nobody could read."""


class MaildirBox:
    """See `Box`. Several may look at one maildir: what another took away meanwhile is passed over.

    Args:
        folder: the maildir, which the mail server makes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def each(self, take: Take) -> int:
        """See `Box`."""
        try:
            box = mailbox.Maildir(self._folder, create=False)
            names = [key for key, each in box.iteritems() if each.get_subdir() == NEW]
        except (OSError, mailbox.Error) as error:
            words = f"the maildir of bounces cannot be read: {type(error).__name__}"
            raise BoxFault(words) from error
        return sum(self._one(box, name, take) for name in names)

    def _one(self, box: "mailbox.Maildir", name: str, take: Take) -> bool:
        try:
            with box.get_file(name) as file:
                content = file.read(MOST_BYTES)
        except (KeyError, OSError):
            return False
        outcome = take(content)
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
