"""Whatever stops, and wherever: each event is numbered once, and its subscriber hears of it."""

import pytest

from services.referrals.app import outgoing
from services.referrals.subscriptions.dispatching import Dispatcher
from services.referrals.subscriptions.notifying import Notifier, schedule
from services.referrals.tables.subscription import deliveries
from shared.database import UnitOfWork
from shared.delivery import Delivery, DeliveryWorker, Receipt
from shared.worker import Wake
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House
from tests.referrals.subscribing import (
    deliver,
    dispatch,
    fast_forward,
    numbers,
    receiver,
    register,
    status,
    told,
)


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def test_a_dispatcher_that_is_killed_before_its_commit_has_numbered_nothing(
    house: House, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
):
    key = register(house, sink)
    house.refer()

    def killed(_: UnitOfWork) -> None:
        raise Killed

    dispatcher = Dispatcher(house.desk, Wake(), Wake())
    with monkeypatch.context() as dying:
        dying.setattr(UnitOfWork, "commit", killed)
        with pytest.raises(Killed):
            dispatcher.dispatch()
    assert house.scalar("select number from subscription_state where id = :id", id=key) == 0
    house.execute("update lease set until = now() - interval '1 second'")
    told(house)
    assert numbers(sink) == [1]


def test_a_sender_that_is_killed_after_sending_is_repeated_under_the_same_id(
    house: House, sink: HttpSink
):
    key = register(house, sink)
    house.refer()
    dispatch(house)
    notifier = Notifier(house.desk, outgoing(house.settings))

    def send(delivery: Delivery) -> Receipt:
        notifier.send(delivery)
        raise Killed

    worker = DeliveryWorker(
        name="killed",
        engine=house.engine,
        tables=deliveries,
        send=send,
        schedule=schedule,
        wake=Wake(),
        lock_first=notifier.lock_first,
    )
    with pytest.raises(Killed):
        worker.deliver_due()
    house.refer(number=2)
    dispatch(house)
    assert deliver(house) == 0, "what follows waits for the one that is under way"
    fast_forward(house)
    assert deliver(house) == 2
    assert numbers(sink) == [1, 1, 2]
    first, again, _ = sink.requests
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert status(house, key) == "active"


def test_a_heartbeat_that_two_leaders_find_due_is_sent_once(house: House, sink: HttpSink):
    period = {
        "url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
        "backport-heartbeat-period",
        "valueUnsignedInt": 60,
    }
    register(house, sink, extension=[period])
    house.execute("update subscription_state set beat_due = now()")
    first, second = (Dispatcher(house.desk, Wake(), Wake()) for _ in range(2))
    assert first.beat() == 1
    house.execute("update lease set until = now() - interval '1 second'")
    assert second.beat() == 0
    assert deliver(house) == 1
