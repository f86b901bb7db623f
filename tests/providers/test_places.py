"""Places are counted by acceptances and endings, once each, through a real broker."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.providers import places
from services.providers.app import create_app, workers
from shared.database import UnitOfWork
from shared.messaging.broker import Message
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import (
    Envelope,
    ReferralAccepted,
    ReferralCancelled,
    ReferralCompleted,
    ReferralEndedEarly,
    Sequence,
)
from shared.messaging.outbox import consuming_once
from shared.worker import Wake, WorkerGroup
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import OWNER, key, service


def event(kind: type[Any], task: UUID, name: str = "Choir", **more: Any) -> Envelope:
    data = kind(case=uuid4(), task=task, service=key(name), provider=OWNER, **more)
    return Envelope(
        id=uuid4(), source="kersey/referrals", time=NOW, sequence=Sequence(1), data=data
    )


def hear(house: House, *envelopes: Envelope) -> None:
    handle = consuming_once(
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
        eventually(lambda: house.count("inbox") == 1)
        eventually(lambda: unpublished(house) == 0)
        assert set(group.alive()) == {"providers.relay", "providers.places"}
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
        assert set(app.state.workers.alive()) == {"providers.relay", "providers.places"}
