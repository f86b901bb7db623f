"""A running issuer: real HTTP, a real database, and clients of every kind."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc import jwk, jws
from sqlalchemy import Engine

from services.identity.app import create_app, signing_keys
from services.identity.clients import ClientSpec, register_client
from services.identity.keys import SigningKeys
from services.identity.settings import IdentitySettings
from services.identity.tables import schema
from shared.database import UnitOfWork, create_engine
from tests.infrastructure.postgres import NewDatabase

KEY_ENCRYPTION_KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
ORGANISATION = UUID("5f0c2f63-7a51-4d0e-9d8e-0f7a4f0c9a11")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def settings_for(database_url: str, **more: Any) -> IdentitySettings:
    """Settings of an issuer for the tests."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "environment": "test",
        "public_url": "http://127.0.0.1:8000",
        "key_encryption_key": KEY_ENCRYPTION_KEY,
        "pool_size": 10,
    }
    return IdentitySettings(**(values | more))


def prepare(url: str) -> None:
    """Tables and signing keys: making RSA keys takes longer than cloning a database with them."""
    settings = settings_for(url)
    with engine_for(url) as engine:
        for each in schema():
            each.create_all(engine)
        signing_keys(settings, engine).current()


@contextmanager
def engine_for(url: str) -> Iterator[Engine]:
    engine = create_engine(url, pool_size=10, application_name="tests")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on a free port, so that the address is known before the app is made."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@contextmanager
def serving(app: FastAPI, at: socket.socket) -> Iterator[None]:
    """Serve an app by uvicorn in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Issuer:
    """A running issuer and what a test needs of it."""

    settings: IdentitySettings
    engine: Engine
    keys: SigningKeys
    http: httpx.Client

    @property
    def token_endpoint(self) -> str:
        return self.settings.token_endpoint

    def register(self, **spec: Any) -> tuple[str, str]:
        """Register a client; its id and the secret that was made for it."""
        values = {
            "client_id": f"client-{uuid4()}",
            "name": "Client",
            "organisation": ORGANISATION,
            "roles": ("referral-sender",),
            "scopes": ("system/ServiceRequest.cruds", "system/Task.rs"),
        } | spec
        with UnitOfWork(self.engine) as uow:
            secret = register_client(uow, ClientSpec(**values))
            uow.commit()
        return str(values["client_id"]), secret or ""

    def post(self, **arguments: Any) -> httpx.Response:
        """A token request."""
        return self.http.post("/identity/token", **arguments)

    def token(self, client: tuple[str, str], **form: str) -> str:
        """An access token for a client with a secret."""
        answer = self.post(auth=client, data={"grant_type": "client_credentials"} | form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def issuer_at(url: str, **settings: Any) -> Iterator[Issuer]:
    """An issuer served over HTTP on a database."""
    with listening() as at, engine_for(url) as engine:
        address = f"http://127.0.0.1:{at.getsockname()[1]}"
        chosen = settings_for(url, **({"public_url": address} | settings))
        app = create_app(chosen, engine=engine)
        with serving(app, at), httpx.Client(base_url=address, timeout=60) as http:
            yield Issuer(chosen, engine, signing_keys(chosen, engine), http)


@pytest.fixture(scope="module")
def issuer(module_database: NewDatabase) -> Iterator[Issuer]:
    """One issuer for a module's tests; each registers clients of its own."""
    with issuer_at(module_database("identity", prepare)) as running:
        yield running


@pytest.fixture(scope="module")
def house(module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An issuer for which people sign in, without a server: for a module's tests."""
    from tests.identity.people import House, add_portal

    url, maildir = module_database("identity", prepare), tmp_path_factory.mktemp("mail") / "box"
    with engine_for(url) as engine:
        settings = settings_for(url, public_url="https://kersey.example", maildir=maildir)
        app = create_app(settings, engine=engine)
        yield House(app, engine, settings, add_portal(engine), maildir)


@pytest.fixture
def own_issuer(database: NewDatabase) -> Iterator[Issuer]:
    """An issuer for a test that changes what others would see."""
    with issuer_at(database("identity", prepare)) as running:
        yield running


@pytest.fixture
def engine(database: NewDatabase) -> Iterator[Engine]:
    """A database with tables and signing keys."""
    with engine_for(database("identity", prepare)) as made:
        yield made


@pytest.fixture(scope="session")
def ec_key() -> jwk.ECKey:
    return jwk.ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384", "use": "sig"})


@pytest.fixture(scope="session")
def rsa_key() -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384", "use": "sig"})


def public_set(*keys: jwk.Key) -> dict[str, Any]:
    """A JWK Set of the public parts."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


Assertion = Callable[..., dict[str, str]]


@pytest.fixture
def assertion(issuer: Issuer) -> Assertion:
    """Makes the form of a request with a signed assertion; `None` leaves a claim out."""
    return assertions_for(issuer)


def assertions_for(issuer: Issuer) -> Assertion:
    def make(
        key: jwk.Key,
        client: str,
        /,
        *,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
        **form: str,
    ) -> dict[str, str]:
        heads = {"alg": key.get("alg"), "kid": key.kid, "typ": "JWT"} | (header or {})
        body = {
            "iss": client,
            "sub": client,
            "aud": issuer.token_endpoint,
            "exp": int(time.time()) + 240,
            "jti": str(uuid4()),
        } | (claims or {})
        signed = jws.serialize_compact(
            {name: value for name, value in heads.items() if value is not None},
            json.dumps({name: value for name, value in body.items() if value is not None}),
            key,
            algorithms=[heads["alg"]],
        )
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed,
        } | form

    return make


Written = Callable[[], str]


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Written:
    """What was logged so far, by us and by any library, at every level."""
    caplog.set_level("DEBUG")
    return lambda: caplog.text + "".join(capfd.readouterr())
