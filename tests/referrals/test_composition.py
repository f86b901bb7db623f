"""The whole service: its workers on a broker, its health, and what it needs of its settings."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from services.referrals.app import SUBSCRIPTIONS, create_app, workers
from services.referrals.served import SERVED
from services.referrals.settings import ReferralsSettings
from shared.auth import TokenVerifier
from shared.database import UnitOfWork, create_engine
from shared.fhir.profiles import KINDS
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import ProviderPublished
from shared.messaging.outbox import Outbox
from shared.worker import Wake
from tests.infrastructure.within import within
from tests.referrals.house import KEYS, URL, House, prepare, settings_for
from tests.referrals.subscribing import parameters, receiver, subscription


def until(holds: Callable[[], object], seconds: float = 60.0) -> object:
    """Wait until it holds; what it answered last."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_its_workers_have_names_of_their_own(house: House):
    broker = EmbeddedBroker(house.engine)
    names = [each.name for each in workers(house.settings, house.engine, broker, None)]
    assert len(names) == len(set(names))
    assert {"referrals.subscriptions", "referrals.notifier", "referrals.clock"} <= set(names)
    assert {each.consumer for each in SUBSCRIPTIONS} == {
        "referrals.listings",
        "referrals.openings",
        "referrals.arrivals",
        "referrals.erasures",
        "referrals.clients",
    }


def test_everything_runs_in_one_process(house: House, database):
    other = create_engine(database(), pool_size=10, application_name="broker")
    broker = EmbeddedBroker(other)
    broker.create_tables()
    broker.declare(SUBSCRIPTIONS)
    wake = Wake()
    app = create_app(
        house.settings, engine=house.engine, broker=broker, wake=wake,
        verifier=TokenVerifier(house.settings, KEYS),
    )  # fmt: skip
    with receiver() as sink, within(app, URL) as http:
        running = House(house.engine, house.settings, app, http, house.desk)
        assert until(lambda: http.get("/health/ready").status_code == 200), http.get(
            "/health/ready"
        ).text
        assert until(lambda: all(app.state.workers.alive().values()))
        made = running.ehr.post("/fhir/Subscription", subscription(sink.url))
        path = f"/fhir/Subscription/{made['id']}"
        assert until(lambda: running.ehr.get(path)["status"] == "active")
        referral = running.refer()
        assert until(lambda: len(sink.requests) == 2)
        assert parameters(sink.requests[1].json)["type"] == "event-notification"
        unpublished = "select count(*) from outbox where published_at is null"
        assert until(lambda: running.scalar(unpublished) == 0)
        hears_of(house, uuid4())
        assert until(lambda: running.rows("select 1 from listed_provider where name = 'Clay Shed'"))
        assert running.worker.post(f"{referral.at}/accept")
    assert not any(app.state.workers.alive().values())
    other.dispose()


def hears_of(house: House, provider: UUID) -> None:
    """Something for its own consumer, through its own outbox: one broker carries all events."""
    with UnitOfWork(house.engine) as uow:
        event = ProviderPublished(provider=provider, listing={"name": "Clay Shed"})
        Outbox("kersey/providers", Wake()).add(uow, event, version=1)
        uow.session.flush()
        uow.commit()


def test_it_is_not_ready_without_its_tables(database):
    engine = create_engine(database(), pool_size=2, application_name="empty")
    settings = ReferralsSettings(
        database_url=SecretStr("postgresql://unused/unused"),
        paging_key=SecretStr("k" * 16),
        environment="test",
    )
    app = create_app(settings, engine=engine, verifier=TokenVerifier(settings, KEYS))
    with TestClient(app) as http:
        answer = http.get("/health/ready")
        assert answer.status_code == 503
        assert "kersey migrate" in answer.json()["failing"]["schema"]
        assert http.get("/health/live").status_code == 200
        assert http.get("/fhir/metadata").json()["resourceType"] == "CapabilityStatement"
    engine.dispose()


@pytest.mark.parametrize("fault", [{"paging_key": "short"}, {"subscription_poll_seconds": 0}])
def test_settings_that_cannot_work_are_refused(fault: dict[str, Any]):
    fine: dict[str, Any] = {"database_url": "postgresql://u:p@db/x", "paging_key": "k" * 16}
    assert ReferralsSettings(**fine).subscription_poll_seconds == 0.2
    with pytest.raises(ValidationError):
        ReferralsSettings(**(fine | fault))


@pytest.mark.parametrize("path", ["/fhir/Task", "/referrals/cases", "/fhir/metadata"])
def test_a_token_is_needed_for_all_but_the_capability_statement(house: House, path: str):
    answer = house.http.get(path)
    assert answer.status_code == (200 if path == "/fhir/metadata" else 401)


def test_a_browser_reads_what_is_public_and_a_client_gets_it_compressed(house: House):
    asked = {"Origin": "https://app.example", "Accept-Encoding": "gzip"}
    told = house.http.get("/fhir/metadata", headers=asked)
    assert told.headers["access-control-allow-origin"] == "*"
    assert told.headers["content-encoding"] == "gzip"
    security = told.json()["rest"][0]["security"]
    assert security["cors"] is False  # of what is not public, until the operator names origins
    discovery = "/fhir/.well-known/smart-configuration"
    found = house.http.get(discovery, headers=asked, follow_redirects=False)
    assert found.headers["access-control-allow-origin"] == "*"
    closed = house.http.get("/fhir/Task", headers=asked)
    assert "access-control-allow-origin" not in closed.headers


def test_origins_are_a_setting_and_the_capability_statement_says_so(database):
    engine = create_engine(database("referrals", prepare), pool_size=2, application_name="test")
    settings = settings_for(str(engine.url), browser_origins="https://app.example")
    with TestClient(create_app(settings, engine=engine), base_url=URL) as http:
        refused = http.get("/fhir/Task", headers={"Origin": "https://app.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        assert http.get("/fhir/metadata").json()["rest"][0]["security"]["cors"] is True
    engine.dispose()


def test_what_is_served_is_told_as_it_is(house: House):
    resources = house.http.get("/fhir/metadata").json()["rest"][0]["resource"]
    told = {each["type"]: {one["code"] for one in each["interaction"]} for each in resources}
    assert set(told) == {*SERVED, *KINDS, "MessageDefinition"}
    assert {"read", "create", "update", "patch", "delete"} <= told["ServiceRequest"]
    made = house.ehr.post("/fhir/Endpoint", {
        "resourceType": "Endpoint", "status": "active", "address": "https://ehr.example/kersey",
        "connectionType": {"code": "hl7-fhir-rest"}, "payloadType": [{"text": "any"}],
    })  # fmt: skip
    assert house.ehr.get("/fhir/Endpoint?identifier:missing=true")["total"] == 1
    assert house.by("ehr-2").send("GET", f"/fhir/Endpoint/{made['id']}").status_code == 404
