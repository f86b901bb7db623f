"""RabbitMQ restarted and killed under us, and with users of few rights. A node of our own."""

import shutil
import time
from collections.abc import Iterator

import httpx
import pytest

from shared.messaging.broker import Message, TopologyFault
from shared.messaging.rabbit import RabbitBroker
from shared.worker import Waiting
from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.rabbitmq_node import PrivateNode, server_script, vhosts_over_http
from tests.messaging.samples import FIRST, SECOND, envelope, message
from tests.messaging.tools import Recorder, eventually, running

SETTLED = 5.0
"""Seconds after which a newly declared queue survives a power cut (see `Topology`)."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node() -> Iterator[PrivateNode]:
    """A node that may be stopped; where the package is not installed this cannot be tried."""
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


@pytest.fixture
def vhost(node: PrivateNode) -> str:
    return vhosts_over_http(node.url, node.management)()


def put(broker: RabbitBroker, *messages: Message) -> None:
    publisher = broker.publisher()
    assert publisher.publish(messages).confirmed == {m.id for m in messages}
    publisher.close()


def test_what_was_confirmed_survives_a_killed_broker(node: PrivateNode, vhost: str) -> None:
    """Half of a fan-out is done when the power goes; every consumer gets all of it."""
    broker = RabbitBroker(vhost, timeout=2)
    broker.declare([FIRST, SECOND])
    messages = [message() for _ in range(60)]
    first, second = Recorder(), Recorder()
    put(broker, *messages)
    with running(broker.consumer(FIRST, first)):
        first.waits_for(*(m.id for m in messages[:30]))
        time.sleep(SETTLED)
        node.kill()
        eventually(lambda: bool(broker.fault()), "the broker is away")
        node.start()
        with running(broker.consumer(SECOND, second)):
            first.waits_for(*(m.id for m in messages), seconds=40)
            second.waits_for(*(m.id for m in messages), seconds=40)
    assert broker.dead_letters(FIRST.consumer) == []


def test_a_service_needs_no_right_to_configure(node: PrivateNode, vhost: str) -> None:
    """The operator declares; services read and write, and cannot change what was declared."""
    RabbitBroker(vhost).declare([FIRST])
    service = RabbitBroker(user_who_configures("^$", node, vhost), declares=False)
    with pytest.raises(TopologyFault, match=r"the broker refuses \(403\)"):
        service.declare([SECOND])
    first = Recorder()
    good, junk = message(), Message(message().id, message().type, "hello")
    with running(service.consumer(FIRST, first)):
        put(service, good, junk)
        first.waits_for(good.id)
        eventually(lambda: len(service.dead_letters(FIRST.consumer)) == 1, "a dead letter")
        assert service.replay(FIRST.consumer, str(junk.id))
        eventually(lambda: len(service.dead_letters(FIRST.consumer)) == 1, "dead again")
    assert service.fault() is None


def test_a_service_may_tell_one_consumer_alone(node: PrivateNode, vhost: str) -> None:
    """With the rights that `kersey broker setup` gives, which leave RabbitMQ's own exchange out."""
    RabbitBroker(vhost).declare([FIRST, SECOND])
    service = RabbitBroker(
        user_who_configures("^$", node, vhost, write=r"^kersey\."), declares=False
    )
    first, second, sent, everyone = Recorder(), Recorder(), envelope(), message()
    with running(service.consumer(FIRST, first), service.consumer(SECOND, second)):
        put(service, Message.of(sent, recipient=SECOND.consumer), everyone)
        second.waits_for(sent.id, everyone.id)
        first.waits_for(everyone.id)
    assert sent.id not in first.ids


def test_a_consumer_that_may_not_read_says_so_until_it_may(node: PrivateNode, vhost: str) -> None:
    """Readiness asks it: the broker is there, and yet nothing would be consumed."""
    RabbitBroker(vhost).declare([FIRST])
    url = user_who_configures("^$", node, vhost, read="^$")
    service = RabbitBroker(url, declares=False)
    first, sent = Recorder(), message()
    consumer = service.consumer(FIRST, first)
    assert isinstance(consumer, Waiting)
    with running(consumer):
        eventually(lambda: "(403)" in str(consumer.fault), "it says that it may not read")
        assert service.fault() is None
        user_who_configures("^$", node, vhost)
        put(service, sent)
        first.waits_for(sent.id, seconds=40)
        eventually(lambda: consumer.fault is None, "it has no more to say")


def test_a_refusal_is_not_taken_for_another_process_at_work(node: PrivateNode, vhost: str) -> None:
    """Who may declare everything but the lock is told so, at once."""
    url = user_who_configures(r"^(?!.*\.adopting$).*$", node, vhost)
    with pytest.raises(TopologyFault, match=r"the broker refuses \(403\).*adopting"):
        RabbitBroker(url).declare([FIRST])


def user_who_configures(
    pattern: str, node: PrivateNode, vhost: str, *, read: str = ".*", write: str = ".*"
) -> str:
    """The URL of a user who declares, reads and writes what the patterns say."""
    name = vhost.rsplit("/", 1)[1]
    rights = {"configure": pattern, "write": write, "read": read}
    with httpx.Client(base_url=node.management, timeout=30) as api:
        api.put("/api/users/service", json={"password": "p", "tags": ""}).raise_for_status()
        api.put(f"/api/permissions/{name}/service", json=rights).raise_for_status()
    return vhost.replace("guest:guest", "service:p")
