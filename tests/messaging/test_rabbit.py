"""What is RabbitMQ's own: its topology, its refusals in words, its ways of being away."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from shared.messaging.broker import (
    DELIVERY_LIMIT,
    BrokerAway,
    Message,
    Published,
    Publisher,
    TopologyFault,
)
from shared.messaging.events import Envelope, ReferralAccepted
from shared.messaging.rabbit import RabbitBroker, Topology
from shared.messaging.rabbit import broker as rabbit_broker
from shared.messaging.rabbit.confirms import ConfirmingChannel, Parcel
from shared.messaging.rabbit.link import Link
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.messaging.samples import FIRST, SECOND, envelope, message
from tests.messaging.tools import Cables, Recorder, eventually, running


@pytest.fixture
def rabbit(rabbitmq_server: RabbitServer, rabbit_topology: Topology) -> RabbitBroker:
    return RabbitBroker(rabbitmq_server.url, topology=rabbit_topology, timeout=2)


@pytest.fixture
def publisher(rabbit: RabbitBroker) -> Iterator[Publisher]:
    publisher = rabbit.publisher()
    yield publisher
    publisher.close()


def test_declaring_twice_changes_nothing(rabbit: RabbitBroker) -> None:
    rabbit.declare([FIRST, SECOND])
    rabbit.declare([FIRST, SECOND])


@pytest.mark.parametrize(
    ("argument", "other"),
    [
        ("x-queue-type", "classic"),
        ("x-delivery-limit", 20),
        ("x-dead-letter-exchange", "elsewhere"),
        ("x-dead-letter-routing-key", "elsewhere"),
        ("x-dead-letter-strategy", "at-most-once"),
        ("x-overflow", "drop-head"),
    ],
)
def test_a_work_queue_has_every_argument_and_another_one_is_told_in_words(
    rabbit: RabbitBroker,
    operator: BlockingChannel,
    rabbit_topology: Topology,
    argument: str,
    other: Any,
) -> None:
    queue = rabbit_topology.queue(FIRST.consumer)
    arguments: dict[str, Any] = rabbit_topology.arguments(FIRST.consumer) | {argument: other}
    if argument == "x-queue-type":
        arguments = {"x-queue-type": "classic"}
    if argument == "x-overflow":
        del arguments["x-dead-letter-strategy"]
    operator.queue_declare(queue, durable=True, arguments=arguments)
    with pytest.raises(TopologyFault) as refused:
        rabbit.declare([FIRST])
    assert f"the queue {queue} exists with another x-" in str(refused.value)
    assert "run `kersey broker setup`" in str(refused.value)
    if argument == "x-delivery-limit":
        assert f"another x-delivery-limit: wanted {DELIVERY_LIMIT}, found 20." in str(refused.value)


def test_an_exchange_declared_otherwise_is_told_in_words(
    rabbit: RabbitBroker, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    operator.exchange_declare(rabbit_topology.events, "fanout", durable=True)
    with pytest.raises(TopologyFault, match=r"the exchange .*\.events exists with another"):
        rabbit.declare([])


@pytest.mark.parametrize("gone", ["dead-queue", "dead-letters", "unbound"])
def test_what_is_needed_only_on_a_bad_day_is_missed_at_once(
    rabbit: RabbitBroker,
    rabbitmq_server: RabbitServer,
    operator: BlockingChannel,
    rabbit_topology: Topology,
    gone: str,
) -> None:
    rabbit.declare([FIRST])
    as_a_service = RabbitBroker(rabbitmq_server.url, topology=rabbit_topology, declares=False)
    as_a_service.ensure(FIRST)
    if gone == "dead-queue":
        operator.queue_delete(rabbit_topology.dead_queue(FIRST.consumer))
    elif gone == "dead-letters":
        operator.exchange_delete(rabbit_topology.dead_letters)
    else:
        operator.queue_delete(rabbit_topology.unbound)
    with pytest.raises(TopologyFault, match="missing at the broker"):
        as_a_service.ensure(FIRST)


def test_a_dead_queue_declared_otherwise_is_told_in_words_and_left_as_it_is(
    rabbit: RabbitBroker, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    rabbit.declare([FIRST])
    rabbit.compare([FIRST])
    dead = rabbit_topology.dead_queue(FIRST.consumer)
    operator.queue_delete(dead)
    with pytest.raises(TopologyFault, match="missing"):
        rabbit.compare([FIRST])
    operator.queue_declare(dead, durable=False)
    with pytest.raises(TopologyFault, match=f"the queue {dead} exists with another"):
        rabbit.compare([FIRST])


def test_the_dead_queue_is_bound_before_the_work_queue_exists(
    rabbit: RabbitBroker, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    """Here the work queue cannot be declared at all: dead letters would be safe all the same."""
    queue = rabbit_topology.queue(FIRST.consumer)
    operator.queue_declare(queue, durable=True)
    with pytest.raises(TopologyFault):
        rabbit.declare([FIRST])
    operator.confirm_delivery()
    operator.basic_publish(rabbit_topology.dead_letters, queue, b"dead", mandatory=True)
    assert [letter.body for letter in rabbit.dead_letters(FIRST.consumer)] == ["dead"]


def test_a_message_is_persistent_and_says_what_it_is(
    rabbit: RabbitBroker, operator: BlockingChannel, publisher: Publisher, rabbit_topology: Topology
) -> None:
    rabbit.declare([FIRST])
    sent = message()
    publisher.publish([sent])
    _, properties, body = operator.basic_get(rabbit_topology.queue(FIRST.consumer))
    assert properties is not None
    assert properties.delivery_mode == 2
    assert properties.message_id == str(sent.id)
    assert properties.type == sent.type
    assert properties.content_type == "application/cloudevents+json"
    assert body == sent.body.encode()


def test_the_window_of_confirms_is_filled_and_emptied(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology
) -> None:
    broker = RabbitBroker(rabbitmq_server.url, topology=rabbit_topology, window=7)
    broker.declare([FIRST])
    messages = [message() for _ in range(100)]
    publisher = broker.publisher()
    assert publisher.publish(messages) == Published(frozenset(m.id for m in messages))
    publisher.close()


def test_what_a_full_queue_refuses_is_not_confirmed(
    rabbit: RabbitBroker, operator: BlockingChannel, publisher: Publisher, rabbit_topology: Topology
) -> None:
    rabbit.declare([])
    queue = rabbit_topology.queue(FIRST.consumer)
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    operator.queue_declare(queue, durable=True, arguments=full)
    operator.queue_bind(queue, rabbit_topology.events, routing_key=ReferralAccepted.type)
    messages = [message() for _ in range(20)]
    published = publisher.publish(messages)
    assert published.interrupted is None
    assert published.refused
    assert set(published.refused.values()) == {"refused: a queue is full or without a leader"}
    assert published.confirmed | published.refused.keys() == {m.id for m in messages}


def test_a_message_that_ends_its_consumers_process_each_time_is_set_aside(
    rabbit: RabbitBroker, operator: BlockingChannel, publisher: Publisher, rabbit_topology: Topology
) -> None:
    """At the delivery limit RabbitMQ itself makes it a dead letter, and loses it not."""
    rabbit.declare([FIRST])
    deadly = message()
    publisher.publish([deadly])
    queue = rabbit_topology.queue(FIRST.consumer)
    deliveries = 0
    deadline = time.monotonic() + 60
    while not rabbit.dead_letters(FIRST.consumer) and time.monotonic() < deadline:
        method, _, _ = operator.basic_get(queue)
        if method:
            deliveries += 1
            operator.basic_nack(method.delivery_tag or 0)  # what the broker does when we die
    (letter,) = rabbit.dead_letters(FIRST.consumer)
    assert deliveries == DELIVERY_LIMIT + 1
    assert (letter.id, letter.reason) == (str(deadly.id), "delivery-limit")
    assert (letter.detail, letter.body) == ("set aside by the broker", deadly.body)
    assert letter.at is not None
    first = Recorder()
    assert rabbit.replay(FIRST.consumer, letter.id)
    with running(rabbit.consumer(FIRST, first)):
        first.waits_for(deadly.id)


def test_what_a_stranger_puts_into_a_queue_is_a_dead_letter_with_an_id(
    rabbit: RabbitBroker, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    rabbit.declare([FIRST])
    operator.basic_publish("", rabbit_topology.queue(FIRST.consumer), b"\xff hello")
    with running(rabbit.consumer(FIRST, Recorder())):
        eventually(lambda: bool(rabbit.dead_letters(FIRST.consumer)), "a dead letter")
    (letter,) = rabbit.dead_letters(FIRST.consumer)
    assert (letter.type, letter.reason) == ("unknown", "unparsable")
    assert len(letter.id) == 32
    assert rabbit.dead_letter(FIRST.consumer, letter.id) is not None


def test_copies_of_one_dead_letter_are_replayed_as_one(
    rabbit: RabbitBroker, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    """A consumer that dies between burying a message and acknowledging it buries it again."""
    rabbit.declare([FIRST])
    sent = envelope()
    for _ in range(2):
        operator.basic_publish(
            rabbit_topology.dead_letters,
            rabbit_topology.queue(FIRST.consumer),
            sent.to_json().encode(),
            pika.BasicProperties(message_id=str(sent.id), type=sent.type),
        )
    eventually(lambda: len(rabbit.dead_letters(FIRST.consumer)) == 2, "both copies")
    assert rabbit.replay(FIRST.consumer, str(sent.id))
    assert rabbit.dead_letters(FIRST.consumer) == []
    first = Recorder()
    last = message()
    with running(rabbit.consumer(FIRST, first)):
        publisher = rabbit.publisher()
        publisher.publish([last])
        publisher.close()
        first.waits_for(last.id)
    assert first.ids == [sent.id, last.id]


def test_a_consumer_whose_queue_is_deleted_declares_it_again(
    rabbit: RabbitBroker, operator: BlockingChannel, publisher: Publisher, rabbit_topology: Topology
) -> None:
    rabbit.declare([FIRST])
    first = Recorder()
    before, after = message(), message()
    with running(rabbit.consumer(FIRST, first)):
        publisher.publish([before])
        first.waits_for(before.id)
        operator.queue_delete(rabbit_topology.queue(FIRST.consumer))
        publisher.publish([after])
        first.waits_for(after.id)


def test_a_dead_letter_without_a_dead_queue_stays_where_it_is(
    rabbit: RabbitBroker, operator: BlockingChannel, publisher: Publisher, rabbit_topology: Topology
) -> None:
    """Nothing is acknowledged that is not safe elsewhere; the next session declares the queue."""
    rabbit.declare([FIRST])
    junk = Message(uuid4(), ReferralAccepted.type, "hello")
    gone: list[UUID] = []

    def delete_the_dead_queue(got: Envelope) -> None:
        operator.queue_delete(rabbit_topology.dead_queue(FIRST.consumer))
        gone.append(got.id)

    with running(rabbit.consumer(FIRST, Recorder(delete_the_dead_queue))):
        publisher.publish([message()])
        eventually(lambda: bool(gone), "the dead queue is gone")
        publisher.publish([junk])
        eventually(lambda: bool(_dead_if_any(rabbit)), "the dead letter")
    assert _dead_if_any(rabbit) == [str(junk.id)]


def _dead_if_any(rabbit: RabbitBroker) -> list[str]:
    try:
        return [letter.id for letter in rabbit.dead_letters(FIRST.consumer)]
    except TopologyFault:
        return []


def test_a_process_without_the_right_to_declare_waits_for_the_operator(
    rabbitmq_server: RabbitServer, rabbit: RabbitBroker, rabbit_topology: Topology
) -> None:
    service = RabbitBroker(rabbitmq_server.url, topology=rabbit_topology, declares=False)
    fault = service.fault()
    assert fault
    assert "missing at the broker" in fault
    assert "kersey broker setup" in fault
    publisher = service.publisher()
    assert "kersey broker setup" in str(publisher.publish([message()]).interrupted)
    first = Recorder()
    with running(service.consumer(FIRST, first)):
        rabbit.declare([FIRST])
        sent = message()
        eventually(lambda: publisher.publish([sent]).confirmed == {sent.id}, "published")
        first.waits_for(sent.id)
    publisher.close()
    assert service.fault() is None


def test_a_broker_that_hangs_is_given_up_in_time(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology, cables: Cables
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    broker = RabbitBroker(url, topology=rabbit_topology, timeout=0.4)
    broker.declare([FIRST])
    publisher = broker.publisher()
    before, during = message(), message()
    assert publisher.publish([before]).confirmed
    cable.hold()
    started = time.monotonic()
    assert publisher.publish([during]).interrupted == "no confirm within 0.4 s"
    assert publisher.publish([during]).interrupted
    assert broker.fault()
    assert time.monotonic() - started < 10
    cable.release()
    eventually(lambda: publisher.publish([during]).confirmed == {during.id}, "published")
    publisher.close()


def test_a_connection_outlives_quiet_times(
    rabbit: RabbitBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats pass while nothing is published, and between two long handlings."""
    monkeypatch.setattr(rabbit_broker, "_HEARTBEAT", 1)
    rabbit.declare([FIRST])
    publisher = rabbit.publisher()
    first = Recorder(lambda _: time.sleep(0.7))
    with running(rabbit.consumer(FIRST, first)):
        messages = [message() for _ in range(6)]
        publisher.publish(messages)
        for _ in range(40):
            publisher.idle()
            time.sleep(0.1)
        first.waits_for(*(m.id for m in messages))
        last = message()
        assert publisher.publish([last]) == Published(frozenset([last.id]))
        first.waits_for(last.id)
    assert first.calls == 7, "nothing was delivered twice, so no connection broke"
    publisher.close()


