"""What every broker must do. Each test runs on the embedded one and on RabbitMQ."""

import subprocess
import sys
import threading
from collections.abc import Callable
from uuid import uuid4

import anyio
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from shared.asking import Asking
from shared.database import UnitOfWork
from shared.gauges import of_broker
from shared.messaging.broker import (
    Broker,
    BrokerAway,
    DeadLetter,
    Depth,
    Message,
    Permanent,
    Published,
    Subscription,
)
from shared.messaging.events import (
    CaseMerged,
    Envelope,
    PersonErased,
    ReferralAccepted,
    ReferralDeclined,
    parse,
)
from shared.messaging.outbox import ConsumingOnce, consume_once, inbox
from shared.metrics import exposition
from tests.messaging.samples import FIRST, SECOND, accepted, envelope, message
from tests.messaging.tools import Brokers, Cables, Recorder, eventually, running

pytestmark = pytest.mark.slow


def publish(broker: Broker, *messages: Message) -> Published:
    publisher = broker.publisher()
    try:
        return publisher.publish(messages)
    finally:
        publisher.close()


def put(broker: Broker, *messages: Message) -> None:
    """Publish and see that all is confirmed."""
    published = publish(broker, *messages)
    assert published == Published(frozenset(m.id for m in messages))


def dead_letters(broker: Broker, consumer: Subscription, count: int = 1) -> list[DeadLetter]:
    """A consumer's dead letters, once there are as many as expected: those of the look that found
    so many, as the next one could find fewer while RabbitMQ puts back what this one read."""
    seen: list[DeadLetter] = []

    def there() -> bool:
        seen[:] = broker.dead_letters(consumer.consumer)
        return len(seen) == count

    eventually(there, f"{count} dead letters")
    return seen


def declined() -> Message:
    return message(
        ReferralDeclined(
            case=uuid4(), task=uuid4(), service=uuid4(), provider=uuid4(), reason="full"
        )
    )


def test_what_is_published_arrives_as_it_was_sent(broker: Broker) -> None:
    sent = envelope(version=4, n=2)
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        put(broker, Message.of(sent))
        first.waits_for(sent.id)
    assert first.got == [sent]


def test_each_consumer_gets_its_own_copy_of_what_it_binds_and_nothing_else(broker: Broker) -> None:
    both, one_only = message(), declined()
    first, second = Recorder(), Recorder()
    with running(broker.consumer(FIRST, first), broker.consumer(SECOND, second)):
        put(broker, both, one_only)
        second.waits_for(both.id, one_only.id)
        first.waits_for(both.id)
    assert first.ids == [both.id]
    assert sorted(second.ids) == sorted([both.id, one_only.id])


def test_messages_reach_a_consumer_in_the_order_of_their_publishing(broker: Broker) -> None:
    messages = [message() for _ in range(120)]
    put(broker, *messages)
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        first.waits_for(*(m.id for m in messages))
    assert first.ids == [m.id for m in messages]


def test_a_consumer_that_was_not_running_gets_what_it_missed(brokers: Brokers) -> None:
    brokers.new().declare([FIRST])
    missed = message()
    put(brokers.new(), missed)
    first = Recorder()
    with running(brokers.new().consumer(FIRST, first)):
        first.waits_for(missed.id)


def test_replicas_of_a_consumer_share_its_messages(brokers: Brokers, broker: Broker) -> None:
    messages = [message() for _ in range(60)]
    replicas = [Recorder() for _ in range(3)]
    workers = [brokers.new().consumer(FIRST, replica) for replica in replicas]
    with running(*[_named(worker, str(n)) for n, worker in enumerate(workers)]):
        put(broker, *messages)
        eventually(
            lambda: sum(len(replica.got) for replica in replicas) >= len(messages),
            "all messages consumed",
        )
    taken = [event_id for replica in replicas for event_id in replica.ids]
    assert sorted(taken) == sorted(m.id for m in messages)


class _named:  # noqa: N801 - reads as a verb
    """A replica's worker under a name of its own, so that one group can run them all."""

    def __init__(self, worker: object, suffix: str) -> None:
        self._worker = worker
        self.name = suffix

    def run(self, stop: threading.Event) -> None:
        self._worker.run(stop)  # type: ignore[attr-defined]


