"""RabbitMQ as Kersey's broker: connections, declarations, dead letters."""

import logging
import time
from collections.abc import Mapping, Sequence

import pika
import structlog

from shared.messaging.broker import (
    BrokerAway,
    DeadLetter,
    Depth,
    Handler,
    Publisher,
    Subscription,
    TopologyFault,
)
from shared.messaging.rabbit.confirms import ConfirmingChannel, Parcel
from shared.messaging.rabbit.consumer import RabbitConsumer
from shared.messaging.rabbit.link import Link
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
        self._window = window
        self._timeout = timeout
        self._declares = declares
        self._url = url
        self._name = name

    def parameters(self) -> pika.URLParameters:
        """How to connect. Every wait has an end, and one attempt is one attempt."""
        parameters = pika.URLParameters(self._url)
        parameters.heartbeat = _HEARTBEAT
        parameters.socket_timeout = self._timeout
        parameters.stack_timeout = 2 * self._timeout
        parameters.blocked_connection_timeout = _BLOCKED_AT_MOST
        parameters.connection_attempts = 1
        parameters.client_properties = {"connection_name": self._name, "product": "Kersey"}
        return parameters

    def connect(self) -> Link:
        """A connection for one thread; close it, or use it as a context manager.

        Raises:
            BrokerAway: it cannot be reached.
        """
        return Link(self.parameters(), self._timeout)

    def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """See `Broker.declare`. With no subscriptions it declares what publishing needs."""
        with self.connect() as link:
            self.topology.declare_exchanges(link)
            for subscription in subscriptions:
                self.topology.declare_consumer(link, subscription)
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
        with self.connect() as link:
            self.topology.check(link, subscription)

    def compare(self, subscriptions: Sequence[Subscription]) -> None:
        """See that all is there and declared as it is to be, with the right to declare; nothing is
        made or changed.

        Raises:
            TopologyFault: something is missing or declared otherwise.
            BrokerAway: the broker cannot be reached.
        """
        with self.connect() as link:
            for each in subscriptions:
                self.topology.check(link, each)
                self.topology.compare(link, each)

    def publisher(self) -> Publisher:
        """See `Broker.publisher`."""
        return RabbitPublisher(self.connect, self.topology, self.ensure, window=self._window)

    def consumer(self, subscription: Subscription, handler: Handler) -> Worker:
        """See `Broker.consumer`."""
        return RabbitConsumer(self.connect, self.topology, self.ensure, subscription, handler)

    def dead_letters(self, consumer: str, *, limit: int = 100) -> list[DeadLetter]:
        """See `Broker.dead_letters`. While they are read, others see fewer of them."""
        with self.connect() as link:
            held = link.hold(link.channel(), self.topology.dead_queue(consumer), limit)
        return [got.dead_letter(consumer) for got in held]

    def dead_letter(self, consumer: str, letter: str) -> DeadLetter | None:
        """See `Broker.dead_letter`."""
        with self.connect() as link:
            held = link.hold(link.channel(), self.topology.dead_queue(consumer))
        letters = (got.dead_letter(consumer) for got in held)
        return next((found for found in letters if found.id == letter), None)

    def replay(self, consumer: str, letter: str) -> bool:
        """See `Broker.replay`. Copies of one letter become one again."""
        return self._give_back(consumer, letter) > 0

    def replay_all(self, consumer: str) -> int:
        """See `Broker.replay_all`. Copies of one letter become one again."""
        return self._give_back(consumer, None)

    def _give_back(self, consumer: str, letter: str | None) -> int:
        copies: dict[str, list[Got]] = {}
        with self.connect() as link:
            holding = link.channel()
            for got in link.hold(holding, self.topology.dead_queue(consumer)):
                copies.setdefault(got.dead_letter(consumer).id, []).append(got)
            wanted = [same for key, same in copies.items() if letter in {None, key}]
            confirming = ConfirmingChannel(link)
            for same in wanted:
                confirming.hand_over(self._to(consumer, same[0]))
                for copy in same:
                    link.tell(holding.basic_ack, copy.tag)
        return len(wanted)

    def depths(self, consumers: Sequence[str]) -> Mapping[str, Depth]:
        """See `Broker.depths`: two small questions for each, on one connection."""
        with self.connect() as link:
            channel = link.channel()

            def ready(queue: str) -> int:
                return int(link.ask(channel.queue_declare, queue, passive=True).message_count)

            return {
                each: Depth(ready(self.topology.queue(each)), ready(self.topology.dead_queue(each)))
                for each in consumers
            }

    def fault(self) -> str | None:
        """See `Broker.fault`."""
        try:
            with self.connect() as link:
                self.topology.check(link, None)
        except BrokerAway as error:
            return str(error)
        return None

    def _adopt(self, subscriptions: Sequence[Subscription]) -> None:
        """Move unbound messages to those of these consumers that want them.

        One process at a time, so that of two consumers that start together the second finds what
        the first did not want. An exclusive queue is the lock: it ends with its connection.
        """
        for _ in range(50):
            with self.connect() as link:
                if self._lock(link):
                    moved = self._adopt_alone(link, subscriptions)
                    if moved:
                        log.info("broker.adopted", messages=moved)
                    return
            time.sleep(0.1)
        raise BrokerAway(f"another process has read {self.topology.unbound} for too long")

    def _lock(self, link: Link) -> bool:
        try:
            link.ask(link.channel().queue_declare, self.topology.adopting, exclusive=True)
        except TopologyFault as fault:
            if getattr(fault.__cause__, "reply_code", None) != _LOCKED:
                raise
            return False
        return True

    def _adopt_alone(self, link: Link, subscriptions: Sequence[Subscription]) -> int:
        reading = link.channel()
        confirming = ConfirmingChannel(link)
        unwanted = moved = 0
        for got in link.hold(reading, self.topology.unbound):
            wanting = [s for s in subscriptions if got.type in s.types]
            for subscription in wanting:
                confirming.hand_over(self._to(subscription.consumer, got))
            if wanting:
                link.tell(reading.basic_ack, got.tag)
                moved += 1
            else:
                unwanted = got.tag
        if unwanted:
            # give back what nobody wanted before the lock is gone
            link.tell(reading.basic_nack, unwanted, multiple=True, requeue=True)
            link.ask(reading.queue_declare, self.topology.unbound, passive=True)
        return moved

    def _to(self, consumer: str, got: Got) -> Parcel:
        """A message for one queue, past the exchanges."""
        return Parcel("", self.topology.queue(consumer), got.body, properties(got.id, got.type))
