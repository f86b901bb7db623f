"""Nothing is lost and nothing is doubled, whatever is killed, stopped, frozen or repeated."""

import os
import re
import time
from functools import partial

import pytest

from shared.messaging.broker import DeadLetter
from shared.messaging.rabbit import RabbitBroker, Topology
from tests.faults.account import SUBSCRIPTIONS, Account
from tests.faults.callers import Caller
from tests.faults.conftest import House
from tests.faults.databases import WITH_EVENTS, Databases, eventually
from tests.faults.storm import (
    DATED,
    Storm,
    broker_channel,
    jump_ahead,
    metrics,
    repeat_everything,
)
from tests.faults.traffic import Traffic

REFERRALS = int(os.environ.get("KERSEY_STORM_REFERRALS", "500"))
# What fits beside the rest of `make test`; `make soak` has more.
KILLS = int(os.environ.get("KERSEY_STORM_KILLS", "30"))
WEB_KILLS = 2
SEED = int(os.environ.get("KERSEY_STORM_SEED", "1812"))
"""The year in which Yorkshire's croppers broke machines."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 10 * REFERRALS)]


def test_nothing_is_lost_and_nothing_is_doubled(house: House, figures) -> None:
    began = time.monotonic()
    traffic = Traffic(house.processes.url, house.scene, REFERRALS, house.webhooks.told)
    storm = Storm(
        house.processes, house.node, house.databases, traffic, KILLS, web_kills=WEB_KILLS, seed=SEED
    )
    account = Account(house.databases, traffic)
    try:
        with traffic.flowing():
            storm.rage()
        raged = time.monotonic()
        house.processes.wait_until_ready(house.processes.running)
        settle(house)
        failed = retry_what_failed(house)
        deliver_everything_again(house)
        for consumer, kills in sorted(storm.killed.items()):
            account.count(f"kills of {consumer}", kills)
        for fault, times in storm.befell.items():
            account.count(fault, times)
        account.count("calls that a client had to repeat", traffic.repeats)
        account.count("messages cut off twice, told as failed and sent by staff", failed)
        account.referrals()
        account.listing()
        account.events()
        account.deliveries()
        account.persons()
        account.messages_of_the_day()
        account.at_the_sinks(house.mails, house.webhooks)
        account.equation()
        account.dead(dead_letters(house), storm.poisoned)
        account.count("seconds of storm", round(raged - began))
        account.count("seconds until all was calm and counted", round(time.monotonic() - raged))
    finally:
        for what, number in account.lines:
            figures(f"{what}: {number}")
    assert min(storm.killed[each.consumer] for each in SUBSCRIPTIONS) >= KILLS


def settle(house: House) -> None:
    """Wait until nothing is on its way: outboxes and queues are empty, every delivery has ended."""
    for service in WITH_EVENTS:
        house.databases.wait_for(
            f"the outbox of {service} is empty",
            service,
            "SELECT count(*) = 0 FROM outbox WHERE published_at IS NULL",
        )
    eventually("every event is acted on", lambda: acted_on(house.databases))
    house.databases.wait_for(
        "every delivery has ended",
        "notifications",
        "SELECT count(*) = 0 FROM delivery WHERE due <= now() OR attempts > 0 AND due IS NOT NULL",
    )
    for table in DATED:
        eventually(f"every {table} has ended", partial(ended, house.databases, table))
    # How a delivery ended is an event itself.
    house.databases.wait_for(
        "the outbox of notifications is empty again",
        "notifications",
        "SELECT count(*) = 0 FROM outbox WHERE published_at IS NULL",
    )
    eventually("every event is acted on", lambda: acted_on(house.databases))
    eventually("the queues are empty", lambda: waiting(house) == 0)


def ended(databases: Databases, table: str) -> bool:
    """Whether nothing is left of a table whose messages have a day; whatever waits is due now."""
    jump_ahead(databases)
    query = f"SELECT count(*) = 0 FROM {table} WHERE due IS NOT NULL"
    return bool(databases.one("notifications", query))


def acted_on(databases: Databases) -> bool:
    """Whether every consumer has noted as many events as there are of its types."""
    kinds: dict[str, int] = {}
    for service in WITH_EVENTS:
        kinds |= dict(databases.rows(service, "SELECT type, count(*) FROM outbox GROUP BY type"))
    query = "SELECT count(*) FROM inbox WHERE consumer = %s"
    return all(
        databases.one(each.service, query, each.consumer)
        == sum(kinds.get(kind, 0) for kind in each.types)
        for each in SUBSCRIPTIONS
    )


def waiting(house: House) -> int:
    """Messages in the work queues."""
    with broker_channel(house.processes) as channel:
        return sum(
            channel.queue_declare(
                Topology().queue(each.consumer), passive=True
            ).method.message_count
            for each in SUBSCRIPTIONS
        )


def retry_what_failed(house: House) -> int:
    """A mail that was cut off twice is a failure that staff see; they send it again.

    Returns: how many there were.
    """
    query = "SELECT id FROM delivery WHERE state = 'failed' AND last_error = 'cut-off'"
    failed = [row[0] for row in house.databases.rows("notifications", query)]
    coordinator = Caller(house.processes.url, "coordinator")
    for each in failed:
        coordinator.call("POST", f"/notifications/deliveries/{each}/retry")
    coordinator.close()
    if failed:
        settle(house)
    return len(failed)


def deliver_everything_again(house: House) -> None:
    """Publish every event once more, and wait until every consumer was handed all of them."""
    before = handled(house)
    repeat_everything(house.databases)
    kinds: dict[str, int] = {}
    for service in WITH_EVENTS:
        query = "SELECT type, count(*) FROM outbox GROUP BY type"
        kinds |= dict(house.databases.rows(service, query))
    again = sum(kinds.get(kind, 0) for each in SUBSCRIPTIONS for kind in each.types)
    eventually("every event came again", lambda: handled(house) - before >= again)
    settle(house)


def handled(house: House) -> int:
    """How many messages the consumers that run now were handed."""
    count = 0.0
    for each in house.processes.running:
        found = re.findall(
            r'^kersey_events_consumed_total\{[^}]*outcome="handled"\} (\S+)$',
            metrics(each),
            re.MULTILINE,
        )
        count += sum(map(float, found))
    return int(count)


def dead_letters(house: House) -> list[DeadLetter]:
    """What an operator sees in all dead queues."""
    address = house.processes.environment("setup")["KERSEY_AMQP_ADMIN_URL"]
    broker = RabbitBroker(address, name="tests", declares=False)
    return [letter for each in SUBSCRIPTIONS for letter in broker.dead_letters(each.consumer)]
