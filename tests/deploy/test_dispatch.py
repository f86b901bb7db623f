import threading
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from deploy.dispatch import AllInOne
from shared.service import service_app
from shared.settings import ServiceSettings


class Ticking:
    """A worker that says whether it runs."""

    name = "first.ticking"

    def __init__(self):
        self.running = threading.Event()

    def run(self, stop):
        self.running.set()
        stop.wait()
        self.running.clear()


def plain(name, order):
    @asynccontextmanager
    async def lifespan(_):
        order.append(f"{name} started")
        try:
            yield
        finally:
            order.append(f"{name} stopped")

    app = service_app(
        ServiceSettings(database_url="postgresql://"), name=name, title=name, routers=()
    )
    app.router.lifespan_context = lifespan

    @app.get("/{path:path}")
    def answer(path: str) -> dict[str, str]:
        return {"service": name, "path": path}

    return app


@pytest.fixture
def order():
    return []


@pytest.fixture
def apps(order):
    return {name: plain(name, order) for name in ("referrals", "portal")}


@pytest.fixture
def client(apps):
    prefixes = {"/fhir": "referrals", "/referrals": "referrals", "/": "portal"}
    with TestClient(AllInOne(apps, prefixes)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/fhir", "referrals"),
        ("/fhir/Task/1", "referrals"),
        ("/referrals/cases", "referrals"),
        ("/", "portal"),
        ("/answer/abc", "portal"),
        ("/fhirx", "portal"),
    ],
)
def test_a_request_reaches_the_owner_of_its_path_unchanged(client, path, service):
    assert client.get(path).json() == {"service": service, "path": path[1:]}


def test_a_path_that_nobody_owns_is_answered_in_words(apps):
    with TestClient(AllInOne(apps, {"/fhir": "referrals"})) as client:
        answer = client.get("/elsewhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_each_service_is_started_in_order_and_stopped_in_reverse(client, order):
    assert order == ["referrals started", "portal started"]
    client.__exit__()
    assert order[2:] == ["portal stopped", "referrals stopped"]


def test_workers_run_while_the_house_runs():
    ticking = Ticking()
    app = service_app(
        ServiceSettings(database_url="postgresql://"),
        name="first",
        title="First",
        routers=(),
        workers=(ticking,),
    )
    house = AllInOne({"first": app}, {"/first": "first"})
    with TestClient(house) as client:
        assert ticking.running.wait(30)
        assert client.get("/health/ready").status_code == 200
    assert not ticking.running.is_set()


def test_readiness_names_the_service_and_the_reason(apps):
    apps["referrals"].state.checks = {"schema": lambda: "the database has no tables yet"}
    with TestClient(AllInOne(apps, {"/fhir": "referrals"})) as client:
        answer = client.get("/health/ready")
        assert client.get("/health/live").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["failing"] == {"referrals": {"schema": "the database has no tables yet"}}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/", "/fhir/Task"])
def test_a_monitor_may_ask_by_head(client, path):
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_metrics_are_those_of_the_process(client):
    assert "# TYPE" in client.get("/metrics").text


def test_a_failing_start_of_one_service_ends_those_before_it(apps, order):
    @asynccontextmanager
    async def failing(app):
        if app.title == "broken":
            raise RuntimeError("no keys")
        yield

    broken = FastAPI(lifespan=failing, title="broken")
    house = AllInOne({**apps, "broken": broken}, {})
    with pytest.raises(RuntimeError, match="no keys"), TestClient(house):
        pass
    assert order[-2:] == ["portal stopped", "referrals stopped"]
