"""The relay: order per subject, one leader, nothing marked that the broker has not confirmed."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import REGISTRY
from sqlalchemy import Engine, func, select, text, update

from shared.database import UnitOfWork, lease
from shared.gauges import LAG, of_database
from shared.health import of_background
from shared.messaging.broker import Broker, Message, Published, Publisher
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import Event, parse
from shared.messaging.outbox import Outbox, outbox
from shared.messaging.rabbit import RabbitBroker, Topology
from shared.messaging.relay import Relay
from shared.settings import ServiceSettings
from shared.worker import Wake
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.messaging.samples import FIRST, SECOND, accepted
from tests.messaging.tools import Brokers, Cables, Recorder, eventually, running

SETTINGS = ServiceSettings(database_url="postgresql://unused/unused")
FULL = """
create function full_disk() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file' using errcode = '53100'; end $$;
create trigger full_disk before insert on lease execute function full_disk()
"""


def put(engine: Engine, *events: Event, wake: Wake | None = None) -> list[UUID]:
    box = Outbox("kersey/tests", wake)
    with UnitOfWork(engine) as uow:
        ids = [box.add(uow, event, version=1, n=n) for n, event in enumerate(events)]
        uow.commit()
    return ids


def unpublished(engine: Engine) -> list[UUID]:
    waiting = select(outbox.c.id).where(outbox.c.published_at.is_(None)).order_by(outbox.c.position)
    with engine.connect() as connection:
        return list(connection.execute(waiting).scalars())


def errors(engine: Engine) -> dict[UUID, str]:
    query = select(outbox.c.id, outbox.c.last_error).where(outbox.c.last_error.is_not(None))
    with engine.connect() as connection:
        return {row.id: row.last_error for row in connection.execute(query)}


def drained(engine: Engine) -> None:
    eventually(lambda: not unpublished(engine), "the outbox is empty")


def metric(name: str, service: str = "tests") -> float:
    return REGISTRY.get_sample_value(name, {"service": service}) or 0.0


def relay(engine: Engine, broker: Broker, **options: object) -> Relay:
    return Relay(engine, broker, service="tests", poll=0.02, **options)  # type: ignore[arg-type]


class Desk:
    """A broker of which only the publishing is there, and which does as the test says.

    It is a stand-in for what cannot be brought about with a real broker at the right moment:
    a refusal of one message, or a pause between confirm and marking.
    """

    def __init__(self, answer: Callable[[Sequence[Message]], Published] | None = None) -> None:
        self.batches: list[list[Message]] = []
        self._answer = answer or (lambda batch: Published(frozenset(m.id for m in batch)))

    @property
    def published(self) -> list[UUID]:
        return [m.id for batch in self.batches for m in batch]

    def publisher(self) -> Publisher:
        return self

    def publish(self, messages: Sequence[Message]) -> Published:
        self.batches.append(list(messages))
        return self._answer(messages)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        pass


@contextlib.contextmanager
def led(engine: Engine, desk: Desk, **options: object) -> Iterator[None]:
    with running(relay(engine, desk, **options)):  # type: ignore[arg-type]
        yield


def test_what_is_committed_is_published_and_marked(engine: Engine, broker: Broker) -> None:
    first, second = Recorder(), Recorder()
    published = metric("kersey_outbox_published_total")
    with running(
        relay(engine, broker), broker.consumer(FIRST, first), broker.consumer(SECOND, second)
    ):
        ids = put(engine, *[accepted() for _ in range(250)])
        first.waits_for(*ids)
        second.waits_for(*ids)
        drained(engine)
    assert len(first.ids) == 250, "nothing is repeated without a cause"
    assert metric("kersey_outbox_published_total") == published + 250


def test_events_of_one_subject_arrive_in_their_order(engine: Engine, broker: Broker) -> None:
    cases = [uuid4() for _ in range(5)]
    first = Recorder()
    with running(relay(engine, broker), broker.consumer(FIRST, first)):
        ids = put(engine, *[accepted(case) for _ in range(12) for case in cases])
        first.waits_for(*ids)
    for case in cases:
        sequences = [got.sequence for got in first.got if got.subject == f"case/{case}"]
        assert sequences == sorted(sequences)
        assert len(sequences) == 12


def test_the_outbox_fills_while_the_broker_is_away_and_drains_when_it_is_back(
    engine: Engine, brokers: Brokers, broker: Broker
) -> None:
    first = Recorder()
    with running(relay(engine, broker), broker.consumer(FIRST, first)):
        before = put(engine, *[accepted() for _ in range(3)])
        first.waits_for(*before)
        drained(engine)
        brokers.cable.pull()
        case = uuid4()
        during = put(engine, *[accepted(case) for _ in range(30)])
        eventually(lambda: bool(broker.fault()), "the broker is away")
        assert unpublished(engine) == during
        brokers.cable.plug()
        first.waits_for(*during)
        drained(engine)
    once = list(dict.fromkeys(first.ids))
    assert once == before + during, "in order, whatever was repeated"


def test_what_is_cut_off_before_its_confirm_comes_is_there_and_sent_again(
    engine: Engine,
    rabbitmq_server: RabbitServer,
    rabbit_topology: Topology,
    cables: Cables,
    operator: BlockingChannel,
) -> None:
    cable, url = cables.to(rabbitmq_server.url)
    broker = RabbitBroker(url, topology=rabbit_topology)
    broker.declare([FIRST])
    queue = rabbit_topology.queue(FIRST.consumer)

    def arrived() -> int:
        count: int = operator.queue_declare(queue, passive=True).method.message_count
        return count

    with running(relay(engine, broker)):
        before = put(engine, accepted())
        drained(engine)
        cable.hush()
        during = put(engine, accepted())
        eventually(lambda: arrived() == 2, "RabbitMQ has it")
        assert unpublished(engine) == during
        cable.pull()
        cable.release()
        cable.plug()
        drained(engine)
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        eventually(lambda: len(first.ids) == 3, "every copy")
    assert first.ids == [*before, *during, *during]


def test_a_relay_starts_before_its_broker(engine: Engine, brokers: Brokers) -> None:
    broker = brokers.new()
    broker.declare([FIRST])
    brokers.cable.pull()
    ids = put(engine, accepted())
    first = Recorder()
    with running(relay(engine, broker), broker.consumer(FIRST, first)):
        eventually(lambda: bool(broker.fault()), "the broker is away")
        brokers.cable.plug()
        first.waits_for(*ids)


def test_an_event_that_nobody_bound_does_not_hold_up_its_subject(
    engine: Engine, brokers: Brokers
) -> None:
    broker = brokers.new()
    broker.declare([])
    case = uuid4()
    unbound = put(engine, accepted(case))
    with running(relay(engine, broker)):
        drained(engine)
        broker.declare([FIRST])
        later = put(engine, accepted(case))
        drained(engine)
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        first.waits_for(*unbound, *later)


def test_a_returned_message_keeps_its_row_until_it_can_be_routed(
    engine: Engine,
    rabbitmq_server: RabbitServer,
    rabbit_topology: Topology,
    operator: BlockingChannel,
) -> None:
    """Without the queue for unbound events nothing routes this type: RabbitMQ returns it."""
    broker = RabbitBroker(rabbitmq_server.url, topology=rabbit_topology)
    broker.declare([FIRST])
    refused = metric("kersey_outbox_refused_total")
    with running(relay(engine, broker)):
        put(engine, accepted())
        drained(engine)
        operator.queue_delete(rabbit_topology.unbound)
        operator.queue_delete(rabbit_topology.queue(FIRST.consumer))
        (kept,) = put(engine, accepted())
        eventually(lambda: bool(errors(engine)), "the return is noted")
        assert unpublished(engine) == [kept]
        assert errors(engine) == {kept: "returned: NO_ROUTE"}
        broker.declare([FIRST])
        drained(engine)
    assert metric("kersey_outbox_refused_total") > refused
    first = Recorder()
    with running(broker.consumer(FIRST, first)):
        first.waits_for(kept)


def test_a_refused_event_holds_back_its_own_subject_and_no_other(engine: Engine) -> None:
    blocked, free = uuid4(), uuid4()
    stuck, after, *others = put(
        engine, accepted(blocked), accepted(blocked), accepted(free), accepted(free)
    )
    repaired = threading.Event()

    def answer(batch: Sequence[Message]) -> Published:
        bad = {m.id for m in batch if m.id == stuck and not repaired.is_set()}
        return Published(
            frozenset(m.id for m in batch if m.id not in bad), dict.fromkeys(bad, "returned: X")
        )

    desk = Desk(answer)
    with led(engine, desk):
        eventually(lambda: unpublished(engine) == [stuck, after], "the others pass")
        eventually(lambda: desk.published.count(stuck) >= 3, "it is tried again")
        assert after not in desk.published
        assert errors(engine) == {stuck: "returned: X"}
        repaired.set()
        drained(engine)
    assert desk.published[-2:] == [stuck, after]
    assert [m for m in desk.published if m in others] == others


def test_what_the_broker_did_not_confirm_is_sent_again(engine: Engine) -> None:
    ids = put(engine, *[accepted() for _ in range(4)])
    cut = [True]

    def answer(batch: Sequence[Message]) -> Published:
        if cut.pop() if cut else False:
            return Published(frozenset([batch[0].id]), interrupted="the line broke")
        return Published(frozenset(m.id for m in batch))

    desk = Desk(answer)
    with led(engine, desk):
        drained(engine)
    assert desk.published == ids + ids[1:]


def test_the_window_is_respected(engine: Engine) -> None:
    put(engine, *[accepted() for _ in range(25)])
    desk = Desk()
    with led(engine, desk, window=10):
        drained(engine)
    assert [len(batch) for batch in desk.batches] == [10, 10, 5]


def test_a_stale_leader_may_repeat_but_never_marks(engine: Engine) -> None:
    """Between its publishing and its marking the lease passes to another, as in a long pause."""
    ids = put(engine, accepted(), accepted())
    taken_over = threading.Event()

    def answer(batch: Sequence[Message]) -> Published:
        if not taken_over.is_set():
            with engine.begin() as connection:
                connection.execute(
                    update(lease).values(
                        owner="another",
                        epoch=lease.c.epoch + 1,
                        until=func.now() + timedelta(seconds=1.5),
                    )
                )
            taken_over.set()
        return Published(frozenset(m.id for m in batch))

    desk = Desk(answer)
    with led(engine, desk, term=1.0):
        assert taken_over.wait(10)
        eventually(lambda: metric("kersey_outbox_leading") == 0, "it noticed")
        assert unpublished(engine) == ids
        drained(engine)
    assert desk.published == ids + ids, "the next term published them anew"


def test_a_stale_leader_cannot_postpone_either(engine: Engine) -> None:
    put(engine, accepted())
    stale = Relay(engine, Desk(), service="tests")  # type: ignore[arg-type]
    stale._postpone(99, unpublished(engine)[0], "returned: X")
    assert errors(engine) == {}


def test_one_of_three_replicas_publishes_and_another_takes_over(
    service_url: str, engines: Callable[..., Engine]
) -> None:
    replicas = [engines(service_url) for _ in range(3)]
    desks = [Desk() for _ in replicas]
    engine = engines(service_url)
    everything: list[UUID] = []
    with contextlib.ExitStack() as others:
        for replica, desk in zip(replicas[1:], desks[1:], strict=True):
            others.enter_context(led(replica, desk, term=1.0))
        with led(replicas[0], desks[0], term=1.0):
            for _ in range(10):
                everything += put(engine, *[accepted() for _ in range(10)])
            drained(engine)
            assert sum(1 for desk in desks if desk.batches) == 1
        everything += put(engine, accepted())
        drained(engine)
    published = [event_id for desk in desks for event_id in desk.published]
    assert sorted(published) == sorted(everything)


def test_a_stopped_leader_hands_over_at_once(
    service_url: str, engines: Callable[..., Engine]
) -> None:
    leader, follower = Desk(), Desk()
    engine = engines(service_url)
    with led(engines(service_url), leader, term=60.0):
        put(engine, accepted())
        drained(engine)
    with led(engines(service_url), follower, term=60.0):
        put(engine, accepted())
        drained(engine)
    assert len(leader.published) == len(follower.published) == 1


def test_a_killed_leader_is_replaced_when_its_term_ends(engine: Engine) -> None:
    dead = Relay(engine, Desk(), service="tests", term=1.0)  # type: ignore[arg-type]
    assert dead._lead() is not None
    put(engine, accepted())
    desk = Desk()
    with led(engine, desk, term=1.0):
        drained(engine)
    assert len(desk.published) == 1


def test_a_commit_wakes_the_relay(engine: Engine) -> None:
    wake, desk = Wake(), Desk()
    patient = Relay(engine, desk, service="tests", wake=wake, poll=30.0)  # type: ignore[arg-type]
    with running(patient):
        eventually(lambda: metric("kersey_outbox_leading") == 1, "it leads")
        put(engine, accepted(), wake=wake)
        drained(engine)
        wake.set()  # so that it need not sleep its thirty seconds out


def test_a_relay_outlives_its_databases_absence(
    service_url: str, engines: Callable[..., Engine], cables: Cables
) -> None:
    cable, url = cables.to(service_url)
    engine, desk = engines(service_url), Desk()
    with led(engines(url), desk, term=1.0):
        put(engine, accepted())
        drained(engine)
        cable.pull()
        put(engine, accepted())
        cable.plug()
        drained(engine)
    assert len(desk.published) == 2


def test_the_lag_is_the_age_of_the_oldest_event_that_waits(engine: Engine) -> None:
    put(engine, accepted())
    with engine.begin() as connection:
        connection.execute(update(outbox).values(created=func.now() - timedelta(seconds=90)))
    put(engine, accepted())
    ((gauge, labels, age),) = of_database("tests", engine).read()
    assert (gauge, labels) == (LAG, ("tests",))
    assert 90 <= age < 120
    checks = of_background(SETTINGS, engine, EmbeddedBroker(engine))
    assert "has waited 9" in (checks["outbox"]() or "")
    with led(engine, Desk()):
        drained(engine)
    assert [reading.value for reading in of_database("tests", engine).read()] == [0]
    assert checks["outbox"]() is None


def test_a_disk_that_is_full_is_told_by_the_relay_that_cannot_lead(engine: Engine) -> None:
    """A real one would need a disk of its own; the server's answer is the same."""
    with engine.begin() as connection:
        connection.execute(text(FULL))
    worker = relay(engine, Desk())  # type: ignore[arg-type]
    with running(worker):
        eventually(lambda: bool(worker.fault), "the fault is told")
    assert worker.fault == "the database: its disk is full (53100)"


