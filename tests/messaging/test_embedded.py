"""What is the embedded broker's own: its tables, its locks, its tidying."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select, update

from shared.messaging.broker import DELIVERY_LIMIT, Message
from shared.messaging.embedded import EmbeddedBroker, delivery, tidy
from shared.messaging.embedded import message as messages
from shared.messaging.events import Envelope
from tests.infrastructure.postgres import NewDatabase
from tests.messaging.samples import FIRST, SECOND, message
from tests.messaging.tools import Recorder, eventually, running


@pytest.fixture
def engine(database: NewDatabase, engines: Callable[..., Engine]) -> Engine:
    return engines(database())


@pytest.fixture
def embedded(engine: Engine) -> EmbeddedBroker:
    return EmbeddedBroker(engine, poll=0.05)


def put(broker: EmbeddedBroker, *sent: Message) -> None:
    published = broker.publisher().publish(sent)
    assert published.confirmed == {m.id for m in sent}


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(messages)).scalar_one()


@pytest.mark.every_postgres
def test_it_makes_its_tables_once_however_many_begin_at_once(
    database: NewDatabase, engines: Callable[..., Engine]
) -> None:
    url = database()
    failures: list[BaseException] = []

    def begin() -> None:
        try:
            EmbeddedBroker(engines(url)).declare([FIRST, SECOND])
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=begin) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    broker = EmbeddedBroker(engines(url))
    first = Recorder()
    sent = message()
    put(broker, sent)
    with running(broker.consumer(FIRST, first)):
        first.waits_for(sent.id)


def test_without_its_tables_it_says_so(embedded: EmbeddedBroker) -> None:
    assert "ProgrammingError" in str(embedded.fault())
    assert embedded.publisher().publish([message()]).interrupted
    embedded.create_tables()
    assert embedded.fault() is None


def test_a_message_that_ends_its_consumers_process_each_time_is_set_aside(
    embedded: EmbeddedBroker, engine: Engine
) -> None:
    embedded.declare([FIRST])
    deadly, good = message(), message()
    put(embedded, deadly)
    worker = embedded.consumer(FIRST, Recorder())
    for _ in range(DELIVERY_LIMIT):
        assert len(worker._take()) == 1  # type: ignore[attr-defined]
        with engine.begin() as connection:
            connection.execute(update(delivery).values(due=func.now()))
    put(embedded, good)
    first = Recorder()
    with running(embedded.consumer(FIRST, first)):
        first.waits_for(good.id)
    (letter,) = embedded.dead_letters(FIRST.consumer)
    assert (letter.id, letter.reason) == (str(deadly.id), "delivery-limit")
    with running(embedded.consumer(FIRST, first)):
        assert embedded.replay(FIRST.consumer, letter.id)
        first.waits_for(deadly.id)


def test_what_ended_a_process_waits_longer_each_time(
    embedded: EmbeddedBroker, engine: Engine
) -> None:
    embedded.declare([FIRST])
    put(embedded, message())
    worker = embedded.consumer(FIRST, Recorder())
    for taken, waits in ((1, 0), (2, 1), (3, 2)):
        with engine.begin() as connection:
            connection.execute(update(delivery).values(due=func.now()))
        assert len(worker._take()) == 1  # type: ignore[attr-defined]
        with engine.connect() as connection:
            row = connection.execute(select(delivery.c.attempts, delivery.c.due - func.now())).one()
        assert row[0] == taken
        assert timedelta(seconds=waits - 1) < row[1] <= timedelta(seconds=waits)


def test_a_message_that_is_being_handled_is_taken_by_no_other(embedded: EmbeddedBroker) -> None:
    embedded.declare([FIRST])
    sent, release = message(), threading.Event()

    def wait(_: Envelope) -> None:
        release.wait(10)

    slow = Recorder(wait)
    quick = Recorder()
    put(embedded, sent)
    with running(embedded.consumer(FIRST, slow)):
        eventually(lambda: slow.calls == 1, "it is being handled")
        with running(embedded.consumer(FIRST, quick)):
            other = message()
            put(embedded, other)
            quick.waits_for(other.id)
            release.set()
        slow.waits_for(sent.id)
    assert quick.ids == [other.id]


def test_a_message_is_deleted_when_every_consumer_is_done_with_it(
    embedded: EmbeddedBroker, engine: Engine
) -> None:
    embedded.declare([FIRST, SECOND])
    put(embedded, message())
    first, second = Recorder(), Recorder()
    with running(embedded.consumer(FIRST, first)):
        eventually(lambda: len(first.got) == 1, "the first is done")
    assert tidy(engine) == 0
    with running(embedded.consumer(SECOND, second)):
        eventually(lambda: len(second.got) == 1, "the second is done")
    assert tidy(engine) == 1
    assert stored(engine) == 0


def test_a_running_consumer_tidies_up(
    embedded: EmbeddedBroker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.embedded._TIDY_EVERY", 0.0)
    embedded.declare([FIRST])
    put(embedded, message())
    with running(embedded.consumer(FIRST, Recorder())):
        eventually(lambda: stored(engine) == 0, "the message is gone")


def test_unbound_messages_are_kept_a_week_and_ten_thousand(
    embedded: EmbeddedBroker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.embedded.UNBOUND_KEPT_MESSAGES", 3)
    embedded.declare([])
    sent = [message() for _ in range(5)]
    put(embedded, *sent)
    assert tidy(engine) == 2, "the oldest beyond the number kept"
    with engine.begin() as connection:
        connection.execute(
            update(messages)
            .where(messages.c.id == sent[2].id)
            .values(published=func.now() - timedelta(days=8))
        )
    assert tidy(engine) == 1
    embedded.declare([FIRST])
    first = Recorder()
    with running(embedded.consumer(FIRST, first)):
        first.waits_for(sent[3].id, sent[4].id)
    assert first.ids == [sent[3].id, sent[4].id]


def test_a_publisher_and_a_registration_at_the_same_time_miss_nothing(
    embedded: EmbeddedBroker,
) -> None:
    embedded.declare([])
    sent: list[Message] = []
    stop = threading.Event()

    def keep_publishing() -> None:
        while not stop.is_set():
            one = message()
            put(embedded, one)
            sent.append(one)

    thread = threading.Thread(target=keep_publishing)
    thread.start()
    try:
        eventually(lambda: len(sent) > 20, "some are published")
        embedded.declare([FIRST])
        count = len(sent)
        eventually(lambda: len(sent) > count + 20, "and some more")
    finally:
        stop.set()
        thread.join()
    first = Recorder()
    with running(embedded.consumer(FIRST, first)):
        first.waits_for(*(m.id for m in sent))
    assert sorted(first.ids) == sorted(m.id for m in sent)


def test_a_letter_is_known_by_its_events_id_only(embedded: EmbeddedBroker) -> None:
    embedded.declare([FIRST])
    assert embedded.dead_letter(FIRST.consumer, "not-an-id") is None
    assert embedded.dead_letter(FIRST.consumer, str(uuid4())) is None


def test_a_waiting_consumer_is_woken_by_a_publication(engine: Engine) -> None:
    patient = EmbeddedBroker(engine, poll=30.0)
    patient.declare([FIRST])
    arrived: list[Envelope] = []
    with running(patient.consumer(FIRST, arrived.append)):
        put(patient, message())
        eventually(lambda: len(arrived) == 1, "the first", seconds=10)
        put(patient, message())
        eventually(lambda: len(arrived) == 2, "the second", seconds=10)
