"""Leadership by a row: one leads, the next one takes over, a stale one writes nothing."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select, text, update

from shared.database import Lease, create_engine, lease, metadata
from tests.infrastructure.postgres import NewDatabase

NAME = "test.relay"


@pytest.fixture
def engine(database: NewDatabase) -> Iterator[Engine]:
    made = create_engine(database(), pool_size=10, application_name="tests")
    metadata.create_all(made)
    yield made
    made.dispose()


def let_it_end(engine: Engine) -> None:
    with engine.begin() as connection:
        past = func.clock_timestamp() - text("interval '1 second'")
        connection.execute(update(lease).values(until=past))


def holds(engine: Engine, holder: Lease, epoch: int) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(select(holder.holds(epoch))).scalar_one())


def test_one_leads_and_the_other_waits(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    assert first.acquire() == 1
    assert second.acquire() is None
    assert first.acquire() == 1, "extending is the same term"
    assert second.acquire() is None


def test_leases_of_other_names_do_not_meet(engine: Engine):
    assert Lease(engine, NAME).acquire() == 1
    assert Lease(engine, "test.clock").acquire() == 1


def test_whoever_takes_over_raises_the_epoch(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    assert first.acquire() == 1
    let_it_end(engine)
    assert second.acquire() == 2
    assert first.acquire() is None
    let_it_end(engine)
    assert first.acquire() == 3


def test_a_term_ends_by_itself(engine: Engine):
    first, second = Lease(engine, NAME, seconds=0.2), Lease(engine, NAME)
    assert first.acquire() == 1
    time.sleep(0.25)
    assert second.acquire() == 2


def test_extending_moves_the_end(engine: Engine):
    first, second = Lease(engine, NAME, seconds=0.4), Lease(engine, NAME)
    for _ in range(3):
        assert first.acquire() == 1
        time.sleep(0.2)
        assert second.acquire() is None


def test_releasing_lets_the_next_one_lead_at_once(engine: Engine):
    first, second = Lease(engine, NAME, seconds=60), Lease(engine, NAME, seconds=60)
    assert first.acquire() == 1
    first.release()
    assert second.acquire() == 2


def test_nobody_releases_anothers_lease(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    assert first.acquire() == 1
    second.release()
    assert second.acquire() is None


def test_a_stale_holder_no_longer_holds(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    epoch = first.acquire()
    assert epoch is not None
    assert holds(engine, first, epoch)
    let_it_end(engine)
    taken = second.acquire()
    assert taken is not None
    assert not holds(engine, first, epoch)
    assert not holds(engine, first, taken), "another's epoch helps nobody"
    assert holds(engine, second, taken)


def test_nobody_takes_over_between_check_and_commit(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    epoch = first.acquire()
    assert epoch is not None
    taken: list[int | None] = []

    def take_over() -> None:
        let_it_end(engine)
        taken.append(second.acquire())

    with engine.begin() as connection:
        assert connection.execute(select(first.holds(epoch))).scalar_one()
        thread = threading.Thread(target=take_over)
        thread.start()
        time.sleep(0.3)
        assert taken == [], "the takeover waits for the holder's transaction"
    thread.join()
    assert taken == [2]


def test_of_many_at_once_exactly_one_leads(engine: Engine):
    leases = [Lease(engine, NAME) for _ in range(8)]
    ready, got = threading.Barrier(8), []

    def run(each: Lease) -> None:
        ready.wait()
        got.append(each.acquire())

    threads = [threading.Thread(target=run, args=(each,)) for each in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(epoch for epoch in got if epoch) == [1]


def until_of(engine: Engine) -> object:
    with engine.connect() as connection:
        return connection.execute(select(lease.c.until)).scalar_one()


def test_leading_writes_the_row_only_now_and_then(engine: Engine):
    holder = Lease(engine, NAME, seconds=3)
    assert holder.leads() == 1
    written = until_of(engine)
    assert holder.leads() == 1
    assert until_of(engine) == written
    time.sleep(1.1)
    assert holder.leads() == 1
    assert until_of(engine) != written


def test_who_does_not_lead_asks_each_time(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    assert first.leads() == 1
    assert second.leads() is None
    first.release()
    assert second.leads() == 2


def test_in_doubt_the_row_is_asked_again(engine: Engine):
    first, second = Lease(engine, NAME), Lease(engine, NAME)
    assert first.leads() == 1
    let_it_end(engine)
    assert second.leads() == 2
    assert first.leads() == 1, "it cannot know yet; its writes compare the epoch"
    first.doubt()
    assert first.leads() is None
