"""What a consumer does with one message, whichever broker brought it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog
from prometheus_client import Counter
from tenacity import Retrying, retry_if_not_exception_type, stop_after_attempt, wait_random

from shared.messaging.broker import Batching, Handler, Permanent, is_outage, patiently
from shared.messaging.events import Envelope, Unparsable, parse
from shared.tracing import taken_up

log = structlog.get_logger(__name__)

CONSUMED = Counter(
    "kersey_events_consumed_total",
    "Messages by consumer and what became of them: handled, dead, or held up by an outage.",
    ["consumer", "outcome"],
)

ERRORS = Counter(
    "kersey_handler_errors_total",
    "Errors of handlers, also those that passed, by consumer, type of event and class of error.",
    ["consumer", "type", "error"],
)

TRIES = 3
"""How often a handler is called in a row before its error counts."""


@dataclass(frozen=True, slots=True)
class Dead:
    """The decision that a message becomes a dead letter. No content of the message is in it."""

    reason: str
    detail: str


class Outage(Exception):
    """Something that the handler needs is away. Nothing is wrong with the message."""


class Consuming:
    """Feeds messages to a handler and decides what becomes of each.

    Three ends: handled; dead (it does not parse, or its handler says so, or fails on it three
    times in a row for a reason that is no outage); or an outage, in which the consumer gives its
    messages back to the broker and waits. An outage never makes a dead letter.

    Args:
        consumer: `<service>.<name>`.
        handler: see `broker.Handler`.
    """

    def __init__(self, consumer: str, handler: Handler) -> None:
        self.name = consumer
        self.fault: str | None = "it does not consume yet"
        """Why no message is consumed now, for readiness; None while they are."""
        self._handler = handler

    def take(self, body: bytes | str, pause: Callable[[float], None]) -> Dead | None:
        """Process one message.

        Args:
            body: as it came from the broker.
            pause: sleeps for so many seconds.

        Returns:
            None when it was handled, else why it is dead.

        Raises:
            Outage: it was not handled, and may be later.
        """
        try:
            envelope = parse(body)
        except Unparsable as error:
            return self._dead("unparsable", str(error))
        with self._known_as(envelope):
            return self._handle(envelope, pause)

    def take_together(self, bodies: Sequence[bytes | str]) -> bool:
        """Process several messages in one transaction, where their handler can.

        Returns:
            Whether they were handled. If not, none was, and each is for `take`: whatever is wrong
            with one of them, or with what all need, is found out there.
        """
        handler: object = self._handler
        if len(bodies) < 2 or not isinstance(handler, Batching):
            return False
        try:
            envelopes = [parse(body) for body in bodies]
            handler.together(envelopes, self._known_as)
        except Exception as error:  # noqa: BLE001 - judged when each is taken by itself
            log.info("consumer.one_by_one", consumer=self.name, error=type(error).__name__)
            return False
        CONSUMED.labels(self.name, "handled").inc(len(bodies))
        for envelope in envelopes:
            with self._known_as(envelope):
                log.info("consumer.handled", together=len(envelopes))
        return True

    def wait_out(self, body: bytes | str, stop: threading.Event) -> None:
        """Wait until the outage that this message met is over.

        The message itself is the probe: its handler is called until it ends in anything but an
        outage. The broker will deliver the message again, and the inbox will know it. So an outage
        of any length costs a message one delivery, not one for each attempt to resume.
        """
        try:
            envelope = parse(body)
            with self._known_as(envelope):
                patiently(stop, self, lambda: self._handler(envelope))
        except Exception as error:  # judged when the message is delivered again
            log.info("consumer.resumes", consumer=self.name, exc_info=error)

    def _known_as(self, envelope: Envelope) -> AbstractContextManager[object]:
        """Within the block every log line names the event and its trace."""
        return structlog.contextvars.bound_contextvars(
            consumer=self.name,
            event_id=str(envelope.id),
            event_type=envelope.type,
            **taken_up(envelope.traceparent),
        )

    def _handle(self, envelope: Envelope, pause: Callable[[float], None]) -> Dead | None:
        insistently = Retrying(
            retry=retry_if_not_exception_type(Permanent),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(0.02, 0.2),
            sleep=pause,
            reraise=True,
        )

        def handle() -> None:
            try:
                self._handler(envelope)
            except Exception as error:
                ERRORS.labels(self.name, envelope.type, type(error).__name__).inc()
                raise

        try:
            insistently(handle)
        except Permanent as error:
            return self._dead(error.reason, "the handler's decision")
        except Exception as error:
            if is_outage(error):
                CONSUMED.labels(self.name, "outage").inc()
                raise Outage from error
            log.exception("consumer.failed", exc_info=error)
            return self._dead("unexpected", type(error).__name__)
        CONSUMED.labels(self.name, "handled").inc()
        log.info("consumer.handled")
        return None

    def _dead(self, reason: str, detail: str) -> Dead:
        CONSUMED.labels(self.name, "dead").inc()
        log.error("consumer.dead_letter", consumer=self.name, reason=reason, detail=detail)
        return Dead(reason, detail)
