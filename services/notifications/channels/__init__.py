"""How messages leave: one class for each means that a program uses.

A new one is a file here, in which it declares itself (`declaring`), and a line in `registry`; it
decides at its own edge what is temporary and what is permanent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.notifications.notice import Notice
from shared.delivery import Delivery, Receipt
from shared.mail import Look
from shared.tongues import IN_ENGLISH


@dataclass(frozen=True)
class Worded:
    """A message in words, in its reader's language and format.

    Attributes:
        subject: its subject line.
        paragraphs: its text.
        brief: the whole of it for a text message, with `url`.
        link: what `url` is called.
        url: where to read more and answer, where the message leads anywhere.
        look: how it is set.
        mute: where its reader says that they want no more of this kind, if they may.
        lang: the language of its subject and its first paragraphs, as a page names it.
        english: how many of the last paragraphs say the same in English, in another language's.
    """

    subject: str
    paragraphs: Sequence[str]
    brief: str
    link: str | None = None
    url: str | None = None
    look: Look = Look.USUAL
    mute: str | None = None
    lang: str = IN_ENGLISH
    english: int = 0


@dataclass(frozen=True)
class Letter:
    """All that a channel needs for one attempt; made just before it, kept nowhere.

    Attributes:
        delivery: its id is the message's id at every attempt.
        address: where to, as it is now.
        party: whose contact that is; none of a message to a person.
        words: what it says; for channels whose messages are words (`declaring.Format`).
        notice: what it is about; for those that hand on ids. None of a message to a person.
        secret: the contact's webhook secret, where it has one.
        former_secret: the one before, while it still holds.
    """

    delivery: Delivery
    address: str
    words: Worded = Worded("", (), "")
    notice: Notice | None = None
    party: str = ""
    secret: str | None = None
    former_secret: str | None = None


class Channel(Protocol):
    """One means of telling somebody."""

    def send(self, letter: Letter) -> Receipt:
        """Send it; called with no transaction open.

        Raises:
            Undelivered: one of its kinds.
        """
        ...

    def rest(self) -> None:
        """Nothing more is to be sent for now: what is kept open for it may be closed."""
        ...

    def fault(self, address: str) -> str | None:
        """Why an address cannot be used with this channel, as a code; None when it can."""
        ...
