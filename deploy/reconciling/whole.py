"""The whole comparison."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from deploy.operator_broker import subscriptions
from deploy.reconciling import cases, clients, erasures, events, listings, messages, pacing
from deploy.reconciling.drift import Databases, Drift
from deploy.settings import OperatorSettings
from deploy.subjects import desk
from shared.messaging.broker import Broker

DEAD_LETTERS = 10_000
"""Of each consumer, at most; more of them are told as events that it did not act on."""


def reconcile(
    settings: OperatorSettings, engines: Mapping[str, Engine], broker: Broker, grace: timedelta
) -> Iterator[Drift]:
    """Compare everything; nothing is changed.

    Parameters:
        settings: the operator's.
        engines: by service.
        broker: is asked for dead letters.
        grace: what is younger may still be on its way.

    Raises:
        BrokerAway: the broker cannot be asked.
    """
    databases = Databases(engines, datetime.now(UTC) - grace)
    consumers = subscriptions()
    dead = [
        letter
        for each in consumers
        for letter in broker.dead_letters(each.consumer, limit=DEAD_LETTERS)
    ]
    yield from events.waiting(databases)
    yield from events.unheard(databases, consumers, dead)
    yield from messages.untold(databases)
    yield from messages.stuck(databases)
    yield from listings.compared(databases)
    yield from listings.gathered(databases)
    yield from cases.held_by(databases)
    yield from cases.stopped(databases)
    yield from cases.places(databases)
    yield from cases.endings(databases)
    yield from cases.lost_answers(databases)
    yield from pacing.limits(databases)
    yield from pacing.closed(databases)
    yield from pacing.visits(databases)
    yield from clients.known(databases)
    yield from erasures.unconfirmed(databases, desk(settings, engines))
