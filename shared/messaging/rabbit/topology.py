"""The exchanges and queues that Kersey has in RabbitMQ.

With the prefix `kersey`:

- topic exchange `kersey.events`; the routing key is the event's type. What it cannot route goes to
  its alternate exchange `kersey.unbound` and the queue of that name; why is told in
  `shared.messaging.broker`.
- direct exchange `kersey.recipients`, for what is meant for one consumer: the routing key is its
  queue's name. RabbitMQ's own exchange would do that too, but a service may write to what is
  Kersey's and to nothing else.
- for each consumer a quorum queue `kersey.<service>.<consumer>`, and a quorum queue of the same
  name with `.dead`, bound to the direct exchange `kersey.dead-letters`. The dead queue is bound
  before the work queue exists, so that there is no moment in which a dead letter is lost.

All arguments belong to the queues, not to policies, because losing one would lose messages;
lengths are the operator's policies.

Traps, tried with RabbitMQ 3.10.8: a quorum queue declared less than about three seconds before a
power cut comes back without a leader, so the operator declares before the services start;
`basic.consume` on such a queue never answers. At-least-once dead-lettering needs overflow
`reject-publish`. RabbitMQ 4 gives every quorum queue a delivery limit of 20 unless it has one, and
reading a dead queue counts as a delivery, so those get a limit that nobody reaches. An existing
queue with other arguments answers 406, which `failure` tells in words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.messaging.broker import (
    DELIVERY_LIMIT,
    UNBOUND_KEPT_MESSAGES,
    UNBOUND_KEPT_SECONDS,
    Subscription,
)
from shared.messaging.events import CATALOGUE
from shared.messaging.rabbit.link import Link

_NEVER_REACHED = 1_000_000


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and arguments.

    Attributes:
        prefix: of every name, so that several installations can share a virtual host.
    """

    prefix: str = "kersey"

    @property
    def events(self) -> str:
        """The exchange for events."""
        return f"{self.prefix}.events"

    @property
    def recipients(self) -> str:
        """The exchange for events that one consumer gets, by its queue's name."""
        return f"{self.prefix}.recipients"

    @property
    def unbound(self) -> str:
        """The exchange and the queue for events that nobody has bound."""
        return f"{self.prefix}.unbound"

    @property
    def adopting(self) -> str:
        """The queue that is no queue but the lock of whoever reads the unbound events."""
        return f"{self.prefix}.unbound.adopting"

    @property
    def dead_letters(self) -> str:
        """The exchange for dead letters."""
        return f"{self.prefix}.dead-letters"

    def queue(self, consumer: str) -> str:
        """A consumer's queue."""
        return f"{self.prefix}.{consumer}"

    def dead_queue(self, consumer: str) -> str:
        """A consumer's queue of dead letters."""
        return f"{self.prefix}.{consumer}.dead"

    def arguments(self, consumer: str) -> dict[str, Any]:
        """Arguments of a consumer's queue: it loses nothing."""
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": self.dead_letters,
            "x-dead-letter-routing-key": self.queue(consumer),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    def declare_exchanges(self, link: Link) -> None:
        """Declare what publishing needs, whoever consumes."""
        channel = link.channel()
        exchange, queue = channel.exchange_declare, channel.queue_declare
        link.ask(exchange, self.unbound, "fanout", durable=True)
        link.ask(queue, self.unbound, durable=True, arguments=_UNBOUND)
        link.ask(channel.queue_bind, self.unbound, self.unbound)
        to_unbound = {"alternate-exchange": self.unbound}
        link.ask(exchange, self.events, "topic", durable=True, arguments=to_unbound)
        link.ask(exchange, self.recipients, "direct", durable=True)
        link.ask(exchange, self.dead_letters, "direct", durable=True)

    def declare_consumer(self, link: Link, subscription: Subscription) -> None:
        """Declare a consumer's queues; bind the types that it knows and no other of the catalogue.

        The exchanges must be declared.
        """
        channel = link.channel()
        consumer = subscription.consumer
        work, dead = self.queue(consumer), self.dead_queue(consumer)
        link.ask(channel.queue_declare, dead, durable=True, arguments=_DEAD)
        link.ask(channel.queue_bind, dead, self.dead_letters, routing_key=work)
        link.ask(channel.queue_declare, work, durable=True, arguments=self.arguments(consumer))
        link.ask(channel.queue_bind, work, self.recipients, routing_key=work)
        for kind in CATALOGUE:
            bind = channel.queue_bind if kind in subscription.types else channel.queue_unbind
            link.ask(bind, work, self.events, routing_key=kind)

    def check(self, link: Link, subscription: Subscription | None) -> None:
        """See that everything is there, with no more than the right to read: also what takes what
        nobody can use, or it would be lost on the day it comes.

        Raises:
            TopologyFault: something is missing.
        """
        channel = link.channel()
        for exchange, _, _ in self._exchanges():
            link.ask(channel.exchange_declare, exchange, passive=True)
        for queue, _ in self._queues(subscription):
            link.ask(channel.queue_declare, queue, passive=True)

    def compare(self, link: Link, subscription: Subscription | None) -> None:
        """See that everything is as it is to be. It needs the right to declare, and makes nothing
        of what `check` has found: the same declaration again changes nothing.

        Raises:
            TopologyFault: something is declared otherwise.
        """
        channel = link.channel()
        for exchange, kind, arguments in self._exchanges():
            link.ask(channel.exchange_declare, exchange, kind, durable=True, arguments=arguments)
        for queue, arguments in self._queues(subscription):
            link.ask(channel.queue_declare, queue, durable=True, arguments=arguments)

    def _exchanges(self) -> Iterable[tuple[str, str, dict[str, Any]]]:
        yield self.unbound, "fanout", {}
        yield self.events, "topic", {"alternate-exchange": self.unbound}
        yield self.recipients, "direct", {}
        yield self.dead_letters, "direct", {}

    def _queues(self, subscription: Subscription | None) -> Iterable[tuple[str, dict[str, Any]]]:
        yield self.unbound, _UNBOUND
        if subscription:
            yield self.dead_queue(subscription.consumer), _DEAD
            yield self.queue(subscription.consumer), self.arguments(subscription.consumer)


_UNBOUND = {
    "x-queue-type": "quorum",
    "x-message-ttl": UNBOUND_KEPT_SECONDS * 1000,
    "x-max-length": UNBOUND_KEPT_MESSAGES,
    "x-delivery-limit": _NEVER_REACHED,
}
"""It forgets the oldest."""

_DEAD = {"x-queue-type": "quorum", "x-delivery-limit": _NEVER_REACHED}
"""It keeps everything."""
