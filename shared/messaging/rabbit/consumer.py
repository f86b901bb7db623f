"""Consumes one queue of RabbitMQ.

It never nacks. In an outage it closes its channel, so that what it held goes back to the queue and
to the other replicas, waits until the outage is over, and resumes. A message that becomes a dead
letter by our decision is published to the dead queue with the reason and acknowledged after the
confirm; a bare reject could carry no reason.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

import pika

from shared.messaging.broker import Handler, Subscription, TopologyFault, patiently
from shared.messaging.consuming import Consuming, Dead, Outage
from shared.messaging.rabbit.message import Got, burial
from shared.messaging.rabbit.topology import Topology

PREFETCH = 50
"""Messages that RabbitMQ sends ahead: seven times the rate of one at a time."""

_TURN = 0.2
"""Seconds until a quiet consumer notices that it is told to stop."""


class RabbitConsumer:
    """The worker of one consumer, on a connection of its own.

    Args:
        connected: opens a connection and closes it again.
        topology: the names.
        ensure: declares the consumer, or sees that it is declared.
        subscription: which consumer.
        handler: see `broker.Handler`.
    """

    def __init__(
        self,
        connected: Callable[[], AbstractContextManager[pika.BlockingConnection]],
        topology: Topology,
        ensure: Callable[[Subscription], None],
        subscription: Subscription,
        handler: Handler,
    ) -> None:
        self._connected = connected
        self._topology = topology
        self._ensure = ensure
        self._subscription = subscription
        self._queue = topology.queue(subscription.consumer)
        self._consuming = Consuming(subscription.consumer, handler)

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self._subscription.consumer

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop; finish the message in hand, give back the others."""
        while not stop.is_set():
            patiently(stop, self.name, lambda: self._session(stop))

    def _session(self, stop: threading.Event) -> None:
        self._ensure(self._subscription)
        with self._connected() as connection:
            held_up = self._consume(connection, stop)
        if held_up:
            self._consuming.wait_out(held_up.body, stop)

    def _consume(self, connection: pika.BlockingConnection, stop: threading.Event) -> Got | None:
        """Feed messages to the handler.

        Returns:
            The message that met an outage, or None when told to stop.
        """
        arrived: deque[Got] = deque()
        cancelled = threading.Event()
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.add_on_cancel_callback(lambda _: cancelled.set())
        channel.basic_consume(
            self._queue,
            lambda _, method, carried, body: arrived.append(
                Got.of(method.delivery_tag, carried, body)
            ),
        )
        while not stop.is_set():
            # Also between two messages at hand: heartbeats must not wait for fifty handlers.
            connection.process_data_events(time_limit=0 if arrived else _TURN)
            if cancelled.is_set():
                raise TopologyFault(f"the queue {self._queue} was deleted")
            if not arrived:
                continue
            got = arrived.popleft()
            try:
                dead = self._consuming.take(got.body, connection.sleep)
            except Outage:
                return got
            if dead:
                self._bury(connection, got, dead)
            channel.basic_ack(got.tag)
        return None

    def _bury(self, connection: pika.BlockingConnection, got: Got, why: Dead) -> None:
        with connection.channel() as confirming:
            confirming.confirm_delivery()
            confirming.basic_publish(
                self._topology.dead_letters,
                self._queue,
                got.body,
                burial(got, why),
                mandatory=True,
            )
