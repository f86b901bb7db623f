"""Places are counted by acceptances and endings, once each, through a real broker."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.providers import places
from services.providers.app import create_app, workers
from services.providers.expiring import expire
from shared.database import UnitOfWork
from shared.messaging.broker import Message
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import (
    Envelope,
    ReferralAccepted,
    ReferralCancelled,
    ReferralChosen,
    ReferralCompleted,
    ReferralEndedEarly,
    ReferralNotAttended,
    Sequence,
)
from shared.messaging.outbox import ConsumingOnce
from shared.worker import Wake, WorkerGroup
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import OWNER, key, service


def event(kind: type[Any], task: UUID, name: str = "Choir", **more: Any) -> Envelope:
    data = kind(case=uuid4(), task=task, service=key(name), provider=OWNER, **more)
    return Envelope(
        id=uuid4(), source="kersey/referrals", time=NOW, sequence=Sequence(1), data=data
    )


def hear(house: House, *envelopes: Envelope) -> None:
    handle = ConsumingOnce(
        house.engine,
        places.SUBSCRIPTION.consumer,
        lambda uow, envelope: places.count(house.directory, uow, envelope),
    )
    for envelope in envelopes:
        handle(envelope)


def room(house: House, name: str = "Choir") -> tuple[str, int | None]:
    capacity = house.get(f"/directory/listings/{key(name)}")["kersey"]["capacity"]
    return capacity["state"], capacity.get("places")


def taking(house: House, number: int, **more: Any) -> None:
    house.load(service("Choir", capacity={"state": "taking", "places": number} | more))


def test_an_acceptance_takes_a_place_and_each_kind_of_ending_gives_it_back(house: House):
    taking(house, 5)
    tasks = [uuid4() for _ in range(3)]
    start = house.position()
    hear(house, *(event(ReferralAccepted, task) for task in tasks))
    assert room(house) == ("taking", 2)
    hear(
        house,
        event(ReferralCompleted, tasks[0]),
        event(ReferralEndedEarly, tasks[1]),
        event(ReferralCancelled, tasks[2], reason="moved-away"),
    )
    assert room(house) == ("taking", 5)
    told = [each["data"]["places"] for each in house.events(after=start)]
    assert told == [4, 3, 2, 3, 4, 5]


def test_the_last_place_closes_and_its_ending_opens_again(house: House):
    taking(house, 1)
    task = uuid4()
    start = house.position()
    hear(house, event(ReferralAccepted, task))
    assert room(house) == ("full", 0)
    assert house.names(free_places="true") == []
    hear(house, event(ReferralCompleted, task))
    assert room(house) == ("taking", 1)
    assert [each["data"]["state"] for each in house.events(after=start)] == ["full", "taking"]


def test_a_service_that_keeps_a_list_opens_it(house: House):
    taking(house, 1, keeps_list=True)
    hear(house, event(ReferralAccepted, uuid4()))
    assert room(house) == ("waiting-list", 0)


def test_no_event_is_counted_twice_whichever_way_it_comes_again(house: House):
    taking(house, 5)
    task = uuid4()
    accepted = event(ReferralAccepted, task)
    hear(house, accepted, accepted, event(ReferralAccepted, task))
    assert room(house) == ("taking", 4)
    hear(house, event(ReferralCompleted, task), event(ReferralEndedEarly, task), accepted)
    assert room(house) == ("taking", 5)


def test_an_ending_that_overtakes_its_acceptance_leaves_the_places_as_they_were(house: House):
    taking(house, 5)
    task = uuid4()
    hear(house, event(ReferralCancelled, task, reason="error"), event(ReferralAccepted, task))
    assert room(house) == ("taking", 5)


def test_a_request_that_never_had_a_place_gives_none_back(house: House):
    taking(house, 5)
    hear(house, event(ReferralCancelled, uuid4(), reason="another-chosen"))
    assert room(house) == ("taking", 5)


def test_what_is_not_known_is_not_counted(house: House):
    house.load(
        service("Choir", capacity={"state": "taking", "places": 3}),
        service("Uncounted", capacity={"state": "taking"}),
        service("Silent"),
    )
    start = house.position()
    for name in ("Uncounted", "Silent", "Unlisted"):
        hear(house, event(ReferralAccepted, uuid4(), name))
    house.now = NOW + timedelta(days=30)
    hear(house, event(ReferralAccepted, uuid4()))
    assert house.events(after=start) == []
    assert house.count("inbox") == 4


def test_a_full_that_the_provider_said_itself_stays(house: House):
    taking(house, 3)
    task = uuid4()
    hear(house, event(ReferralAccepted, task))
    house.send("PUT", f"/directory/services/{key('Choir')}/capacity", {"state": "full"})
    hear(house, event(ReferralCompleted, task))
    assert room(house) == ("full", None)


def test_whoever_is_taken_beyond_the_last_place_leaves_first(house: House):
    taking(house, 1)
    first, beyond, further = (uuid4() for _ in range(3))
    hear(house, *(event(ReferralAccepted, task) for task in (first, beyond, further)))
    assert room(house) == ("full", 0)
    hear(house, event(ReferralCompleted, first), event(ReferralEndedEarly, further))
    assert room(house) == ("full", 0)
    hear(house, event(ReferralCompleted, beyond), event(ReferralCompleted, beyond))
    assert room(house) == ("taking", 1)


def test_what_the_provider_says_anew_counts_from_there(house: House):
    taking(house, 1)
    tasks = [uuid4() for _ in range(3)]
    hear(house, *(event(ReferralAccepted, task) for task in tasks))
    house.send(
        "PUT", f"/directory/services/{key('Choir')}/capacity", {"state": "taking", "places": 4}
    )
    hear(house, event(ReferralCompleted, tasks[0]))
    assert room(house) == ("taking", 5)


def test_a_waiting_list_that_counting_opened_ends_with_the_last_beyond(house: House):
    taking(house, 1, keeps_list=True)
    first, beyond = uuid4(), uuid4()
    hear(house, event(ReferralAccepted, first), event(ReferralAccepted, beyond))
    hear(house, event(ReferralCompleted, first))
    assert room(house) == ("waiting-list", 0)
    hear(house, event(ReferralCompleted, beyond))
    assert room(house) == ("taking", 1)


def test_an_offer_takes_a_place_when_it_is_chosen_and_once(house: House):
    taking(house, 3)
    task, other = uuid4(), uuid4()
    hear(house, event(ReferralChosen, task), event(ReferralAccepted, task))
    hear(house, event(ReferralCancelled, other, reason="not-chosen"))
    assert room(house) == ("taking", 2)


def test_a_case_that_changes_hands_keeps_its_place(house: House):
    taking(house, 2)
    task = uuid4()
    hear(house, event(ReferralAccepted, task, team=uuid4()))
    hear(house, event(ReferralNotAttended, task, team=uuid4()))
    assert room(house) == ("taking", 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_in_whatever_order_and_however_often_they_come_the_same_places_are_left(
    house: House, order: tuple[int, ...]
):
    taking(house, 2)
    stays, ended = uuid4(), uuid4()
    events = [
        event(ReferralAccepted, stays),
        event(ReferralChosen, ended),
        event(ReferralCompleted, ended),
        event(ReferralCancelled, uuid4(), reason="not-chosen"),
    ]
    hear(house, *(events[n] for n in order), *(events[n] for n in reversed(order)))
    assert room(house) == ("taking", 1)


def test_what_nobody_renewed_turns_unknown_and_is_told_once(house: House):
    taking(house, 5)
    house.load(service("Walks", capacity={"state": "full", "expires": NOW + timedelta(days=90)}))
    start = house.position()
    assert expire(house.directory) == 0
    house.now = NOW + timedelta(days=28)
    before = house.get(f"/directory/listings/{key('Choir')}")["kersey"]["capacity"]
    assert [expire(house.directory) for _ in range(2)] == [1, 0]
    (told,) = house.events(after=start)
    assert told["subject"] == f"service/{key('Choir')}"
    assert (told["data"]["was"], told["data"]["state"]) == ("taking", "unknown")
    assert told["sequence"] == str(Sequence(2))
    after = house.get(f"/directory/listings/{key('Choir')}")["kersey"]["capacity"]
    assert after == before
    assert after["state"] == "unknown"
    assert room(house, "Walks")[0] == "full"


def test_many_at_once_are_all_counted(house: House):
    taking(house, 12)
    threads = [
        threading.Thread(target=hear, args=(house, event(ReferralAccepted, uuid4())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert room(house) == ("taking", 4)


@pytest.fixture
def broker(house: House, database: Callable[..., str]) -> Iterator[EmbeddedBroker]:
    from shared.database import create_engine

    engine = create_engine(database(), pool_size=5, application_name="tests")
    yield new_broker(engine)
    engine.dispose()


def new_broker(engine: Any) -> EmbeddedBroker:
    from shared.messaging import embedded

    embedded.metadata.create_all(engine)
    return EmbeddedBroker(engine)


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_the_workers_publish_what_changed_and_count_what_they_hear(
    house: House, broker: EmbeddedBroker
):
    taking(house, 2)
    given = settings("postgresql://unused")
    broker.declare([places.SUBSCRIPTION])
    group = WorkerGroup(workers(given, house.engine, broker, Wake()))
    group.start()
    try:
        told = event(ReferralAccepted, uuid4())
        publisher = broker.publisher()
        assert publisher.publish([Message.of(told)]).confirmed == {told.id}
        publisher.close()
        eventually(lambda: room(house) == ("taking", 1))
        eventually(lambda: unpublished(house) == 0)
        assert set(group.alive()) == {
            "providers.relay",
            "providers.places",
            "providers.reached",
            "providers.replies",
            "providers.rounds",
        }
        assert all(group.alive().values())
    finally:
        assert group.stop() == []
    with UnitOfWork(house.engine) as uow:
        assert (
            uow.session.connection().exec_driver_sql("SELECT places FROM capacity").scalar_one()
            == 1
        )


def unpublished(house: House) -> int:
    with house.engine.connect() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM outbox WHERE published_at IS NULL"
            ).scalar_one()
        )


def test_an_app_with_a_broker_runs_its_workers_and_says_what_it_lacks(
    house: House, broker: EmbeddedBroker
):
    from fastapi.testclient import TestClient

    broker.declare([places.SUBSCRIPTION])
    app = create_app(settings("postgresql://unused"), engine=house.engine, broker=broker)
    with TestClient(app) as client:
        assert client.get("/health/live").json()["service"] == "providers"
        ready = client.get("/health/ready")
        # These tables were made without migrations, which readiness rightly notices.
        assert ready.json()["failing"].keys() == {"schema"}
        assert set(app.state.workers.alive()) == {
            "providers.relay",
            "providers.places",
            "providers.reached",
            "providers.replies",
            "providers.rounds",
        }


def test_a_change_of_capacity_says_how_it_stood_before(house: House):
    taking(house, 1)
    start = house.position()
    path = f"/directory/services/{key('Choir')}/capacity"
    house.send("PUT", path, {"state": "full"})
    house.now += timedelta(days=29)
    house.send("PUT", path, {"state": "taking"})
    told = [(each["data"]["was"], each["data"]["state"]) for each in house.events(after=start)]
    assert told == [("taking", "full"), ("unknown", "taking")]
