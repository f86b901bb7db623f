"""Starting the issuer: what it refuses, what it survives, and what its readiness says."""

from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import Engine

from services.identity.app import DemoClientsInProduction, create_app
from services.identity.clients import ClientSpec, load_clients
from services.identity.keys import KeysUnreadable
from services.identity.settings import IdentitySettings
from shared.health import faults
from tests.identity.conftest import ORGANISATION, engine_for, issuer_at, prepare, settings_for
from tests.infrastructure.postgres import NewDatabase

PRODUCTION = {"environment": "production", "public_url": "https://kersey.example"}


def demo(**more: Any) -> ClientSpec:
    values = {
        "client_id": "ehr",
        "name": "Demo EHR",
        "organisation": ORGANISATION,
        "scopes": ("system/*.cruds",),
        "secret": "demo-ehr",
        "demo": True,
    }
    return ClientSpec(**(values | more))


def start(app: FastAPI) -> None:
    async def run() -> None:
        async with app.router.lifespan_context(app):
            pass

    anyio.run(run)


def app_on(engine: Engine, **more: Any) -> FastAPI:
    return create_app(settings_for(str(engine.url), **more), engine=engine)


def test_production_does_not_start_with_an_active_demo_client(engine: Engine):
    load_clients(engine, [demo(), demo(client_id="link-worker", secret="demo-lw")])
    app = app_on(engine, **PRODUCTION)
    with pytest.raises(
        DemoClientsInProduction, match=r"demo clients are active.*: ehr, link-worker\. Deactivate"
    ):
        start(app)
    assert "demo clients" in anyio.run(faults, app)["clients"]


def test_production_starts_once_demo_clients_are_inactive(engine: Engine):
    load_clients(engine, [demo(active=False)])
    app = app_on(engine, **PRODUCTION)
    start(app)
    assert "clients" not in anyio.run(faults, app)


def test_elsewhere_demo_clients_are_welcome(engine: Engine):
    load_clients(engine, [demo()])
    start(app_on(engine))


def test_the_wrong_key_encryption_key_stops_the_start_in_words(engine: Engine):
    other = "b" * 43 + "="
    app = app_on(engine, key_encryption_key=other)
    with pytest.raises(KeysUnreadable, match="KERSEY_KEY_ENCRYPTION_KEY"):
        start(app)
    assert "KERSEY_KEY_ENCRYPTION_KEY" in anyio.run(faults, app)["signing keys"]


@pytest.mark.parametrize("environment", [{}, PRODUCTION])
def test_on_a_database_without_tables_it_starts_and_says_that_it_is_not_ready(
    database: NewDatabase, environment: dict[str, Any]
):
    with engine_for(database()) as engine:
        app = app_on(engine, **environment)
        start(app)
        assert "schema" in anyio.run(faults, app)


def test_without_a_database_it_starts_and_says_that_it_is_not_ready():
    with engine_for("postgresql://nobody@127.0.0.1:1/none") as engine:
        app = app_on(engine)
        start(app)
        words = "the database: it cannot be reached (OperationalError)"
        found = anyio.run(faults, app)
        assert (found["schema"], found["signing keys"]) == (words, words)


def test_health_metrics_and_interface_description(database: NewDatabase):
    with issuer_at(database("identity", prepare)) as running:
        assert running.http.get("/health/live").status_code == 200
        ready = running.http.get("/health/ready").json()
        assert not {"clients", "signing keys"} & ready["failing"].keys()
        running.post(data={"grant_type": "x"})
        metrics = running.http.get("/metrics").text
        assert 'kersey_identity_token_answers_total{outcome="unsupported_grant_type"}' in metrics
        described = running.http.get("/identity/openapi.json").json()
        assert "requestBody" in described["paths"]["/identity/token"]["post"]


@pytest.mark.parametrize("wrong", ["", "short", "demo-key", "a" * 44 + ",short"])
def test_a_key_encryption_key_that_is_none_is_refused_without_repeating_it(wrong: str):
    with pytest.raises(ValidationError, match="not a key") as refused:
        settings_for("postgresql://role:hidden@host/db", key_encryption_key=wrong)
    assert "hidden" not in str(refused.value)
    assert not wrong or wrong not in str(refused.value)


def test_tokens_live_five_minutes_at_most():
    with pytest.raises(ValidationError):
        settings_for("postgresql://host/db", token_lifetime=301)
    assert settings_for("postgresql://host/db").token_lifetime == 300


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERSEY_DATABASE_URL", "postgresql://host/db")
    monkeypatch.setenv("KERSEY_KEY_ENCRYPTION_KEY", "c" * 43 + "=")
    monkeypatch.setenv("KERSEY_TOKEN_LIFETIME", "60")
    settings = IdentitySettings()
    assert settings.token_lifetime == 60
    assert settings.token_endpoint == "http://127.0.0.1:8000/identity/token"
