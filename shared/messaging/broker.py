"""What Kersey asks of a message broker, whichever it is.

Two keep this contract, proved by the same tests: RabbitMQ (`rabbit`) and one that lives in
PostgreSQL for running everything in one process (`embedded`).

- A message is confirmed only when it is durable for every consumer that bound its type.
- It reaches each consumer at least once, also one that was not running when it was published.
- A consumer that cannot process a message never holds up another consumer, nor its own others.
- What cannot be processed is a dead letter of that one consumer, until somebody replays it.
- What nobody has bound is *unbound*: confirmed, so that it does not hold up its subject, and kept
  aside for a week. Whoever binds its type in that time gets it. So the order in which services
  start for the first time does not matter, and an event that no deployed service wants blocks
  nothing. A consumer that comes later than that asks the owner to republish its state.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from socket import gaierror
from typing import Protocol, Self, runtime_checkable
from uuid import UUID

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from shared.messaging.events import CATALOGUE, Envelope
from shared.outages import in_words, is_away, sqlstate
from shared.worker import Waiting, Worker

log = structlog.get_logger(__name__)

DELIVERY_LIMIT = 50
"""Deliveries of one message before the broker itself sets it aside. It is there for a message
that kills its consumer's process each time, and for nothing else: a restart of a consumer or a
database that is away also counts as a delivery, and must never cost a good message."""

UNBOUND_KEPT_SECONDS = 7 * 24 * 3600
UNBOUND_KEPT_MESSAGES = 10_000
"""How long and how many events are kept aside that no consumer has bound."""

LONGEST_WAIT = 5.0
"""Seconds at most between two attempts at something that is away."""

Handler = Callable[[Envelope], None]
"""Acts on one event and has committed when it returns. It is called again with the same event
whenever that may not have happened, so it notes the event's id in its inbox."""

Within = Callable[[Envelope], AbstractContextManager[object]]
"""Around what is done for one of several events: its log lines name it, and so does its trace."""


@runtime_checkable
class Batching(Protocol):
    """A handler that can also act on several events in one transaction."""

    def together(self, envelopes: Sequence[Envelope], within: Within) -> None:
        """Act on all and commit, or on none and raise."""
        ...


class Permanent(Exception):
    """Raised by a handler: this event can never be processed. It becomes a dead letter at once.

    Args:
        reason: a code, such as `unknown-provider`; no personal data.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokerAway(Exception):
    """The broker cannot be reached or broke off. Try again later; the message says why."""


class TopologyFault(BrokerAway):
    """The broker is there, but an exchange or queue is missing or declared otherwise.

    It is an error for a person, and yet worth trying again: that person may be at work on it.
    """


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to a broker: an envelope as it was committed, byte for byte.

    Attributes:
        id: the event's id.
        type: its type, the routing key.
        body: the envelope's JSON.
        recipient: the one consumer that gets it; by default all that bound the type.
    """

    id: UUID
    type: str
    body: str
    recipient: str | None = None

    @classmethod
    def of(cls, envelope: Envelope, recipient: str | None = None) -> Self:
        """The message that carries an envelope."""
        return cls(envelope.id, envelope.type, envelope.to_json(), recipient)


@dataclass(frozen=True, slots=True)
class Published:
    """What became of the messages that were handed over together.

    Attributes:
        confirmed: durable at the broker.
        refused: returned or refused, with the reason: keep these and try again later.
        interrupted: why the fate of those in neither is unknown; None when there are none.
    """

    confirmed: frozenset[UUID]
    refused: Mapping[UUID, str] = field(default_factory=dict)
    interrupted: str | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A consumer and the event types that it binds. Replicas of a consumer share it.

    Attributes:
        service: whose it is.
        name: what it does there, such as `deliveries`.
        types: names from the catalogue; a consumer binds only types that it knows.

    Raises:
        ValueError: a name that is no code, or a type that is not in the catalogue.
    """

    service: str
    name: str
    types: frozenset[str]

    def __post_init__(self) -> None:
        for part in (self.service, self.name):
            if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", part):
                raise ValueError(f"{part!r} is no name for a consumer: use a-z, 0-9 and -")
        unknown = self.types - CATALOGUE.keys()
        if unknown or not self.types:
            raise ValueError(f"{self.consumer} binds no types, or unknown ones: {sorted(unknown)}")

    @property
    def consumer(self) -> str:
        """The consumer's full name, also that of its inbox: `<service>.<name>`."""
        return f"{self.service}.{self.name}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that one consumer could not process.

    Attributes:
        consumer: which, `<service>.<name>`.
        id: the event's id, or a digest of the body where it has none.
        type: the event's type, as far as it is known.
        reason: a code: the handler's own, `unparsable`, `unexpected` or `delivery-limit`.
        detail: what was wrong, without the message's content.
        at: when it was set aside, UTC.
        body: the message itself.
    """

    consumer: str
    id: str
    type: str
    reason: str
    detail: str
    at: datetime | None
    body: str


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits for one consumer.

    Attributes:
        ready: messages that no replica has taken.
        dead: dead letters.
    """

    ready: int
    dead: int


