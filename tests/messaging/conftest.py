"""The brokers under test, and a service's database with outbox and inbox."""

import contextlib
import secrets
from collections.abc import Callable, Iterator

import pika
import pytest
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import Engine
from structlog.types import EventDict

from shared.database import create_engine
from shared.database import metadata as leases
from shared.messaging.broker import Broker
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.outbox import metadata as messages
from shared.messaging.rabbit import RabbitBroker, Topology
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.messaging.samples import FIRST, SECOND
from tests.messaging.tools import Brokers, Cables


@pytest.fixture(scope="package", autouse=True)
def plain_logs() -> Iterator[None]:
    """Log lines as in production, without tracebacks: rendering those costs more than the tests."""
    before = structlog.get_config()["processors"]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _without_traceback,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )
    yield
    structlog.configure(processors=before)


def _without_traceback(_: object, __: str, event: EventDict) -> EventDict:
    if error := event.pop("exc_info", None):
        event["error"] = type(error).__name__
    return event


@pytest.fixture
def cables() -> Iterator[Cables]:
    cables = Cables()
    yield cables
    for cable in cables.laid:
        cable.close()


@pytest.fixture
def engines() -> Iterator[Callable[..., Engine]]:
    """`engines(url)` makes an engine; its connections are closed after the test."""
    made: list[Engine] = []

    def new(url: str, pool_size: int = 8) -> Engine:
        engine = create_engine(url, pool_size=pool_size, application_name="tests")
        made.append(engine)
        return engine

    yield new
    for engine in made:
        engine.dispose()


@pytest.fixture
def service_url(database: NewDatabase, engines: Callable[..., Engine]) -> str:
    """The database of a service that has an outbox and an inbox."""
    url = database()
    engine = engines(url)
    messages.create_all(engine)
    leases.create_all(engine)
    return url


@pytest.fixture
def engine(service_url: str, engines: Callable[..., Engine]) -> Engine:
    return engines(service_url)


@pytest.fixture
def rabbit_prefix() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def rabbit_topology(rabbit_prefix: str, rabbitmq_server: RabbitServer) -> Iterator[Topology]:
    """Names that no other test uses; what was declared under them is deleted afterwards."""
    topology = Topology(rabbit_prefix)
    yield topology
    with contextlib.closing(
        pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url))
    ) as connection:
        channel = connection.channel()
        for subscription in (FIRST, SECOND):
            channel.queue_delete(topology.queue(subscription.consumer))
            channel.queue_delete(topology.dead_queue(subscription.consumer))
        channel.queue_delete(topology.unbound)
        for exchange in (
            topology.events, topology.recipients, topology.unbound, topology.dead_letters
        ):  # fmt: skip
            channel.exchange_delete(exchange)


@pytest.fixture
def operator(rabbitmq_server: RabbitServer) -> Iterator[BlockingChannel]:
    """A channel of somebody else's, beside Kersey's own."""
    with contextlib.closing(
        pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url))
    ) as connection:
        yield connection.channel()


@pytest.fixture(params=["embedded", "rabbit"])
def brokers(request: pytest.FixtureRequest, cables: Cables) -> Brokers:
    """Each of the brokers in turn, reached through a cable."""
    if request.param == "rabbit":
        server: RabbitServer = request.getfixturevalue("rabbitmq_server")
        topology: Topology = request.getfixturevalue("rabbit_topology")
        cable, url = cables.to(server.url)
        return Brokers(
            "rabbit", lambda: RabbitBroker(url, topology=topology, timeout=2), cable, url, topology
        )
    new_database: NewDatabase = request.getfixturevalue("database")
    engines: Callable[..., Engine] = request.getfixturevalue("engines")
    cable, url = cables.to(new_database())
    return Brokers("embedded", lambda: EmbeddedBroker(engines(url), poll=0.05), cable, url)


@pytest.fixture
def broker(brokers: Brokers) -> Broker:
    """A broker to which the two consumers of the tests are known."""
    broker = brokers.new()
    broker.declare([FIRST, SECOND])
    return broker