def test_a_restart_in_mid_fan_out_loses_nothing(brokers: Brokers, broker: Broker) -> None:
    """Both consumers stop on the way, each at another message; a new process goes on."""
    messages = [message() for _ in range(40)]
    put(broker, *messages)
    stop = threading.Event()

    def end_after(count: int) -> Recorder:
        def end(_: Envelope) -> None:
            if recorder.calls == count:
                stop.set()

        recorder = Recorder(end)
        return recorder

    early, late = end_after(5), end_after(30)
    for worker in (broker.consumer(FIRST, early), broker.consumer(SECOND, late)):
        stop.clear()
        worker.run(stop)
    assert len(early.got) < len(messages)
    assert len(late.got) < len(messages)

    restarted = brokers.new()
    first, second = Recorder(), Recorder()
    with running(restarted.consumer(FIRST, first), restarted.consumer(SECOND, second)):
        eventually(lambda: set(early.ids + first.ids) == {m.id for m in messages}, "first has all")
        eventually(lambda: set(late.ids + second.ids) == {m.id for m in messages}, "second has all")


def test_what_a_killed_process_had_in_hand_goes_to_the_next_at_once(
    brokers: Brokers, broker: Broker
) -> None:
    held, waiting = message(), message()
    put(broker, held, waiting)
    script = [sys.executable, "-m", "tests.messaging.hanging_consumer"]
    with subprocess.Popen(
        [*script, brokers.kind, brokers.url, brokers.topology.prefix],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "handling\n"
        process.kill()
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        first.waits_for(held.id, waiting.id, seconds=30)


def test_poison_at_one_consumer_holds_up_neither_it_nor_the_other(broker: Broker) -> None:
    poison, good = message(), message()

    def refuses(envelope: Envelope) -> None:
        if envelope.id == poison.id:
            raise Permanent("unknown-provider")

    first, second = Recorder(refuses), Recorder()
    with running(broker.consumer(FIRST, first), broker.consumer(SECOND, second)):
        put(broker, poison, good)
        first.waits_for(good.id)
        second.waits_for(poison.id, good.id)
        (letter,) = dead_letters(broker, FIRST)
    assert first.ids == [good.id]
    assert first.calls == 2, "a permanent error is not tried again"
    assert (letter.id, letter.type, letter.reason) == (
        str(poison.id),
        ReferralAccepted.type,
        "unknown-provider",
    )
    assert letter.body == poison.body
    assert letter.at is not None
    assert letter.at.tzinfo is not None
    assert broker.dead_letters(SECOND.consumer) == []


def test_what_does_not_parse_is_a_dead_letter_that_says_why(broker: Broker) -> None:
    junk = Message(uuid4(), ReferralAccepted.type, "Dear Ann, see you on Thursday")
    good = message()
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        put(broker, junk, good)
        first.waits_for(good.id)
        (letter,) = dead_letters(broker, FIRST)
    assert (letter.reason, letter.detail) == ("unparsable", "json: not JSON")


def test_an_unexpected_error_is_tried_again_and_then_a_dead_letter(broker: Broker) -> None:
    faulty, unlucky = message(), message()
    failures = {faulty.id: 99, unlucky.id: 2}

    def fails(envelope: Envelope) -> None:
        failures[envelope.id] -= 1
        if failures[envelope.id] >= 0:
            raise KeyError("Ann")

    first = Recorder(fails)
    with running(broker.consumer(FIRST, first)):
        put(broker, faulty, unlucky)
        first.waits_for(unlucky.id)
        (letter,) = dead_letters(broker, FIRST)
    assert (letter.id, letter.reason, letter.detail) == (str(faulty.id), "unexpected", "KeyError")


def test_a_dead_letter_is_replayed_to_the_one_consumer_it_came_from(broker: Broker) -> None:
    poison = message()
    repaired = threading.Event()

    def refuses_until_repaired(_: Envelope) -> None:
        if not repaired.is_set():
            raise Permanent("unknown-provider")

    first, second = Recorder(refuses_until_repaired), Recorder()
    with running(broker.consumer(FIRST, first), broker.consumer(SECOND, second)):
        put(broker, poison)
        (letter,) = dead_letters(broker, FIRST)
        assert broker.dead_letter(FIRST.consumer, letter.id) == letter
        repaired.set()
        assert broker.replay(FIRST.consumer, letter.id) is True
        first.waits_for(poison.id)
        dead_letters(broker, FIRST, count=0)
    assert first.got == [envelope_of(poison)]
    assert second.ids == [poison.id], "the other consumer had it already and gets it no more"
    assert broker.replay(FIRST.consumer, letter.id) is False
    assert broker.dead_letter(FIRST.consumer, letter.id) is None


def envelope_of(sent: Message) -> Envelope:
    return parse(sent.body)


def test_all_dead_letters_of_a_consumer_are_replayed_however_many(broker: Broker) -> None:
    repaired = threading.Event()

    def refuses_until_repaired(_: Envelope) -> None:
        if not repaired.is_set():
            raise Permanent("unknown-provider")

    first = Recorder(refuses_until_repaired)
    sent = [message() for _ in range(120)]
    with running(broker.consumer(FIRST, first)):
        put(broker, *sent)
        eventually(
            lambda: len(broker.dead_letters(FIRST.consumer, limit=500)) == 120,
            "more dead letters than are listed at once",
            seconds=60,
        )
        repaired.set()
        assert broker.replay_all(FIRST.consumer) == 120
        first.waits_for(*(m.id for m in sent), seconds=60)
        dead_letters(broker, FIRST, count=0)
    assert broker.replay_all(FIRST.consumer) == 0


def test_a_replayed_message_that_fails_again_is_a_dead_letter_again(broker: Broker) -> None:
    def refuses(_: Envelope) -> None:
        raise Permanent("unknown-provider")

    first = Recorder(refuses)
    with running(broker.consumer(FIRST, first)):
        put(broker, message())
        (letter,) = dead_letters(broker, FIRST)
        assert broker.replay(FIRST.consumer, letter.id)
        eventually(lambda: first.calls == 2, "it was tried again")
        (again,) = dead_letters(broker, FIRST)
    assert again.id == letter.id


def test_dead_letters_can_be_looked_at_again_and_again_and_in_part(broker: Broker) -> None:
    def refuses(_: Envelope) -> None:
        raise Permanent("unknown-provider")

    messages = [message() for _ in range(3)]
    with running(broker.consumer(FIRST, Recorder(refuses))):
        put(broker, *messages)
        dead_letters(broker, FIRST, count=3)
    for _ in range(25):  # RabbitMQ 4 would drop them after 20 looks, were it not told otherwise
        eventually(
            lambda: len(broker.dead_letters(FIRST.consumer, limit=2)) == 2, "two dead letters"
        )
    letters = dead_letters(broker, FIRST, count=3)
    assert sorted(letter.id for letter in letters) == sorted(str(m.id) for m in messages)


def test_there_is_no_dead_letter_by_another_name(broker: Broker) -> None:
    assert broker.dead_letter(FIRST.consumer, "no-such-letter") is None
    assert broker.replay(FIRST.consumer, str(uuid4())) is False
    for ask in (
        lambda: broker.dead_letters("tests.nobody"),
        lambda: broker.dead_letter("tests.nobody", str(uuid4())),
        lambda: broker.replay("tests.nobody", str(uuid4())),
        lambda: broker.replay_all("tests.nobody"),
    ):
        with pytest.raises(BrokerAway, match="nobody"):
            ask()


def test_a_repeated_delivery_is_acted_on_once(broker: Broker, engine: Engine) -> None:
    acted: list[Envelope] = []
    sent = message()
    last = message()
    handler = ConsumingOnce(engine, FIRST.consumer, lambda _, got: acted.append(got))
    called = Recorder(handler)
    with running(broker.consumer(FIRST, called)):
        for again in (sent, sent, sent, last):
            put(broker, again)
        called.waits_for(last.id)
    assert called.ids.count(sent.id) == 3
    assert [got.id for got in acted] == [sent.id, last.id]


def test_a_handler_that_fails_leaves_no_trace_and_is_called_again(
    broker: Broker, engine: Engine
) -> None:
    """The inbox row and what the handler did commit together or not at all."""
    sent = message()
    tries = []

    def act(uow: UnitOfWork, got: Envelope) -> None:
        consume_once(uow, "tests.side-effect", got.id)
        tries.append(got.id)
        if len(tries) < 3:
            raise RuntimeError("not yet")

    with running(broker.consumer(FIRST, ConsumingOnce(engine, FIRST.consumer, act))):
        put(broker, sent)
        eventually(lambda: len(tries) == 3, "three tries")
        eventually(lambda: _inbox(engine) == 2, "both inbox rows")
    assert broker.dead_letters(FIRST.consumer) == []


def _inbox(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(inbox)).scalar_one()


def test_an_outage_of_the_consumers_database_makes_no_dead_letters(
    broker: Broker, service_url: str, engines: Callable[..., Engine], cables: Cables
) -> None:
    """It stops, waits and resumes; every message is then acted on once."""
    cable, url = cables.to(service_url)
    engine = engines(url)
    acted: list[Envelope] = []
    calls = Recorder()
    once = ConsumingOnce(engine, FIRST.consumer, lambda _, got: acted.append(got))

    def handle(got: Envelope) -> None:
        calls(got)
        once(got)

    before = [message() for _ in range(5)]
    during = [message() for _ in range(20)]
    with running(broker.consumer(FIRST, handle)):
        put(broker, *before)
        # Committed, not only acted on: what the outage takes back is rightly acted on again.
        eventually(lambda: _inbox(engine) == 5, "the first five")
        cable.pull()
        put(broker, *during)
        seen = len(calls.got)
        eventually(lambda: len(calls.got) >= seen + 4, "some attempts during the outage")
        assert len(acted) == 5
        cable.plug()
        eventually(lambda: len(acted) == 25, "all the others")
    assert sorted(got.id for got in acted) == sorted(m.id for m in [*before, *during])
    assert broker.dead_letters(FIRST.consumer) == []


def test_an_outage_in_which_the_message_turns_out_bad_ends(broker: Broker) -> None:
    poison, good = message(), message()
    calls = []

    def handle(got: Envelope) -> None:
        if got.id == poison.id:
            calls.append(got.id)
            if len(calls) < 5:
                raise OperationalError("select", {}, ConnectionError("gone"))
            raise Permanent("unknown-provider")

    first = Recorder(handle)
    with running(broker.consumer(FIRST, first)):
        put(broker, poison, good)
        first.waits_for(good.id)
        (letter,) = dead_letters(broker, FIRST)
    assert letter.reason == "unknown-provider"
    depths = {FIRST.consumer: Depth(ready=0, dead=1), SECOND.consumer: Depth(ready=2, dead=0)}
    eventually(lambda: broker.depths([FIRST.consumer, SECOND.consumer]) == depths, "the depths")
    with pytest.raises(BrokerAway):
        broker.depths(["tests.nobody"])


def test_a_broker_that_goes_away_and_comes_back_is_found_again(
    brokers: Brokers, broker: Broker
) -> None:
    before, after = message(), message()
    first = Recorder()
    publisher = broker.publisher()
    with running(broker.consumer(FIRST, first)):
        assert publisher.publish([before]).confirmed == {before.id}
        first.waits_for(before.id)
        brokers.cable.pull()
        lost = publisher.publish([after])
        assert lost.confirmed == frozenset()
        assert lost.interrupted
        assert broker.fault()
        publisher.idle()
        with pytest.raises(BrokerAway):
            broker.dead_letters(FIRST.consumer)
        shown = anyio.run(exposition, [of_broker("tests", broker, [FIRST])], Asking()).body
        assert b'kersey_up{service="tests",source="broker"} 0.0' in bytes(shown)
        assert b"kersey_queue_ready{" not in bytes(shown), "absent, not old"
        with pytest.raises(BrokerAway):
            broker.replay(FIRST.consumer, str(uuid4()))
        with pytest.raises(BrokerAway):
            broker.declare([FIRST])
        brokers.cable.plug()
        eventually(lambda: publisher.publish([after]).confirmed == {after.id}, "published again")
        first.waits_for(after.id)
        assert broker.fault() is None
    publisher.close()


def test_a_consumer_waits_for_a_broker_that_is_not_there_yet(
    brokers: Brokers, broker: Broker
) -> None:
    sent = message()
    put(broker, sent)
    brokers.cable.pull()
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        eventually(lambda: bool(broker.fault()), "the fault is told")
        brokers.cable.plug()
        first.waits_for(sent.id)


def test_a_worker_stops_while_everything_is_away(brokers: Brokers, broker: Broker) -> None:
    brokers.cable.pull()
    with running(broker.consumer(FIRST, Recorder())):
        assert broker.fault()


def test_a_worker_stops_in_the_middle_of_an_outage(broker: Broker) -> None:
    def away(_: Envelope) -> None:
        raise ConnectionRefusedError

    first = Recorder(away)
    with running(broker.consumer(FIRST, first)):
        put(broker, message())
        eventually(lambda: first.calls > 3, "it waits the outage out")
    assert broker.dead_letters(FIRST.consumer) == []


def test_an_event_that_nobody_bound_is_confirmed_and_kept_for_who_binds_it_later(
    brokers: Brokers,
) -> None:
    """Services may start in any order the first time, and an unwanted event blocks nothing."""
    broker = brokers.new()
    broker.declare([])
    early = [message(), declined(), message()]
    unwanted = message(PersonErased(person=uuid4()))
    put(broker, *early, unwanted)

    broker.declare([FIRST])
    first, second = Recorder(), Recorder()
    with running(broker.consumer(FIRST, first)):
        first.waits_for(early[0].id, early[2].id)
    with running(broker.consumer(SECOND, second)):
        second.waits_for(early[1].id)
    assert first.ids == [early[0].id, early[2].id]
    assert second.ids == [early[1].id], "what the first had bound was not unbound any more"


def test_consumers_declared_together_share_what_nobody_had_bound(brokers: Brokers) -> None:
    broker = brokers.new()
    broker.declare([])
    early = message()
    put(broker, early)
    broker.declare([FIRST, SECOND])
    first, second = Recorder(), Recorder()
    with running(broker.consumer(FIRST, first), broker.consumer(SECOND, second)):
        first.waits_for(early.id)
        second.waits_for(early.id)


def test_consumers_that_start_at_the_same_time_each_get_what_they_wait_for(
    brokers: Brokers,
) -> None:
    brokers.new().declare([])
    early = [declined() for _ in range(30)]
    merged = [
        message(CaseMerged(case=(case := uuid4()), from_case=case, to_case=uuid4()))
        for _ in range(30)
    ]
    put(brokers.new(), *early, *merged)
    other = Subscription("tests", "first", frozenset([CaseMerged.type]))
    first, second = Recorder(), Recorder()
    with running(brokers.new().consumer(other, first), brokers.new().consumer(SECOND, second)):
        first.waits_for(*(m.id for m in merged))
        second.waits_for(*(m.id for m in early))


def test_a_message_to_one_consumer_reaches_no_other(broker: Broker) -> None:
    sent = envelope(accepted())
    everyone = message()
    first, second = Recorder(), Recorder()
    with running(broker.consumer(FIRST, first), broker.consumer(SECOND, second)):
        put(broker, Message.of(sent, recipient=SECOND.consumer), everyone)
        second.waits_for(sent.id, everyone.id)
        first.waits_for(everyone.id)
    assert first.ids == [everyone.id]


def test_a_message_to_a_consumer_that_is_not_there_is_refused(broker: Broker) -> None:
    lost, good = Message.of(envelope(), recipient="tests.nobody"), message()
    published = publish(broker, lost, good)
    assert published.confirmed == {good.id}
    assert set(published.refused) == {lost.id}
    assert published.interrupted is None


def test_a_type_that_a_consumer_no_longer_binds_comes_no_more(broker: Broker) -> None:
    broker.declare([Subscription("tests", "second", frozenset([ReferralAccepted.type]))])
    unbound, bound = declined(), message()
    second = Recorder()
    put(broker, unbound, bound)
    with running(
        broker.consumer(Subscription("tests", "second", frozenset([ReferralAccepted.type])), second)
    ):
        second.waits_for(bound.id)
    assert second.ids == [bound.id]


def test_nothing_to_publish_is_published_at_once(broker: Broker) -> None:
    put(broker)
    publisher = broker.publisher()
    publisher.idle()
    publisher.close()


@pytest.mark.parametrize(
    ("service", "name", "types"),
    [
        ("tests", "first", []),
        ("tests", "first", ["kersey.referral.accepted.v9"]),
        ("Tests", "first", [ReferralAccepted.type]),
        ("tests", "first.dead", [ReferralAccepted.type]),
    ],
)
def test_a_consumer_binds_only_types_that_it_knows_under_a_plain_name(
    service: str, name: str, types: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"name for a consumer|binds no types"):
        Subscription(service, name, frozenset(types))
