"""How messages leave: one class for each means that a program uses.

A new one is a file here, in which it declares itself (`declaring`), and a line in `registry`; it
decides at its own edge what is temporary and what is permanent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from services.notifications.notice import Notice
from shared.delivery import Delivery, Receipt


@dataclass(frozen=True)
class Letter:
    """All that a channel needs for one attempt; made just before it, kept nowhere.

    Attributes:
        delivery: its id is the message's id at every attempt.
        notice: what it is about.
        address: the contact's, as it is now.
        url: the answer link, where the message has one.
        code: the one-time code, where it has one.
        secret: the contact's webhook secret, where it has one.
        former_secret: the one before, while it still holds.
    """

    delivery: Delivery
    notice: Notice
    address: str
    url: str | None = None
    code: str | None = None
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


@dataclass(frozen=True)
class Worded:
    """A message to a person, in their words and language.

    Attributes:
        subject: its subject line.
        paragraphs: its text.
        link: what `url` is called.
        url: where to see it again and answer.
        brief: the whole of it for a text message, with `url`.
    """

    subject: str
    paragraphs: Sequence[str]
    link: str
    url: str
    brief: str


@runtime_checkable
class ReachesPersons(Protocol):
    """A means by which a person can be told too (`Declaration.person`)."""

    def tell(self, delivery: Delivery, address: str, worded: Worded) -> Receipt:
        """Tell a person; called with no transaction open.

        Raises:
            Undelivered: one of its kinds.
        """
        ...
