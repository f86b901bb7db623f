"""What `/metrics` shows of a running Kersey follows what happens: each is there, and it moves.

A part is held or broken from outside, as when it hangs or its disk is gone, and then let go.
"""

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.services import BROKER_DATABASE
from shared.messaging.broker import Message
from shared.messaging.embedded import EmbeddedBroker
from tests.infrastructure.homes import new_home
from tests.referrals.house import a_bundle, wish
from tests.subject.living import Living, eventually, living, refer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def kersey() -> Iterator[Living]:
    """A running Kersey on the embedded broker."""
    home = new_home("watched")
    try:
        with living(home / "data") as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def broker(kersey: Living) -> Iterator[Engine]:
    """The broker's own database."""
    with opened(
        running_url(DataFolder(kersey.folder, "test"), BROKER_DATABASE), 2, "test"
    ) as engine:
        yield engine


def ask(kersey: Living, number: int) -> None:
    """Have a provider be asked, which hears so by mail."""
    case, _ = refer(kersey, a_bundle(number=number))
    at = f"/referrals/cases/{case}"
    kersey.call("link-worker", "POST", f"{at}/accept")
    kersey.call("link-worker", "POST", f"{at}/person-accepts")
    kersey.call("link-worker", "POST", f"{at}/requests", json=wish())


def shown(kersey: Living, name: str, **labels: str) -> list[float]:
    """The values of the series that have these labels; none where the metric is not shown."""
    text = httpx.get(f"{kersey.url}/metrics", timeout=60).text
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def total(kersey: Living, name: str, **labels: str) -> float:
    return sum(shown(kersey, name, **labels))


@contextmanager
def held(engine: Engine, table: str) -> Iterator[None]:
    """For as long as the block runs nobody else reads or writes a table."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"lock table {table} in access exclusive mode")
        yield


@contextmanager
def away(kersey: Living, service: str, table: str) -> Iterator[None]:
    """For as long as the block runs a service's table is not there."""
    kersey.rows(service, f"alter table {table} rename to {table}_away")
    try:
        yield
    finally:
        kersey.rows(service, f"alter table {table}_away rename to {table}")


def test_relay_lag_grows_while_nothing_can_be_published(kersey: Living, broker: Engine):
    def lag() -> float:
        (value,) = shown(kersey, "kersey_outbox_lag_seconds", service="referrals")
        return value

    eventually(lambda: lag() == 0, "all is published")
    with held(broker, "message"):
        refer(kersey, a_bundle(number=1))
        eventually(lambda: lag() > 1, "the event's age is shown")
        first = lag()
        eventually(lambda: lag() > first, "it grows")
    eventually(lambda: lag() == 0, "it is published")


def test_queue_depth_grows_while_nothing_is_consumed(kersey: Living):
    consumer = {"service": "notifications", "consumer": "notifications.cases"}

    def ready() -> float:
        (value,) = shown(kersey, "kersey_queue_ready", **consumer)
        return value

    eventually(lambda: ready() == 0, "the queue is empty")
    handled = total(kersey, "kersey_events_consumed_total", consumer=consumer["consumer"])
    with held(kersey.house.engines["notifications"], "inbox"):
        for number in (2, 3):
            refer(kersey, a_bundle(number=number))
        eventually(lambda: ready() >= 2, "messages wait")
    eventually(lambda: ready() == 0, "they were consumed")
    now = total(kersey, "kersey_events_consumed_total", consumer=consumer["consumer"])
    assert now >= handled + 2


def test_the_oldest_undelivered_message_is_shown_until_it_goes(kersey: Living):
    mails = kersey.folder / "mail"
    of_mails = {"service": "notifications", "channel": "email"}

    def oldest() -> list[float]:
        return shown(kersey, "kersey_delivery_oldest_seconds", **of_mails)

    eventually(lambda: oldest() == [], "every mail has gone")
    aside = mails.rename(mails.with_name("mail-aside")) if mails.exists() else None
    mails.write_text("not a folder")
    try:
        ask(kersey, number=4)
        eventually(lambda: bool(oldest()) and oldest()[0] > 0, "a mail waits")
        first = oldest()[0]
        eventually(lambda: oldest()[0] > first, "its age grows")
        assert total(kersey, "kersey_deliveries_open", **of_mails) >= 1
        assert total(kersey, "kersey_delivery_attempts_total", channel="email") >= 1
        why = {"channel": "email", "reason": "maildir-unwritable"}
        assert total(kersey, "kersey_delivery_failures_total", **why) >= 1
    finally:
        mails.unlink()
        if aside is not None:
            aside.rename(mails)
    kersey.rows("notifications", "update delivery set due = now() where due is not null")
    eventually(lambda: oldest() == [], "it has gone")


def test_errors_are_counted_by_kind(kersey: Living):
    def errors() -> float:
        return total(
            kersey, "kersey_http_errors_total", service="referrals", error="ProgrammingError"
        )

    before = errors()
    with away(kersey, "referrals", "worklist"), pytest.raises(AssertionError, match="500"):
        kersey.call("link-worker", "GET", "/referrals/worklist")
    assert errors() == before + 1
    kersey.call("link-worker", "GET", "/referrals/worklist")
    assert errors() == before + 1


def test_dead_letters_are_counted_and_shown_until_somebody_decides(kersey: Living, broker: Engine):
    consumer = "notifications.cases"
    before = total(kersey, "kersey_events_consumed_total", consumer=consumer, outcome="dead")
    publisher = EmbeddedBroker(broker).publisher()
    letter = Message(uuid4(), "kersey.referral.requested.v1", "{}")
    assert publisher.publish([letter]).confirmed
    publisher.close()
    eventually(lambda: shown(kersey, "kersey_queue_dead", consumer=consumer) == [1], "it is dead")
    now = total(kersey, "kersey_events_consumed_total", consumer=consumer, outcome="dead")
    assert now == before + 1


def test_the_slowest_hundredth_of_each_route_can_be_told(kersey: Living):
    """As `histogram_quantile` of the operator's guide does, of what came since."""
    of_route = {"service": "referrals", "method": "GET", "route": "/referrals/worklist"}
    name = "kersey_http_request_seconds"

    def buckets() -> dict[float, float]:
        text = httpx.get(f"{kersey.url}/metrics", timeout=60).text
        return {
            float(sample.labels["le"]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"{name}_bucket"
            and (of_route | {"status": "2xx"}).items() <= sample.labels.items()
        }

    kersey.call("link-worker", "GET", "/referrals/worklist")
    before = buckets()
    for _ in range(20):
        kersey.call("link-worker", "GET", "/referrals/worklist")
    came = {most: count - before[most] for most, count in buckets().items()}
    assert came[math.inf] == 20
    assert [came[most] for most in sorted(came)] == sorted(came.values())
    assert min(most for most, count in came.items() if count >= 0.99 * 20) < math.inf
