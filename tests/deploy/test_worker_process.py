"""`kersey worker`, told to stop while it has a message and a delivery in hand."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from services.notifications.app import CASES, SUBSCRIPTIONS
from services.notifications.channels.webhook import new_secret
from services.notifications.settings import NotificationsSettings
from shared.database import create_engine
from shared.messaging.broker import Message
from shared.messaging.events import Envelope, Sequence
from shared.messaging.rabbit import RabbitBroker
from shared.migrate import migrate
from tests.infrastructure import leaks
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.processes import STOPS_WITHIN, Started, launch
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.messaging.tools import eventually
from tests.notifications.conftest import House, HttpSink, Request, Tokens, requested

KEY = "k" * 40
SHOWN = {
    'kersey_up{service="notifications",source="database"} 1.0',
    'kersey_up{service="notifications",source="broker"} 1.0',
    'kersey_queue_ready{consumer="notifications.cases",service="notifications"} 0.0',
    'kersey_queue_dead{consumer="notifications.cases",service="notifications"} 0.0',
    'kersey_deliveries_open{channel="webhook",service="notifications",state="sending"} 1.0',
    'kersey_outbox_lag_seconds{service="notifications"} 0.0',
}
"""While a webhook is being sent."""


class Holding(HttpSink):
    """A receiver that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        super().__init__()

    def answer(self, request: Request) -> tuple[int, Any]:
        self.asked.set()
        self.go.wait(60)
        return 204, None


@pytest.fixture
def receiver() -> Iterator[Holding]:
    sink = Holding()
    yield sink
    sink.go.set()
    sink.close()


@contextmanager
def worker(database: str, amqp: str, log: Path) -> Iterator[Started]:
    """The process, once it is ready."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KERSEY_ENVIRONMENT": "test",
        "KERSEY_DATABASE_URL": database,
        "KERSEY_AMQP_URL": amqp,
        "KERSEY_LINK_KEY": KEY,
        "KERSEY_POOL_SIZE": "10",
    }
    arguments = ["worker", "notifications", "--port", "0"]
    started = Started("worker", 0, launch(arguments, environment, log), log, 0)
    try:
        eventually(lambda: started.ready, f"ready: {log.read_text()}", 90)
        yield started
    finally:
        started.kill()
        leaks.read_logs(log.parent)


def test_it_finishes_both_and_lets_another_lead(
    database: NewDatabase, rabbitmq_server: RabbitServer, receiver: Holding, tmp_path: Path
) -> None:
    url = database("notifications", partial(migrate, "notifications"))
    amqp = rabbitmq_server.new_vhost()
    broker = RabbitBroker(amqp)
    broker.declare(SUBSCRIPTIONS)
    settings = NotificationsSettings(
        environment="test", database_url=SecretStr(url), link_key=SecretStr(KEY)
    )
    engine = create_engine(url, pool_size=5, application_name="tests")
    house = House(engine, settings, tmp_path, Tokens())
    house.webhook(receiver.url, new_secret())
    with (
        worker(url, amqp, tmp_path / "worker.log") as process,
        psycopg.connect(url) as holding,
    ):
        publish(broker, uuid4())
        assert receiver.asked.wait(30), "a delivery is in hand"
        assert shown_by(process) >= SHOWN
        case = uuid4()
        holding.execute('insert into case_order ("case", version) values (%s, 0)', [case])
        publish(broker, case)
        waits = (
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        eventually(lambda: house.scalar(waits) == 1, "a message is in hand")

        process.process.send_signal(signal.SIGTERM)
        eventually(lambda: process.get("/health/live") is None, "it takes no more requests")
        assert process.process.poll() is None, "it does not leave before it has finished"
        holding.rollback()
        receiver.go.set()
        assert process.process.wait(STOPS_WITHIN) == 0

    states = house.rows("state")
    assert (len(states), states[0]) == (2, "delivered")
    assert "sending" not in states, "what was begun was recorded"
    assert house.scalar("select count(*) from inbox") == 2
    with broker.connect() as link:
        assert link.hold(link.channel(), broker.topology.queue(CASES.consumer)) == [], "both acked"
    assert house.scalar("select count(*) from lease where until > now()") == 0
    engine.dispose()


def shown_by(process: Started) -> set[str]:
    """The lines of its metrics."""
    answer = process.get("/metrics")
    assert answer is not None
    return set(answer.text.splitlines())


def publish(broker: RabbitBroker, case: UUID) -> None:
    """A provider is asked, says the referrals service."""
    envelope = Envelope(
        id=uuid4(),
        source="kersey/referrals",
        time=datetime.now(UTC),
        sequence=Sequence(1),
        data=requested(case=case),
    )
    publisher = broker.publisher()
    assert publisher.publish([Message.of(envelope)]).confirmed == {envelope.id}
    publisher.close()
