"""The gauges that a service reads from its database and its broker."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

from shared.delivery.tables import HELD, DeliveryTables
from shared.messaging.broker import Broker, Subscription
from shared.messaging.outbox import lag
from shared.metrics import Gauge, Reading, Source

LAG = Gauge(
    "kersey_outbox_lag_seconds",
    "Age of the oldest event that is not published yet; 0 when all are.",
    ("service",),
)
OPEN = Gauge(
    "kersey_deliveries_open",
    "Deliveries that are not ended, by channel and state; `held` waits for somebody.",
    ("service", "channel", "state"),
)
OLDEST = Gauge(
    "kersey_delivery_oldest_seconds",
    "How long the oldest delivery that is not ended and not held has waited, by channel.",
    ("service", "channel"),
)
READY = Gauge(
    "kersey_queue_ready", "Messages that wait in a consumer's queue.", ("service", "consumer")
)
DEAD = Gauge(
    "kersey_queue_dead",
    "A consumer's dead letters, until they are replayed.",
    ("service", "consumer"),
)
READ = (LAG, OPEN, OLDEST, READY, DEAD)


def of_database(service: str, engine: Engine, *deliveries: DeliveryTables) -> Source:
    """What its own database knows: the outbox and the deliveries.

    Args:
        service: whose database.
        engine: of the service.
        deliveries: its delivery tables, if it delivers.
    """

    def read() -> Iterator[Reading]:
        yield Reading(LAG, (service,), lag(engine))
        oldest: dict[str, float] = {}
        counts: dict[tuple[str, str], int] = {}
        for each in (row for table in deliveries for row in table.open(engine)):
            stand = (each.channel, each.state)
            counts[stand] = counts.get(stand, 0) + each.count
            if each.state == HELD:
                continue
            oldest[each.channel] = max(oldest.get(each.channel, 0.0), each.oldest)
        for (channel, state), count in counts.items():
            yield Reading(OPEN, (service, channel, state), count)
        for channel, age in oldest.items():
            yield Reading(OLDEST, (service, channel), age)

    return Source(service, "database", read)


def of_broker(service: str, broker: Broker, subscriptions: Sequence[Subscription]) -> Source:
    """What the broker knows of its queues.

    Args:
        service: whose consumers.
        broker: is asked once for all of them.
        subscriptions: which consumers.
    """

    def read() -> Iterator[Reading]:
        for consumer, depth in broker.depths([each.consumer for each in subscriptions]).items():
            yield Reading(READY, (service, consumer), depth.ready)
            yield Reading(DEAD, (service, consumer), depth.dead)

    return Source(service, "broker", read)
