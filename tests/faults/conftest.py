"""A Kersey of many processes on a PostgreSQL and a RabbitMQ that may be stopped."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.faults.databases import Databases
from tests.faults.scene import Scene, set_scene
from tests.faults.sinks import MailSink, WebhookSink, mail_server, webhook_server
from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.nursery import nursery
from tests.infrastructure.postgres import FAST, PostgresServer
from tests.infrastructure.processes import Processes
from tests.infrastructure.rabbitmq_node import PrivateNode, server_script

SURVIVES_A_CRASH = {**FAST, "synchronous_commit": "on"}
"""What was committed outlives the server's crash, as in production. A power cut is not tried."""


@dataclass(frozen=True)
class House:
    """Everything that runs, and what can be seen of it from outside."""

    processes: Processes
    node: PrivateNode
    databases: Databases
    scene: Scene
    mails: MailSink
    webhooks: WebhookSink


@pytest.fixture(scope="module")
def node() -> Iterator[PrivateNode]:
    """A RabbitMQ that may be stopped; where the package is not installed this cannot be tried."""
    try:
        node = PrivateNode(server_script())
    except Absent as absent:
        give_up(absent)
    try:
        node.start()
        yield node
    finally:
        node.close()
        shutil.rmtree(node.home, ignore_errors=True)


@pytest.fixture(scope="module")
def house(node: PrivateNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three replicas of every process of the compose file, and sinks for what they send."""
    try:
        server = PostgresServer.start("embedded", SURVIVES_A_CRASH)
    except Absent as absent:
        give_up(absent)
    mails, webhooks = MailSink(), WebhookSink()
    with ExitStack() as stack:
        stack.callback(server.close)
        port = stack.enter_context(mail_server(mails))
        address = stack.enter_context(webhook_server(webhooks))
        settings = {
            "KERSEY_SMTP_HOST": "127.0.0.1",
            "KERSEY_SMTP_PORT": str(port),
            "KERSEY_SMTP_SECURITY": "none",
            # What a killed worker was sending is taken up after 15 s instead of five minutes.
            "KERSEY_DELIVERY_LEASE_SECONDS": "15",
            # Two cores carry all of it: who has nothing to do looks less often.
            "KERSEY_RELAY_POLL_SECONDS": "0.1",
            "KERSEY_SUBSCRIPTION_POLL_SECONDS": "1",
            # A storm may come at night, when nobody would be written to.
            "KERSEY_PERSON_HOURS": "00:00-23:59",
        }
        launch = stack.enter_context(nursery()).launch
        processes = Processes(
            server,
            node.server("a node of the test's own"),
            tmp_path_factory.mktemp("faults"),
            settings=settings,
            launch=launch,
        )
        stack.enter_context(processes.up())
        databases = Databases(server.url)
        yield House(
            processes, node, databases, set_scene(processes, databases, address), mails, webhooks
        )
