"""A receiver that is slow or fails is spared, and holds back nobody else."""

import threading
import time
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from shared.database import UnitOfWork
from shared.delivery import (
    CRASHED,
    Delivery,
    Permanent,
    Receipt,
    State,
    Temporary,
    Together,
)
from shared.delivery.receivers import FORGOTTEN_AFTER, LONGEST_REST, MOST_AT_ONCE, Receivers
from tests.messaging.tools import running


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def receivers(clock):
    return Receivers(lambda delivery: delivery.address or None, clock)


def to(address):
    return Delivery(uuid4(), "webhook", address, "{}", attempt=1, doubtful=False)


def taken(receivers, address="a", most=100):
    """How many are taken for sending at once."""
    return sum(receivers.admits(to(address)) is None for _ in range(most))


def test_a_receiver_gets_one_at_first_and_more_the_more_it_takes(receivers):
    assert taken(receivers) == 1
    assert receivers.busy == ["a"]
    for _ in range(20):
        receivers.answered(to("a"), Receipt("http-204"))
        taken(receivers)
        assert taken(receivers) == 0, "it is busy, not put off"
    while "a" not in receivers.busy:
        taken(receivers)
    assert taken(receivers, "b") == 1, "nobody else waits for it"


def test_so_many_at_once_at_most(receivers):
    for _ in range(100):
        taken(receivers, most=1)
        receivers.answered(to("a"), Receipt("http-204"))
    assert taken(receivers) == MOST_AT_ONCE


def test_one_that_fails_is_left_alone_for_longer_and_longer(receivers, clock):
    rests = []
    for _ in range(12):
        assert receivers.admits(to("a")) is None
        receivers.answered(to("a"), Temporary("timeout"))
        rests.append(receivers.admits(to("a")).total_seconds())
        clock.now += rests[-1] + 0.001
    assert all(later > earlier for earlier, later in pairwise(rests[:6]))
    assert LONGEST_REST <= max(rests) <= LONGEST_REST * 1.2
    receivers.admits(to("a"))
    receivers.answered(to("a"), Receipt("http-204"))
    assert receivers.admits(to("a")) is None, "it took one: all is well again"


def test_one_that_asks_for_time_gets_it(receivers):
    receivers.admits(to("a"))
    receivers.answered(to("a"), Temporary("http-429", timedelta(minutes=10)))
    assert 600 <= receivers.admits(to("a")).total_seconds() <= 720


@pytest.mark.parametrize("result", [Permanent("http-404"), Temporary(CRASHED)])
def test_what_says_nothing_of_the_receiver_does_not_count(receivers, result):
    receivers.admits(to("a"))
    receivers.answered(to("a"), result)
    assert receivers.admits(to("a")) is None


def test_who_has_no_name_is_not_limited(receivers):
    assert taken(receivers, "") == 100


def test_what_is_known_of_long_ago_is_forgotten(receivers, clock):
    for number in range(100):
        receivers.admits(to(f"a{number}"))
        receivers.answered(to(f"a{number}"), Receipt("http-204"))
    clock.now += 2 * FORGOTTEN_AFTER + 1
    receivers.admits(to("b"))
    receivers.answered(to("b"), Receipt("http-204"))
    assert set(receivers._known) == {"b"}


# --- with a worker ------------------------------------------------------------------------------


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_receivers_that_hang_hold_back_nobody_else(house):
    hanging = [house.add(f"h{n}-{m}", address=f"hangs-{n}") for n in range(20) for m in range(3)]
    healthy = [house.add(f"w{n}", address=f"well-{n}") for n in range(40)]
    over = threading.Event()

    def send(delivery):
        if delivery.address.startswith("hangs"):
            over.wait(30)
            return Temporary("timeout")
        return Receipt("http-204")

    worker = house.worker(send, threads=4, receiver=lambda delivery: delivery.address)
    with running(worker):
        until(lambda: len(house.delivered) == len(healthy))
        asked = [each.address for each in house.sent if each.address.startswith("hangs")]
        assert len(asked) == len(set(asked)), "one that hangs costs one thread"
        over.set()
        until(lambda: all(house.state(key) is not State.SENDING for key in hanging))
    assert sorted(house.delivered) == sorted(healthy)
    tried = {each.id for each in house.sent}
    waiting = [house.row(key) for key in hanging if key not in tried]
    assert waiting, "their other messages are put off, and no attempt is counted"
    assert all((row.attempts, row.failures, row.state) == (0, 0, "queued") for row in waiting)


def together(house, delivered):
    return Together(lambda uow, sent: None, delivered)


def test_what_was_delivered_is_recorded_together(house):
    batches = []

    def delivered(uow, sent):
        batches.append(len(sent))
        house.delivered.extend(each.id for each in sent)

    keys = [house.add(f"a{n}") for n in range(60)]
    worker = house.worker(
        lambda _: Receipt("250"),
        together=together(house, delivered),
        receiver=lambda delivery: str(delivery.id),
    )
    with running(worker):
        until(lambda: len(house.delivered) == len(keys))
    assert sorted(house.delivered) == sorted(keys)
    assert max(batches) > 5
    assert all(house.state(key) is State.DELIVERED for key in keys)
    assert all(house.attempts(key) == [(1, "delivered", "250")] for key in keys)


def test_what_cannot_be_recorded_together_is_recorded_one_by_one(house):
    def delivered(uow, sent):
        raise ValueError("one of them cannot be told")

    keys = [house.add(f"a{n}") for n in range(10)]
    worker = house.worker(lambda _: Receipt("250"), together=together(house, delivered))
    with running(worker):
        until(lambda: len(house.delivered) == len(keys))
    assert sorted(house.delivered) == sorted(keys)
    assert all(house.attempts(key) == [(1, "delivered", "250")] for key in keys)


def test_of_what_is_recorded_together_a_stale_attempt_does_not_count(house):
    told: list[object] = []
    worker = house.worker(
        lambda _: Receipt("250"),
        together=together(house, lambda uow, sent: told.extend(each.id for each in sent)),
    )
    stale, fresh = house.add("a"), house.add("b")
    claimed = {each.id: each for each in worker._ledger.claim(2)}
    house.pass_time(minutes=3)
    with UnitOfWork(house.engine) as uow:
        house.tables.supersede(uow.session, house.tables.delivery.c.id == fresh, "other")
        uow.commit()
    house.worker(lambda _: Receipt("250")).deliver_due()
    before = house.attempts(stale)
    worker._record([(claimed[stale], Receipt("250")), (claimed[fresh], Receipt("250"))])
    assert house.attempts(stale) == before
    assert stale not in told
