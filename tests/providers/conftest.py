"""The directory on a real database, empty or with the whole demo, and callers with real tokens."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import FastAPI
from joserfc import jwk, jwt
from pydantic import SecretStr
from sqlalchemy import Engine, text

from deploy.demo.directory import dataset
from services.providers import documents
from services.providers.app import create_app
from services.providers.handlers import Directory
from services.providers.loading import Dataset, load_directory
from services.providers.settings import ProvidersSettings
from services.providers.tables import schema
from shared.auth import TokenVerifier
from shared.database import create_engine
from shared.messaging.outbox import Outbox
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.within import within
from tests.providers import listings

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
KEY = jwk.generate_key("EC", "P-256", {"kid": "test"}, private=True)


class Keys:
    """The issuer's keys, without a network."""

    def keys(self, *, fresh: bool) -> jwk.KeySet:
        return jwk.KeySet([KEY])


def prepare_empty(url: str) -> None:
    engine = create_engine(url, pool_size=2, application_name="tests")
    schema().create_all(engine)
    engine.dispose()


def prepare_demo(url: str) -> None:
    prepare_empty(url)
    engine = create_engine(url, pool_size=2, application_name="tests")
    load_directory(engine, Outbox("kersey/providers"), dataset(), clock=lambda: NOW)
    engine.dispose()


def settings(url: str) -> ProvidersSettings:
    return ProvidersSettings(environment="test", database_url=SecretStr(url))


@dataclass
class House:
    """The directory, its clock, and whoever calls it."""

    engine: Engine
    app: FastAPI
    client: httpx.Client
    now: datetime = NOW
    known: Dataset = field(default_factory=listings.ground)

    @property
    def directory(self) -> Directory:
        found: Directory = self.app.state.directory
        return found

    def load(self, *services: Any, organizations: Any = ()) -> None:
        """Bring crafted services in, with an organisation for each that has none."""
        load_directory(
            self.engine,
            self.directory.outbox,
            listings.dataset(services, organizations),
            clock=lambda: self.now,
        )

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def names(self, path: str = "/directory/search", **query: Any) -> list[str]:
        """The names that a search finds, in order."""
        found = self.get(path, **query)["contents"]
        return [each["service"]["name"] if "service" in each else each["name"] for each in found]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        organisation: UUID | str = listings.HUB.organisation,
        roles: tuple[str, ...] = ("coordinator",),
        scope: str = "directory.write",
    ) -> Any:
        """A write with a token of its own."""
        answer = self.client.request(
            method,
            path,
            content=orjson.dumps(body) if body is not None else None,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.token(organisation, roles, scope)}",
            },
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def approve(self, version: Any, *, status: int = 200, **said: Any) -> Any:
        """The hub's coordinator agrees to a version that waits."""
        who = {"organisation": said.pop("organisation", listings.HUB.organisation)}
        at = f"/directory/{version['kind']}s/{version['subject']}/versions/{version['number']}"
        return self.send("POST", f"{at}/approve", said, status=status, **who)

    def token(self, organisation: UUID | str, roles: tuple[str, ...], scope: str) -> str:
        found = settings("postgresql://")
        claims = {
            "iss": found.issuer,
            "aud": found.audience,
            "sub": "tester",
            "client_id": "tester",
            "exp": int(time.time()) + 300,
            "organisation": str(organisation),
            "roles": list(roles),
            "scope": scope,
        }
        return jwt.encode({"alg": "ES256", "kid": "test"}, claims, KEY)

    def events(self, *, after: int = 0) -> list[Any]:
        """The envelopes in the outbox, oldest first."""
        with self.engine.connect() as connection:
            found = connection.execute(
                text("SELECT envelope FROM outbox WHERE position > :after ORDER BY position"),
                {"after": after},
            )
            return [orjson.loads(row.envelope) for row in found]

    def position(self) -> int:
        """How far the outbox has come."""
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT coalesce(max(position), 0) FROM outbox"))
            return int(found.scalar_one())

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@lru_cache(maxsize=2)
def _composed(url: str) -> tuple[Engine, FastAPI]:
    """The app, kept for the next test on a database with the same URL: composing takes long."""
    engine = create_engine(url, pool_size=5, application_name="tests")
    given = settings(url)
    return engine, create_app(given, engine=engine, verifier=TokenVerifier(given, Keys()))


def _house(url: str) -> Iterator[House]:
    engine, app = _composed(url)
    with within(app, raising=False) as client:
        house = House(engine, app, client)
        app.state.directory = Directory(
            engine,
            Outbox("kersey/providers"),
            timedelta(days=28),
            clock=lambda: house.now,
            changed_freely=frozenset(settings(url).changed_freely),
        )
        yield house
    assert list(documents.differing(engine)) == [], "a document is not what its listing says"
    engine.dispose()


@pytest.fixture
def house(database: NewDatabase) -> Iterator[House]:
    """An empty directory: hubs, gazetteer and taxonomies come with the first load."""
    yield from _house(database("providers", prepare_empty))


@pytest.fixture(scope="module")
def demo(module_database: NewDatabase) -> Iterator[House]:
    """The whole demo directory; tests of a module share it and only read."""
    yield from _house(module_database("providers-demo", prepare_demo))


@pytest.fixture
def own_demo(database: NewDatabase) -> Iterator[House]:
    """The whole demo directory, for one test to change."""
    yield from _house(database("providers-demo", prepare_demo))
