"""The directory as an EHR reads it: the same ids, current after whatever happens, over a broker.

Both services run for themselves; nothing but events goes between them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from services.providers import hsds, places
from services.providers.expiring import expire
from services.referrals.handlers import listings, withdrawn_services
from shared.database import create_engine
from shared.fhir.model import validate
from shared.messaging import embedded
from shared.messaging.broker import Broker
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.outbox import ConsumingOnce
from shared.messaging.rabbit import RabbitBroker
from shared.messaging.relay import Relay
from shared.worker import Wake, WorkerGroup
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.providers import conftest as directory
from tests.providers.listings import OWNER, body, key
from tests.referrals import house as referring

CHOIR = key("Choir")
PLACE = UUID("0f6f7e0a-0000-4000-8000-00000000f1a7")


@dataclass
class Both:
    """The directory and referrals, and whoever waits for one to hear of the other."""

    directory: directory.House
    referrals: referring.House

    def fhir(self, kind: str, id: UUID) -> Any:  # noqa: A002
        answer = self.referrals.ehr.send("GET", f"/fhir/{kind}/{id}")
        body = answer.json()
        if answer.status_code == 200:
            assert validate(body) == ()
            assert body["id"] == str(id)
        return body

    def room(self) -> dict[str, Any]:
        """What an EHR reads of the choir's room."""
        parts = self.fhir("HealthcareService", CHOIR).get("extension", [{"extension": []}])
        return {
            part["url"]: next(part[name] for name in part if name != "url")
            for part in parts[0]["extension"]
        }

    def lists(self, listing: dict[str, Any]) -> None:
        self.directory.send("PUT", f"/directory/services/{CHOIR}", listing)

    def says(self, **capacity: Any) -> None:
        self.directory.send("PUT", f"/directory/services/{CHOIR}/capacity", capacity)


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.fixture(params=["embedded", "rabbit"])
def broker(request: pytest.FixtureRequest, database: NewDatabase) -> Iterator[Broker]:
    if request.param == "rabbit":
        server: RabbitServer = request.getfixturevalue("rabbitmq_server")
        yield RabbitBroker(server.new_vhost())
        return
    engine = create_engine(database(), pool_size=10, application_name="tests")
    embedded.metadata.create_all(engine)
    yield EmbeddedBroker(engine)
    engine.dispose()


@pytest.fixture
def both(broker: Broker, database: NewDatabase) -> Iterator[Both]:
    made = contextmanager(directory._house)
    with (
        made(database("providers", directory.prepare_empty)) as listed,
        referring.house_at(database("referrals", referring.prepare)) as referred,
    ):
        listed.now = datetime.now(UTC)
        broker.declare([listings.SUBSCRIPTION, places.SUBSCRIPTION])
        group = WorkerGroup(
            [
                Relay(listed.engine, broker, service="providers", wake=Wake(), poll=0.05),
                Relay(referred.engine, broker, service="referrals", wake=Wake(), poll=0.05),
                broker.consumer(
                    listings.SUBSCRIPTION,
                    ConsumingOnce(
                        referred.engine,
                        listings.SUBSCRIPTION.consumer,
                        partial(listings.take_listing, referred.desk),
                    ),
                ),
                broker.consumer(
                    places.SUBSCRIPTION,
                    ConsumingOnce(
                        listed.engine,
                        places.SUBSCRIPTION.consumer,
                        partial(places.count, listed.directory),
                    ),
                ),
            ]
        )
        group.start()
        try:
            yield Both(listed, referred)
        finally:
            assert group.stop() == []


def listed_choir(**more: Any) -> dict[str, Any]:
    at = {
        "id": str(PLACE),
        "location_type": "physical",
        "name": "Chapel",
        "latitude": 53.72,
        "longitude": -1.86,
    }
    evidence = [
        {"kind": kind, "seen": "2026-01-01"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ]
    return body(
        "Choir",
        id=str(CHOIR),
        service_at_locations=[{"location": at}],
        kersey={"tier": 2, "evidence": evidence},
        **more,
    )


def test_an_ehr_sees_the_directorys_ids_and_what_is_so_now(both: Both):
    first = listed_choir(capacity={"state": "taking", "places": 2})
    both.directory.load(hsds.Service.model_validate(first))
    eventually(lambda: both.room().get("state") == "taking")
    found = both.fhir("HealthcareService", CHOIR)
    assert found["providedBy"] == {"reference": f"Organization/{OWNER}"}
    assert found["location"] == [{"reference": f"Location/{PLACE}"}]
    eventually(lambda: both.fhir("Organization", OWNER).get("name") == "Owner")
    assert both.fhir("Location", PLACE)["name"] == "Chapel"
    assert both.room()["places"] == 2

    # changed
    both.lists(listed_choir() | {"name": "Big choir"})
    eventually(lambda: both.fhir("HealthcareService", CHOIR)["name"] == "Big choir")
    assert both.room()["places"] == 2, "a change of the listing leaves the capacity alone"

    # capacity: said, counted, expired
    both.says(state="taking", places=1)
    eventually(lambda: both.room().get("places") == 1)
    referral, task = both.referrals.asked(CHOIR)
    owner = both.referrals.by("provider", organisation=str(OWNER))
    owner.post(f"/referrals/requests/{task}/answer", {"decision": "accept"})
    eventually(lambda: both.room().get("state") == "full")
    another = both.referrals.taken_on()
    both.referrals.worker.post(f"{another.at}/requests", referring.wish(CHOIR), status=409)
    both.referrals.worker.post(
        f"/referrals/requests/{task}/cancel", {"reason": "person-changed-mind"}
    )
    eventually(lambda: both.room().get("state") == "taking")
    both.says(state="waiting-list", waiting=4)
    eventually(lambda: both.room().get("waiting") == 4)
    asked = both.referrals.ask(another, CHOIR)
    both.directory.now = datetime(2100, 1, 1, tzinfo=UTC)
    assert expire(both.directory.directory) == 1
    eventually(lambda: both.room() == {})

    # withdrawn: both sides hear, once, and listed again it is active again
    both.directory.send("POST", f"/directory/services/{CHOIR}/withdraw", {"reason": "No room"})
    eventually(lambda: both.fhir("HealthcareService", CHOIR)["active"] is False)
    assert both.fhir("Organization", OWNER)["name"] == "Owner"
    assert withdrawn_services.warn(both.referrals.desk) == 1
    assert withdrawn_services.warn(both.referrals.desk) == 0
    assert both.referrals.told()[-1] == "referral.service-withdrawn"
    assert both.referrals.state(asked) == "requested/awaiting-answer"
    assert both.referrals.state(referral.triage) == "in-progress/person-accepted"
    both.directory.now = datetime.now(UTC)
    both.lists(listed_choir())
    eventually(lambda: both.fhir("HealthcareService", CHOIR)["active"] is True)
