import contextlib

import httpx
import pika
import pika.exceptions
import pytest

from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.rabbitmq import NAMED, begun, joined
from tests.infrastructure.rabbitmq_node import PrivateNode, server_script


@contextlib.contextmanager
def channel(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def test_the_vhost_is_empty_and_ours_to_configure(rabbitmq_server):
    with channel(rabbitmq_server.new_vhost()) as ours:
        ours.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        assert ours.queue_declare("q", passive=True).method.message_count == 0


def test_an_own_broker_offers_the_management_api(own_rabbitmq):
    vhosts = httpx.get(f"{own_rabbitmq.management}/api/vhosts", timeout=60).json()
    assert any(own_rabbitmq.url.endswith("/" + vhost["name"]) for vhost in vhosts)


@pytest.fixture
def node():
    try:
        node = PrivateNode(server_script())
    except Absent as absent:
        give_up(absent)
    yield node
    node.close()


@pytest.mark.slow
def test_a_private_node_keeps_its_messages_over_a_restart(node):
    node.start()
    with channel(node.url) as first:
        first.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
        first.confirm_delivery()
        first.basic_publish("", "kept", b"still here")
    node.stop()
    with pytest.raises(pika.exceptions.AMQPError), channel(node.url):
        pass
    node.start()
    with channel(node.url) as second:
        assert second.basic_get("kept", auto_ack=True)[2] == b"still here"


def test_who_names_a_broker_gets_no_other(monkeypatch):
    monkeypatch.setenv(NAMED, "amqp://somewhere/vhost")
    assert begun() is None


@pytest.mark.slow
def test_workers_join_one_broker_and_leave_it_to_the_others(monkeypatch):
    monkeypatch.delenv(NAMED, raising=False)
    node = begun()
    if node is None:
        give_up(Absent("no rabbitmq-server is installed"))
    try:
        one, other = (joined(node.url, node.management) for _ in range(2))
        assert one.url != other.url
        one.close()
        with channel(other.url) as still:
            still.queue_declare("q")
        with pytest.raises(pika.exceptions.ChannelClosedByBroker), channel(one.url) as apart:
            apart.queue_declare("q", passive=True)
    finally:
        node.close()