def test_a_message_for_one_consumer_goes_to_it_alone(engine: Engine, broker: Broker) -> None:
    first, second = Recorder(), Recorder()
    with UnitOfWork(engine) as uow:
        told = Outbox("kersey/tests").add(
            uow, accepted(), version=1, replay=True, recipient=SECOND.consumer
        )
        uow.commit()
    with running(
        relay(engine, broker), broker.consumer(FIRST, first), broker.consumer(SECOND, second)
    ):
        second.waits_for(told)
        everyone = put(engine, accepted())
        first.waits_for(*everyone)
    assert told not in first.ids
    assert second.got[0].replay is True


def test_an_event_that_the_catalogue_no_longer_knows_still_leaves(engine: Engine) -> None:
    """The relay does not read what it carries: an old row must not stop a newer version."""
    put(engine, accepted())
    with engine.begin() as connection:
        connection.execute(update(outbox).values(type="kersey.referral.retired.v1"))
    desk = Desk()
    with led(engine, desk):
        drained(engine)
    assert desk.batches[0][0].type == "kersey.referral.retired.v1"


def test_the_relay_prunes_from_time_to_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruning = Relay(
        engine,
        Desk(),  # type: ignore[arg-type]
        service="tests",
        poll=0.02,
        keep_published=timedelta(0),
        keep_consumed=timedelta(0),
    )
    monkeypatch.setattr(pruning, "_prune_at", 0.0)
    put(engine, accepted())
    with engine.begin() as connection:
        connection.execute(update(outbox).values(published_at=func.now() - timedelta(seconds=1)))
    with running(pruning):
        eventually(lambda: _count(engine) == 0, "the published row is gone")


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(outbox)).scalar_one()


