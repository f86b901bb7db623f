"""Where a finished mail goes: to a mail server (`smtp`), or into a maildir where there is none."""

import mailbox
from collections.abc import Collection
from pathlib import Path
from typing import Protocol
from uuid import UUID

from shared.delivery import Receipt, Temporary

MAILDIR = ("tmp", "new", "cur")
"""The folders that make a folder a maildir."""


class Post(Protocol):
    """Where a finished mail goes."""

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        """Hand it over.

        Raises:
            Undelivered: one of its kinds.
        """
        ...

    def rest(self) -> None:
        """Nothing more is to be handed over for now: what is kept open for it may be closed."""
        ...


class MaildirPost:
    """Puts mails into a maildir, to be read by whoever tries Kersey out.

    Args:
        folder: made when the first mail comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def post(self, _sender: str, _recipient: str, message: bytes) -> Receipt:
        """See `Post`."""
        try:
            for name in MAILDIR:  # `mailbox` makes them too, but not where two make them at once
                (self._folder / name).mkdir(parents=True, exist_ok=True)
            mailbox.Maildir(self._folder, create=False).add(message)
        except OSError as error:
            raise Temporary("maildir-unwritable") from error
        return Receipt("maildir")

    def forget(self, keys: Collection[UUID]) -> None:
        """Delete mails from the folder.

        Args:
            keys: those of which they were composed; their Message-IDs begin so.
        """
        if not keys or not self._folder.is_dir():
            return
        names = {str(key) for key in keys}
        box = mailbox.Maildir(self._folder, create=False)
        for name, mail in box.iteritems():
            if str(mail["Message-ID"]).strip("<> ").partition("@")[0] in names:
                box.discard(name)

    def rest(self) -> None:
        """Nothing is kept open."""
