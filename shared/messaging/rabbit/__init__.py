"""RabbitMQ, through pika: the only place that imports it."""

from shared.messaging.rabbit.broker import RabbitBroker
from shared.messaging.rabbit.topology import Topology

__all__ = ["RabbitBroker", "Topology"]
