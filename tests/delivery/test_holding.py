"""What is held for a receiver waits in sight, keeps its place, and goes out when it is released."""

from datetime import timedelta

import pytest
from sqlalchemy import MetaData, text

from shared.database import UnitOfWork
from shared.delivery import DeliveryTables, Held, Permanent, Receipt, State, Temporary
from shared.gauges import OLDEST, OPEN, of_database
from shared.messaging.outbox import outbox

OFF = Held("endpoint-off", timedelta(days=5))


@pytest.fixture
def house(house):
    house.tables = DeliveryTables(MetaData(), holds=["endpoint-off"])
    return house


def ok(_delivery):
    return Receipt("204")


def release(house):
    with UnitOfWork(house.engine) as uow:
        number = house.tables.release(uow.session, house.tables.delivery.c.channel == "test")
        uow.commit()
    return number


def test_what_is_held_waits_with_its_reason_and_no_failure_is_counted(house):
    key = house.add()
    house.worker(lambda _: OFF).deliver_due()
    row = house.row(key)
    assert (row.state, row.last_error, row.failures) == ("queued", "endpoint-off", 0)
    assert house.minutes_until_due(key) == pytest.approx(5 * 24 * 60, abs=1)
    assert house.attempts(key) == [(1, "held", "endpoint-off")]
    assert house.failed == []


def test_what_is_held_is_counted_apart_and_is_no_sign_of_a_slow_worker(house):
    house.add("held")
    house.worker(lambda _: OFF).deliver_due()
    house.add("waits")
    with house.engine.begin() as connection:
        older = "update delivery set created = now() - interval '1 hour' where order_key = 'held'"
        connection.execute(text(older))
    outbox.metadata.create_all(house.engine)
    source = of_database("test", house.engine, house.tables)
    read = {(each.gauge, each.labels): each.value for each in source.read()}
    assert read[OPEN, ("test", "test", "held")] == 1
    assert read[OPEN, ("test", "test", "queued")] == 1
    assert read[OLDEST, ("test", "test")] < 600


def test_what_is_released_goes_out_in_its_order_before_what_came_later(house):
    first = house.add()
    house.worker(lambda _: OFF).deliver_due()
    second = house.add()
    assert house.worker(ok).deliver_due() == 0, "the later one waits behind the held one"
    assert release(house) == 1
    assert house.worker(ok).deliver_due() == 2
    assert [each.id for each in house.sent[1:]] == [first, second]
    assert house.row(first).last_error is None


def test_what_was_released_has_a_fresh_schedule(house):
    key = house.add()
    answers = [Temporary("http-500"), OFF, Temporary("http-500"), Temporary("http-500")]
    worker = house.worker(lambda _: answers.pop(0))
    worker.deliver_due()
    house.pass_time(minutes=1)
    worker.deliver_due()
    release(house)
    worker.deliver_due()
    assert house.row(key).failures == 1
    assert house.minutes_until_due(key) == pytest.approx(1, abs=0.1)


def test_what_waits_for_another_attempt_is_not_released_before_its_time(house):
    house.add()
    house.worker(lambda _: Temporary("http-500")).deliver_due()
    assert release(house) == 0


def test_what_is_held_can_be_superseded(house):
    key = house.add()
    house.worker(lambda _: OFF).deliver_due()
    with UnitOfWork(house.engine) as uow:
        this = house.tables.delivery.c.id == key
        assert house.tables.supersede(uow.session, this, "cancelled") == [key]
        uow.commit()
    assert release(house) == 0
    assert house.state(key) is State.SUPERSEDED


def test_what_was_superseded_while_it_was_looked_at_is_not_held(house):
    key = house.add()

    def look(_delivery):
        with UnitOfWork(house.engine) as uow:
            this = house.tables.delivery.c.id == key
            house.tables.supersede(uow.session, this, "cancelled")
            uow.commit()
        return OFF

    house.worker(look).deliver_due()
    assert house.state(key) is State.SUPERSEDED


def test_what_an_attempt_met_may_lead_to_holding_and_the_attempt_says_what_it_was(house):
    key = house.add()
    worker = house.worker(lambda _: Permanent("http-410"), judged=lambda uow, delivery, met: OFF)
    worker.deliver_due()
    assert house.attempts(key) == [(1, "failed", "http-410")]
    assert (house.row(key).state, house.row(key).last_error) == ("queued", "endpoint-off")
    assert house.failed == []