class Publisher(Protocol):
    """Hands messages to the broker. Belongs to one thread; connects when it is first used."""

    def publish(self, messages: Sequence[Message]) -> Published:
        """Hand over messages in this order and wait for the broker's confirms. Never raises for
        a broker that is away: what is neither confirmed nor refused is unknown.
        """
        ...

    def idle(self) -> None:
        """Keep the connection alive; called often while there is nothing to publish."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Broker(Protocol):
    """A message broker. Safe to share between threads: each call or worker connects by itself."""

    def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """Make consumers known, durably: from now on they get what is published.

        Safe to repeat. A type that a consumer no longer binds is unbound. Unbound messages of
        its types go to each of the given consumers.

        Raises:
            BrokerAway: the broker cannot be reached.
            TopologyFault: it has such a consumer, declared otherwise; the message says what.
        """
        ...

    def publisher(self) -> Publisher:
        """A new publisher, for one thread."""
        ...

    def consumer(self, subscription: Subscription, handler: Handler) -> Worker:
        """A worker that feeds a consumer's events to its handler. May run in many replicas."""
        ...

    def dead_letters(self, consumer: str, *, limit: int = 100) -> list[DeadLetter]:
        """A consumer's dead letters, oldest first.

        Raises:
            BrokerAway: the broker cannot be reached, or knows no such consumer.
        """
        ...

    def dead_letter(self, consumer: str, letter: str) -> DeadLetter | None:
        """One dead letter by its id; None if there is none.

        Raises:
            BrokerAway: the broker cannot be reached, or knows no such consumer.
        """
        ...

    def replay(self, consumer: str, letter: str) -> bool:
        """Give a dead letter back to the one consumer it came from; False if there is none.

        Raises:
            BrokerAway: the broker cannot be reached, or knows no such consumer.
        """
        ...

    def replay_all(self, consumer: str) -> int:
        """Give all of a consumer's dead letters back to it; returns how many there were.

        Raises:
            BrokerAway: the broker cannot be reached, or knows no such consumer.
        """
        ...

    def depths(self, consumers: Sequence[str]) -> Mapping[str, Depth]:
        """How much waits for each of these consumers.

        Raises:
            BrokerAway: the broker cannot be reached, or knows no such consumer.
        """
        ...

    def fault(self) -> str | None:
        """Why the broker cannot be used now, in words; None when it can. For readiness."""
        ...


def is_outage(error: BaseException) -> bool:
    """Whether an error says that something is away or busy, and nothing about the message.

    Of a database, see `shared.outages`; and 42P01, 42703, 42501: the schema or the rights are not
    those of this code yet.
    """
    return is_away(error) or sqlstate(error) in _NOT_READY or isinstance(error, _UNREACHABLE)


_UNREACHABLE = (BrokerAway, ConnectionError, TimeoutError, gaierror)
_NOT_READY = frozenset(["42P01", "42703", "42501"])


def patiently(stop: threading.Event, worker: Waiting, work: Callable[[], object]) -> None:
    """Do a piece of work; while something that it needs is away, wait and do it again.

    The waits grow and are jittered, so that replicas do not come back all at once.

    Args:
        stop: ends the waiting; the work may then be undone.
        worker: whose work it is: its `fault` says for what it waits, and is None once it is done.
        work: safe to repeat.

    Raises:
        Exception: whatever `work` raises that is no outage.
    """

    def waits(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        worker.fault = _in_words(error)
        told = {"fault": str(error)} if isinstance(error, BrokerAway) else {"exc_info": error}
        log.warning("messaging.waits", worker=worker.name, attempt=state.attempt_number, **told)

    def done() -> None:
        work()
        worker.fault = None

    retrying = Retrying(
        retry=retry_if_exception(is_outage),
        wait=wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT),
        sleep=sleep_using_event(stop),
        stop=stop_when_event_set(stop),
        before_sleep=waits,
        retry_error_callback=_give_up,
    )
    retrying(done)


def _in_words(error: BaseException | None) -> str:
    """What a worker waits for, without a word of what anybody sent."""
    if isinstance(error, BrokerAway):
        return str(error)
    known = in_words(error) if error else None
    return known or f"what it needs is away ({type(error).__name__})"


def _give_up(_: RetryCallState) -> None:
    """Told to stop while waiting: nothing is wrong, the work is simply not done."""
