"""One connection to RabbitMQ, used by one thread, in which every wait has an end.

Pika's blocking connection has none: a request to a queue without a leader would hang for ever, and
with it the worker and its shutdown. It also waits for each confirm by itself, at a fifteenth of the
rate. So this runs pika's asynchronous connection, step by step, in the thread that waits for it.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from shared.messaging.broker import BrokerAway, TopologyFault
from shared.messaging.rabbit.failure import FAILURES, in_words
from shared.messaging.rabbit.message import Got

_FAREWELL = 1.0
"""Seconds that an orderly close may take."""


class _Connection(pika.SelectConnection):
    def abort(self) -> None:
        """Drop the connection without the broker's agreement; pika does so when it misses beats."""
        self._terminate_stream(BrokerAway("given up"))  # type: ignore[attr-defined]


class Link:
    """An open connection. A context manager: it is closed at the end, in order where possible.

    Args:
        parameters: how to connect.
        timeout: seconds in which the broker must answer a request.

    Raises:
        BrokerAway: it could not be opened; also by every method, once it broke off.
        TopologyFault: by every method, once the broker refused what was asked.
    """

    def __init__(self, parameters: pika.URLParameters, timeout: float) -> None:
        self.timeout = timeout
        self._faults: list[BrokerAway] = []
        self._opened: list[object] = []
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._connection = _Connection(
            parameters,
            on_open_callback=self._opened.append,
            on_open_error_callback=lambda _, error: self._failed(error),
            on_close_callback=lambda _, error: self._failed(error),
            custom_ioloop=self._loop,
        )
        try:
            # pika's own time-outs come first and free its sockets
            self._expect(lambda: bool(self._opened), 2 * timeout + 1)
        except BrokerAway:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def fault(self) -> BrokerAway | None:
        """What went wrong first; None while nothing has."""
        return self._faults[0] if self._faults else None

    def check(self) -> None:
        """Raise what went wrong, if anything has."""
        if self.fault:
            raise self.fault

    def tell(self, request: Callable[..., object], *args: Any, **options: Any) -> None:
        """Send what the broker does not answer, or answers in its own time.

        Args:
            request: a channel's method, such as `channel.basic_ack`.
            args: of that method.
            options: of that method.
        """
        self.check()
        try:
            request(*args, **options)
        except FAILURES as error:
            raise in_words(error) from error

    def ask(self, request: Callable[..., object], *args: Any, **options: Any) -> Any:
        """Make a request of a channel and wait for the broker's answer.

        Args:
            request: a channel's method that takes a callback, such as `channel.queue_declare`.
            args: of that method.
            options: of that method.

        Returns:
            The answering AMQP method.
        """
        answers: list[Any] = []
        self.tell(request, *args, callback=answers.append, **options)
        self._expect(lambda: bool(answers), self.timeout)
        return answers[0].method

    def channel(self) -> Channel:
        """Open a channel. When the broker closes one, the whole link counts as broken."""
        opened: list[Channel] = []
        self.tell(self._connection.channel, on_open_callback=opened.append)
        self._expect(lambda: bool(opened), self.timeout)
        opened[0].add_on_close_callback(lambda _, error: self._failed(error))
        return opened[0]

    def hold(self, channel: Channel, queue: str, limit: int | None = None) -> list[Got]:
        """What a queue has now, at most `limit`, held by the channel until it closes."""
        count = self.ask(channel.queue_declare, queue, passive=True).message_count
        count = count if limit is None else min(count, limit)
        held: list[Got] = []
        empty: list[object] = []

        def take(_: Channel, method: Basic.GetOk, carried: BasicProperties, body: bytes) -> None:
            held.append(Got.of(method.delivery_tag, carried, body))

        def answered(before: int) -> bool:
            return len(held) > before or bool(empty)

        channel.add_callback(empty.append, [Basic.GetEmpty], one_shot=True)
        while len(held) < count and not empty:
            before = len(held)
            self.tell(channel.basic_get, queue, take)
            self._expect(partial(answered, before), self.timeout)
        return held

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Work until `done`, a failure, or the time is up; tells whether it is done."""
        self._run(lambda: done() or bool(self._faults), seconds)
        return done()

    def serve(self) -> None:
        """Work off what has arrived already, heartbeats among it, without waiting for more."""
        self._run(lambda: bool(self._faults), 0)

    def close(self) -> None:
        """Close; when the broker does not take part, drop the connection."""
        if self._connection.is_open:
            self._connection.close()
            self._run(lambda: self._connection.is_closed, _FAREWELL)
        if not self._connection.is_closed:
            self._connection.abort()
            self._run(lambda: self._connection.is_closed, _FAREWELL)
        self._loop.deactivate_poller()
        self._loop.close()

    def refuse(self, words: str) -> None:
        """Count the link as broken, for a reason that the broker gave in another way."""
        self._faults.append(TopologyFault(words))

    def _expect(self, done: Callable[[], bool], seconds: float) -> None:
        if not self.wait(done, seconds):
            raise self.fault or BrokerAway(f"the broker did not answer within {seconds:g} s")

    def _run(self, ended: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        alarm = self._loop.call_later(seconds, _tick)
        while not ended():
            self._loop.poll()
            self._loop.process_timeouts()
            if time.monotonic() >= deadline:
                break
        self._loop.remove_timeout(alarm)

    def _failed(self, error: BaseException) -> None:
        fault = in_words(error)
        fault.__cause__ = error
        self._faults.append(fault)


def _tick() -> None:
    """Ends a wait for input; nothing else."""
