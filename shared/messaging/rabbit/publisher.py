"""Publishes to RabbitMQ with a window of confirms.

Pika's blocking channel waits for each confirm by itself, at a fifteenth of the rate. So this drives
an asynchronous connection step by step, from the one thread that publishes.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from shared.messaging.broker import BrokerAway, Message, Published
from shared.messaging.rabbit.failure import in_words
from shared.messaging.rabbit.message import properties
from shared.messaging.rabbit.topology import Topology


class RabbitPublisher:
    """Publishes from one thread; connects when there is something to publish.

    Args:
        parameters: how to connect.
        topology: the names.
        ensure: declares the exchanges, or sees that they are declared.
        window: messages in flight at most.
        timeout: seconds in which the broker must confirm at least one of them.
    """

    def __init__(
        self,
        parameters: Callable[[], pika.URLParameters],
        topology: Topology,
        ensure: Callable[[], None],
        *,
        window: int,
        timeout: float,
    ) -> None:
        self._parameters = parameters
        self._topology = topology
        self._ensure = ensure
        self._window = window
        self._timeout = timeout
        self._link: _Link | None = None

    def publish(self, messages: Sequence[Message]) -> Published:
        """See `Publisher.publish`. After an interruption the connection is given up."""
        if not messages:
            return Published(frozenset())
        try:
            if self._link is None:
                self._ensure()
                self._link = _Link(self._parameters(), self._timeout)
        except BrokerAway as error:
            return Published(frozenset(), interrupted=str(error))
        published = _Batch(self._link, self._topology, messages).run(self._window, self._timeout)
        if published.interrupted:
            self.close()
        return published

    def idle(self) -> None:
        """Let heartbeats through, and notice a connection that is gone."""
        if self._link and not self._link.alive():
            self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._link:
            self._link.close()
            self._link = None


class _Link:
    """An open connection with one confirming channel, run only while somebody waits for it.

    Raises:
        BrokerAway: it could not be opened.
    """

    def __init__(self, parameters: pika.URLParameters, timeout: float) -> None:
        self._faults: list[str] = []
        self.channel: Channel | None = None
        self.on_confirm: Callable[[Basic.Ack | Basic.Nack], None] = _ignore
        self.on_return: Callable[[str, str], None] = _ignore
        self.sent = 0
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _, error: self._failed(error),
            on_close_callback=lambda _, error: self._failed(error),
            custom_ioloop=self._loop,
        )
        # pika's own time-outs come first and free its sockets
        if not self.until(lambda: self.channel is not None, 2 * timeout + 1):
            self.close()
            raise BrokerAway(self.failure or "the broker does not answer")

    @property
    def failure(self) -> str | None:
        """What went wrong first; None while nothing has."""
        return self._faults[0] if self._faults else None

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Run the connection until `done`, a failure, or the time is up; whether it is done."""
        self._run(lambda: done() or bool(self._faults), seconds)
        return done()

    def alive(self) -> bool:
        """Let through what waits, without waiting for more; whether the connection still stands."""
        self._loop.call_later(0, _tick)
        self._step()
        return self.failure is None

    def close(self) -> None:
        """Close in order where possible, and free the sockets in any case."""
        if not (self._connection.is_closed or self._connection.is_closing):
            self._connection.close()
        self._run(lambda: self._connection.is_closed, 1.0)
        self._loop.deactivate_poller()
        self._loop.close()

    def _run(self, ended: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        alarm = self._loop.call_later(seconds, _tick)
        while not ended() and time.monotonic() < deadline:
            self._step()
        self._loop.remove_timeout(alarm)

    def _step(self) -> None:
        self._loop.poll()
        self._loop.process_timeouts()

    def _opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _, error: self._failed(error))
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self.channel = channel

    def _failed(self, error: BaseException) -> None:
        self._faults.append(str(in_words(error)))

    def _returned(
        self, _: Channel, method: Basic.Return, carried: BasicProperties, __: bytes
    ) -> None:
        self.on_return(str(carried.message_id), str(method.reply_text))

    def _confirmed(self, frame: Method[Basic.Ack | Basic.Nack]) -> None:
        self.on_confirm(frame.method)


class _Batch:
    """Messages that were handed over together, and what became of each so far."""

    def __init__(self, link: _Link, topology: Topology, messages: Sequence[Message]) -> None:
        self._link = link
        self._topology = topology
        self._waiting = deque(messages)
        self._in_flight: dict[int, UUID] = {}
        self._returned: dict[str, str] = {}
        self._confirmed: set[UUID] = set()
        self._refused: dict[UUID, str] = {}
        self._settled = 0
        link.on_confirm = self._confirm
        link.on_return = self._returned.__setitem__

    def run(self, window: int, timeout: float) -> Published:
        """Send all, keeping the window full, and wait for all confirms."""
        interrupted = None
        while (self._waiting or self._in_flight) and not interrupted:
            self._send(window)
            before = self._settled
            if not self._link.until(lambda: self._settled > before, timeout):  # noqa: B023
                interrupted = self._link.failure or f"no confirm within {timeout:g} s"
        return Published(frozenset(self._confirmed), self._refused, interrupted)

    def _send(self, window: int) -> None:
        channel = self._link.channel
        assert channel is not None
        while self._waiting and len(self._in_flight) < window and not self._link.failure:
            message = self._waiting.popleft()
            to_one = message.recipient
            exchange = "" if to_one else self._topology.events
            key = self._topology.queue(to_one) if to_one else message.type
            self._link.sent += 1
            self._in_flight[self._link.sent] = message.id
            channel.basic_publish(
                exchange,
                key,
                message.body.encode(),
                properties(str(message.id), message.type),
                mandatory=True,
            )

    def _confirm(self, confirm: Basic.Ack | Basic.Nack) -> None:
        """Settle what is confirmed. A returned message is confirmed as well, just afterwards."""
        tags = [confirm.delivery_tag]
        if confirm.multiple:
            tags = [tag for tag in self._in_flight if tag <= confirm.delivery_tag]
        for tag in tags:
            event_id = self._in_flight.pop(tag)
            returned = self._returned.pop(str(event_id), None)
            if isinstance(confirm, Basic.Nack):
                self._refused[event_id] = "refused: a queue is full or without a leader"
            elif returned:
                self._refused[event_id] = f"returned: {returned}"
            else:
                self._confirmed.add(event_id)
            self._settled += 1


def _tick() -> None:
    """Ends a wait for input; nothing else."""


def _ignore(*_: object) -> None:
    """Before the first batch there is nothing to settle."""
