"""RabbitMQ as Kersey's broker: connections, declarations, dead letters."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from shared.messaging.broker import (
    BrokerAway,
    DeadLetter,
    Handler,
    Publisher,
    Subscription,
)
from shared.messaging.rabbit.consumer import RabbitConsumer
from shared.messaging.rabbit.failure import FAILURES, in_words
from shared.messaging.rabbit.message import Got, properties
from shared.messaging.rabbit.publisher import RabbitPublisher
from shared.messaging.rabbit.topology import Topology
from shared.worker import Worker

log = structlog.get_logger(__name__)

_HEARTBEAT = 20
_BLOCKED_AT_MOST = 60
_LOCKED = 405


class RabbitBroker:
    """RabbitMQ. Every call and every worker has a connection of its own, as pika asks.

    Args:
        url: `amqp://user:password@host:port/vhost`, or amqps.
        name: shown to the broker's operator beside each connection.
        topology: the names, by default those of production.
        declares: whether this process may create exchanges and queues. In production it has read
            and write rights only, and the operator's command creates them.
        window: messages in flight at most, per publisher.
        timeout: seconds in which the broker must answer, or confirm at least one message.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "kersey",
        topology: Topology | None = None,
        declares: bool = True,
        window: int = 100,
        timeout: float = 5.0,
    ) -> None:
        # pika logs each failed attempt with stack traces at error level; we raise and log our own.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self.topology = topology or Topology()
        self.window = window
        self.timeout = timeout
        self._declares = declares
        self._url = url
        self._name = name

    def parameters(self) -> pika.URLParameters:
        """How to connect. Every wait has an end, and one attempt is one attempt."""
        parameters = pika.URLParameters(self._url)
        parameters.heartbeat = _HEARTBEAT
        parameters.socket_timeout = self.timeout
        parameters.stack_timeout = 2 * self.timeout
        parameters.blocked_connection_timeout = _BLOCKED_AT_MOST
        parameters.connection_attempts = 1
        parameters.client_properties = {"connection_name": self._name, "product": "Kersey"}
        return parameters

    @contextmanager
    def connected(self) -> Iterator[pika.BlockingConnection]:
        """A connection for one thread and one purpose, closed afterwards.

        Raises:
            TopologyFault: the broker refuses what was asked; in words.
            BrokerAway: it cannot be reached, or broke off.
        """
        connection = None
        try:
            connection = pika.BlockingConnection(self.parameters())
            yield connection
        except FAILURES as error:
            raise in_words(error) from error
        finally:
            if connection is not None and connection.is_open:
                with suppress(*FAILURES):
                    connection.close()

    def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """See `Broker.declare`. With no subscriptions it declares what publishing needs."""
        with self.connected() as connection:
            channel = connection.channel()
            self.topology.declare_exchanges(channel)
            for subscription in subscriptions:
                self.topology.declare_consumer(channel, subscription)
        if subscriptions:
            self._adopt(subscriptions)

    def ensure(self, subscription: Subscription | None = None) -> None:
        """Declare where this process may; else check that the operator has declared.

        Raises:
            TopologyFault: something is missing or declared otherwise.
            BrokerAway: the broker cannot be reached.
        """
        if self._declares:
            self.declare([subscription] if subscription else [])
            return
        with self.connected() as connection:
            self.topology.check(connection.channel(), subscription)

    def publisher(self) -> Publisher:
        """See `Broker.publisher`."""
        return RabbitPublisher(
            self.parameters, self.topology, self.ensure, window=self.window, timeout=self.timeout
        )

    def consumer(self, subscription: Subscription, handler: Handler) -> Worker:
        """See `Broker.consumer`."""
        return RabbitConsumer(self.connected, self.topology, self.ensure, subscription, handler)

    def dead_letters(self, consumer: str, *, limit: int = 100) -> list[DeadLetter]:
        """See `Broker.dead_letters`. While they are read, others see fewer of them."""
        with self.connected() as connection:
            held = self._hold_dead(connection.channel(), consumer, limit)
        return [got.dead_letter(consumer) for got in held]

    def dead_letter(self, consumer: str, letter: str) -> DeadLetter | None:
        """See `Broker.dead_letter`."""
        with self.connected() as connection:
            held = self._hold_dead(connection.channel(), consumer)
        found = (got.dead_letter(consumer) for got in held)
        return next((dead for dead in found if dead.id == letter), None)

    def replay(self, consumer: str, letter: str) -> bool:
        """See `Broker.replay`. Copies of one letter become one again."""
        with self.connected() as connection:
            holding = connection.channel()
            held = self._hold_dead(holding, consumer)
            copies = [got for got in held if got.dead_letter(consumer).id == letter]
            if copies:
                _hand_over(_confirming(connection), self.topology.queue(consumer), copies[0])
                for copy in copies:
                    holding.basic_ack(copy.tag)
        return bool(copies)

    def fault(self) -> str | None:
        """See `Broker.fault`."""
        try:
            with self.connected() as connection:
                self.topology.check(connection.channel(), None)
        except BrokerAway as error:
            return str(error)
        return None

    def _hold_dead(
        self, channel: BlockingChannel, consumer: str, limit: int | None = None
    ) -> list[Got]:
        return _hold(channel, self.topology.dead_queue(consumer), limit)

    def _adopt(self, subscriptions: Sequence[Subscription]) -> None:
        """Move unbound messages to those of these consumers that want them.

        One process at a time, so that of two consumers that start together the second finds what
        the first did not want. An exclusive queue is the lock: it ends with its connection.
        """
        for _ in range(50):
            with self.connected() as connection:
                if self._lock(connection):
                    moved = self._adopt_alone(connection, subscriptions)
                    if moved:
                        log.info("broker.adopted", messages=moved)
                    return
            time.sleep(0.1)
        raise BrokerAway(f"another process has read {self.topology.unbound} for too long")

    def _lock(self, connection: pika.BlockingConnection) -> bool:
        try:
            connection.channel().queue_declare(self.topology.adopting, exclusive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code == _LOCKED:
                return False
            raise
        return True

    def _adopt_alone(
        self, connection: pika.BlockingConnection, subscriptions: Sequence[Subscription]
    ) -> int:
        reading = connection.channel()
        confirming = _confirming(connection)
        unwanted = moved = 0
        for got in _hold(reading, self.topology.unbound):
            wanting = [s for s in subscriptions if got.type in s.types]
            for subscription in wanting:
                _hand_over(confirming, self.topology.queue(subscription.consumer), got)
            if wanting:
                reading.basic_ack(got.tag)
                moved += 1
            else:
                unwanted = got.tag
        if unwanted:
            # give back what nobody wanted before the lock is gone
            reading.basic_nack(unwanted, multiple=True, requeue=True)
            reading.queue_declare(self.topology.unbound, passive=True)
        return moved


def _hold(channel: BlockingChannel, queue: str, limit: int | None = None) -> list[Got]:
    """What a queue has now, held by this channel until it closes."""
    count = channel.queue_declare(queue, passive=True).method.message_count
    held: list[Got] = []
    while len(held) < (count if limit is None else min(count, limit)):
        method, carried, body = channel.basic_get(queue)
        if method is None:
            break
        held.append(Got.of(method.delivery_tag, carried, body))
    return held


def _confirming(connection: pika.BlockingConnection) -> BlockingChannel:
    """A channel that waits for the broker's confirm after each message."""
    channel = connection.channel()
    channel.confirm_delivery()
    return channel


def _hand_over(confirming: BlockingChannel, queue: str, got: Got) -> None:
    """Put a message into one queue, past the exchanges; returns when it is durable there."""
    confirming.basic_publish("", queue, got.body, properties(got.id, got.type), mandatory=True)
