"""How one attempt to deliver ends: the words between the engine and a channel."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    """Where a delivery stands.

    Every delivery ends as one of the last five; `UNKNOWN` ends one only when what it says is no
    longer wanted (otherwise it is sent once more, under the same id).
    """

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"
    BOUNCED = "bounced"
    """A channel took it, and said later that it did not arrive."""


@dataclass(frozen=True)
class Delivery:
    """One thing to be told to one receiver over one channel.

    Attributes:
        id: stays the same over all attempts, so that a receiver can know a repetition
            (`webhook-id` of Standard Webhooks, the Message-ID of an e-mail).
        channel: which channel sends it, such as `email`.
        address: where to, in the channel's own form.
        payload: what the channel needs to build the message; never personal data.
        attempt: the number of this attempt, from 1.
        doubtful: an earlier attempt was cut off, so that the receiver may have had it already.
        traceparent: the W3C trace context of what caused it.
    """

    id: UUID
    channel: str
    address: str
    payload: str
    attempt: int
    doubtful: bool
    traceparent: str | None = None


@dataclass(frozen=True)
class Receipt:
    """The receiver's side took it.

    Attributes:
        code: what it answered in short, such as `250` or `204`; no text of the receiver's.
    """

    code: str


CRASHED = "internal-error"
"""The reason of an attempt that met a fault of our own: it says nothing of the receiver."""


class Undelivered(Exception):
    """An attempt that did not deliver.

    Args:
        reason: a short code such as `timeout` or `smtp-550`; shown to staff, so never text that
            the receiver or the sender wrote.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Temporary(Undelivered):
    """Worth another attempt.

    Args:
        reason: see `Undelivered`.
        retry_after: the receiver asked not to be tried before this has passed.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class InDoubt(Undelivered):
    """The line broke after the message was handed over: it may have been taken or not.

    Only for channels whose receivers cannot know a repetition (e-mail after DATA); where they
    can, by `webhook-id`, a lost answer is simply `Temporary`.
    """


class Permanent(Undelivered):
    """The same attempt would fail again: a person has to look."""


class NoSuchReceiver(Permanent):
    """The address itself was refused: what else is sent there will be too.

    Args:
        reason: see `Undelivered`.
        gone: whether that is certain; else it may be about this message.
    """

    def __init__(self, reason: str, *, gone: bool) -> None:
        super().__init__(reason)
        self.gone = gone


class Held(Undelivered):
    """Kept until its receiver is put right (`DeliveryTables.release`): no failure is counted.

    Args:
        reason: see `Undelivered`; one of the table's `holds`.
        wait: after so long it is looked at again all the same, so that nothing is kept for ever.
    """

    def __init__(self, reason: str, wait: timedelta) -> None:
        super().__init__(reason)
        self.wait = wait


class Superseded(Undelivered):
    """What it says is no longer wanted or no longer allowed: not sent, and no failure.

    Args:
        reason: see `Undelivered`.
        never_left: no earlier attempt sent anything either, and whoever sends it knows that: an
            attempt that was cut off leaves no doubt then.
    """

    def __init__(self, reason: str, *, never_left: bool = False) -> None:
        super().__init__(reason)
        self.never_left = never_left