def test_heartbeats_pass_while_a_handler_works(
    rabbit: RabbitBroker, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long one message takes, its connection is served; so it is not delivered twice."""
    served: list[str] = []
    serve = Link.serve

    def counting(link: Link) -> None:
        served.append(threading.current_thread().name)
        serve(link)

    monkeypatch.setattr(Link, "serve", counting)

    def works_long(_: Envelope) -> None:
        before = served.count(FIRST.consumer)
        eventually(
            lambda: served.count(FIRST.consumer) >= before + 3, "its connection is served meanwhile"
        )

    first = Recorder(works_long)
    sent = message()
    rabbit.declare([FIRST])
    with running(rabbit.consumer(FIRST, first)):
        publisher.publish([sent])
        first.waits_for(sent.id)
    assert first.calls == 1


def test_who_holds_the_unbound_events_is_waited_for(
    rabbit: RabbitBroker, publisher: Publisher, operator: BlockingChannel, rabbit_topology: Topology
) -> None:
    rabbit.declare([])
    early = message()
    publisher.publish([early])
    first = Recorder()
    operator.queue_declare(rabbit_topology.adopting, exclusive=True)
    with running(rabbit.consumer(FIRST, first)):
        time.sleep(0.5)
        assert first.got == []
        operator.queue_delete(rabbit_topology.adopting)
        first.waits_for(early.id)


def test_who_holds_the_unbound_events_for_too_long_is_told_of(
    rabbit: RabbitBroker,
    operator: BlockingChannel,
    rabbit_topology: Topology,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rabbit.declare([])
    monkeypatch.setattr("shared.messaging.rabbit.broker.time.sleep", lambda _: None)
    operator.queue_declare(rabbit_topology.adopting, exclusive=True)
    with pytest.raises(BrokerAway, match="for too long"):
        rabbit.declare([FIRST])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://guest:wrong@{host}/%2F", "refused"),
        ("amqp://guest:guest@{host}/no-such-vhost", "no-such-vhost"),
        ("amqp://guest:guest@127.0.0.1:1/%2F", "refused"),
    ],
)
def test_why_a_broker_cannot_be_used_is_told_without_the_password(
    rabbitmq_server: RabbitServer, url: str, words: str
) -> None:
    host = rabbitmq_server.url.split("@")[1].split("/")[0]
    fault = RabbitBroker(url.format(host=host)).fault()
    assert fault
    assert words in fault.lower()
    assert "guest:" not in fault
    assert "wrong" not in fault
    published = RabbitBroker(url.format(host=host), declares=False).publisher().publish([message()])
    assert published.interrupted


def test_a_refusal_that_nobody_foresaw_is_passed_on_in_the_brokers_words(
    rabbit: RabbitBroker,
) -> None:
    with (
        rabbit.connect() as link,
        pytest.raises(TopologyFault, match=r"the broker refuses \(40\d\)"),
    ):
        link.ask(link.channel().queue_declare, "amq.reserved")


def test_a_broken_link_says_so_whatever_is_asked_of_it(rabbit: RabbitBroker) -> None:
    with rabbit.connect() as link:
        channel = link.channel()
        with pytest.raises(TopologyFault, match="no-such-queue"):
            link.hold(channel, "no-such-queue")
        with pytest.raises(TopologyFault, match="no-such-queue"):
            link.channel()
        with pytest.raises(TopologyFault, match="no-such-queue"):
            link.tell(channel.basic_ack, 1)


def test_a_channel_that_was_closed_on_our_side_is_an_error_in_words(rabbit: RabbitBroker) -> None:
    with rabbit.connect() as link:
        channel = link.channel()
        channel.close()
        with pytest.raises(BrokerAway, match=r"closing|closed"):
            link.tell(channel.basic_ack, 1)


def test_a_request_that_is_never_answered_is_given_up(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology, cables: Cables
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    with RabbitBroker(url, topology=rabbit_topology, timeout=0.3).connect() as link:
        channel = link.channel()
        cable.hold()
        with pytest.raises(BrokerAway, match=r"did not answer within 0\.3 s"):
            link.ask(channel.queue_declare, "any")


def test_what_must_arrive_before_anything_else_says_when_it_did_not(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology, cables: Cables
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    parcel = Parcel("", "no-such-queue", b"", pika.BasicProperties())
    with RabbitBroker(url, topology=rabbit_topology, timeout=0.3).connect() as link:
        channel = ConfirmingChannel(link)
        with pytest.raises(TopologyFault, match=r"NO_ROUTE \(no-such-queue\)"):
            channel.hand_over(parcel)
        cable.hold()
        with pytest.raises(BrokerAway, match="no confirm within"):
            channel.hand_over(parcel)


def test_a_link_that_broke_in_between_carries_nothing_more(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology, cables: Cables
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    parcel = Parcel("", "any", b"", pika.BasicProperties())
    with RabbitBroker(url, topology=rabbit_topology).connect() as link:
        channel = ConfirmingChannel(link)
        cable.pull()
        assert not link.wait(lambda: False, 5)
        fates = channel.send([parcel])
        assert fates.confirmed == frozenset()
        assert fates.interrupted == str(link.fault)


def test_a_consumer_of_a_broker_that_hangs_stops_and_recovers(
    rabbitmq_server: RabbitServer, rabbit_topology: Topology, cables: Cables, rabbit: RabbitBroker
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    broker = RabbitBroker(url, topology=rabbit_topology, timeout=0.5)
    junk, good = Message(uuid4(), ReferralAccepted.type, "hello"), message()
    rabbit.declare([FIRST])

    def hold(_: Envelope) -> None:
        cable.hold()

    first = Recorder(hold)
    with running(broker.consumer(FIRST, first)):
        publisher = rabbit.publisher()
        publisher.publish([good, junk])
        first.waits_for(good.id)
        eventually(lambda: first.calls >= 1, "it handled one, and cannot bury the other")
        time.sleep(1)
    assert rabbit.dead_letters(FIRST.consumer) == []
    cable.release()
    with running(broker.consumer(FIRST, Recorder())):
        eventually(lambda: len(rabbit.dead_letters(FIRST.consumer)) == 1, "the dead letter")
    publisher.close()


def test_pikas_own_complaints_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert RabbitBroker("amqp://guest:guest@127.0.0.1:1/%2F").fault()
    assert not [record for record in caplog.records if record.name.startswith("pika")]
