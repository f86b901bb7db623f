"""Consumes one queue of RabbitMQ.

It never nacks. In an outage it closes its channel, so that what it held goes back to the queue and
to the other replicas, waits until the outage is over, and resumes. A message that becomes a dead
letter by our decision is published to the dead queue with the reason and acknowledged after the
confirm; a bare reject could carry no reason.

The handler runs in a thread of its own, so that the connection's heartbeats go on however long it
takes: RabbitMQ gives up a connection that is silent for two of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from shared.messaging.broker import Handler, Subscription, patiently
from shared.messaging.consuming import Consuming, Dead, Outage
from shared.messaging.rabbit.confirms import ConfirmingChannel, Parcel
from shared.messaging.rabbit.link import Link
from shared.messaging.rabbit.message import Got, burial
from shared.messaging.rabbit.topology import Topology

T = TypeVar("T")

PREFETCH = 100
"""Messages that RabbitMQ sends ahead: seven times the rate of one at a time."""

TOGETHER = 50
"""Messages at most that are handled in one transaction: the first waits for the last."""

_TURN = 0.2
"""Seconds until a quiet consumer notices that it is told to stop, and between two heartbeats' turns
while a handler works."""


class RabbitConsumer:
    """The worker of one consumer, on a connection of its own.

    Args:
        connect: opens a connection.
        topology: the names.
        ensure: declares the consumer, or sees that it is declared.
        subscription: which consumer.
        handler: see `broker.Handler`.
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        topology: Topology,
        ensure: Callable[[Subscription], None],
        subscription: Subscription,
        handler: Handler,
    ) -> None:
        self._connect = connect
        self._topology = topology
        self._ensure = ensure
        self._subscription = subscription
        self._queue = topology.queue(subscription.consumer)
        self._consuming = Consuming(subscription.consumer, handler)

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self._subscription.consumer

    @property
    def fault(self) -> str | None:
        """Why it does not consume now, for readiness; None while it does."""
        return self._consuming.fault

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop; finish the message in hand, give back the others."""
        with ThreadPoolExecutor(1, thread_name_prefix=f"{self.name} handler") as hands:
            while not stop.is_set():
                patiently(stop, self._consuming, lambda: self._session(hands, stop))

    def _session(self, hands: Executor, stop: threading.Event) -> None:
        self._ensure(self._subscription)
        with self._connect() as link:
            held_up = self._consume(link, hands, stop)
        if held_up:
            self._consuming.wait_out(held_up.body, stop)

    def _consume(self, link: Link, hands: Executor, stop: threading.Event) -> Got | None:
        """Feed messages to the handler.

        Returns:
            The message that met an outage, or None when told to stop.
        """
        arrived: deque[Got] = deque()

        def take(_: Channel, method: Basic.Deliver, carried: BasicProperties, body: bytes) -> None:
            arrived.append(Got.of(method.delivery_tag, carried, body))

        grave = ConfirmingChannel(link)
        channel = link.channel()
        channel.add_on_cancel_callback(lambda _: link.refuse(f"queue {self._queue} was deleted"))
        link.ask(channel.basic_qos, prefetch_count=PREFETCH)
        link.ask(channel.basic_consume, self._queue, take)
        self._consuming.fault = None
        while not stop.is_set():
            if not arrived:
                link.wait(lambda: bool(arrived), _TURN)
                link.check()
                continue
            link.serve()  # heartbeats must not wait for fifty handlers
            batch = [arrived.popleft() for _ in range(min(len(arrived), TOGETHER))]
            if self._handled(link, hands, partial(self._together, batch)):
                link.tell(channel.basic_ack, batch[-1].tag, multiple=True)
                continue
            for got in batch:
                if stop.is_set():
                    break
                try:
                    dead = self._handled(link, hands, partial(self._take, got, stop))
                except Outage:
                    return got
                if dead:
                    grave.hand_over(self._burial(got, dead))
                link.tell(channel.basic_ack, got.tag)
        return None

    def _handled(self, link: Link, hands: Executor, work: Callable[[], T]) -> T:
        """What came of a handler's work; heartbeats pass meanwhile. A connection that breaks does
        not break it off: it will have committed, and the inbox knows the message when it returns.
        """
        handling = hands.submit(work)
        while not wait([handling], _TURN).done:
            link.serve()
        return handling.result()

    def _together(self, batch: Sequence[Got]) -> bool:
        return self._consuming.take_together([got.body for got in batch])

    def _take(self, got: Got, stop: threading.Event) -> Dead | None:
        def pause(seconds: float) -> None:
            stop.wait(seconds)

        return self._consuming.take(got.body, pause)

    def _burial(self, got: Got, why: Dead) -> Parcel:
        return Parcel(self._topology.dead_letters, self._queue, got.body, burial(got, why))