def test_what_arrives_is_what_was_committed(engine: Engine, broker: Broker) -> None:
    first = Recorder()
    with running(relay(engine, broker), broker.consumer(FIRST, first)):
        (event_id,) = put(engine, accepted())
        first.waits_for(event_id)
    with engine.connect() as connection:
        stored = connection.execute(select(outbox.c.envelope)).scalar_one()
    assert first.got == [parse(stored)]


def test_what_follows_in_a_subject_is_sent_in_the_same_round_and_waits_for_what_is_refused(
    engine: Engine,
) -> None:
    """Each once the one before it is confirmed; what is behind a refused one stays."""
    steady, stuck = uuid4(), uuid4()
    ids = put(engine, accepted(steady), accepted(stuck), accepted(stuck), accepted(steady))

    def answer(batch: Sequence[Message]) -> Published:
        refused = {m.id: "no queue" for m in batch if m.id == ids[1]}
        return Published(frozenset(m.id for m in batch) - refused.keys(), refused)

    desk = Desk(answer)
    with led(engine, desk):
        eventually(lambda: unpublished(engine) == ids[1:3], "all but the stuck are published")
    first, second = desk.batches[:2]
    assert [m.id for m in first] == [ids[0], ids[1]]
    assert [m.id for m in second] == [ids[3]]
    assert ids[2] not in desk.published
