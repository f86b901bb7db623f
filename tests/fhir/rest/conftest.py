"""A FHIR server over a database of its own; who asks is said by two headers instead of a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from httpx import Response
from sqlalchemy import Engine
from sqlmodel import Session

from shared.auth import Principal, Unauthenticated
from shared.database import UnitOfWork, create_engine
from shared.fhir.bundle import BundleContext, WriteEntry, WriteResult
from shared.fhir.outcome import Issue
from shared.fhir.router import fhir_router
from shared.fhir.search.parameters import READ_ONLY
from shared.fhir.store import FhirStore
from shared.fhir.types import all_types
from shared.fhir.writer import StoreWriter
from shared.heads import HeadAsGet
from tests.fhir.store.kit import BASE, NORTH, create_tables
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.within import within

ALL = "system/*.cruds"


def who(request: Request) -> Principal:
    organisation = request.headers.get("x-organisation")
    if organisation is None:
        raise Unauthenticated("missing")
    if organisation == "expired":
        raise Unauthenticated("expired")
    scopes = request.headers.get("x-scope", ALL)
    return Principal(
        "someone", f"client-of-{organisation}", organisation, frozenset(), frozenset(scopes.split())
    )


@dataclass
class Warner:
    """A writer that does what the plain one does and adds the remarks that the test wants."""

    writer: StoreWriter
    remarks: list[Issue] = field(default_factory=list)
    failure: Exception | None = None

    def write(
        self, principal: Principal, entries: list[WriteEntry], *, bundle: BundleContext | None
    ) -> list[WriteResult]:
        if self.failure is not None:
            raise self.failure
        results = self.writer.write(principal, entries, bundle=bundle)
        for result in results:
            result.issues += self.remarks
        return results


@dataclass
class Server:
    client: httpx.Client
    warner: Warner

    def __call__(
        self, method: str, path: str, organisation: str | None = NORTH, **options: Any
    ) -> Response:
        """One request as a client of an organisation."""
        headers = {"x-organisation": organisation} if organisation else {}
        body = options.pop("body", None)
        if body is not None:
            options["json"] = body
            headers["content-type"] = "application/fhir+json"
        headers |= options.pop("headers", {})
        answer: Response = self.client.request(method, path, headers=headers, **options)
        return answer

    def create(self, body: dict[str, Any], organisation: str = NORTH) -> dict[str, Any]:
        answer = self("POST", f"/fhir/{body['resourceType']}", organisation, body=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


@lru_cache(maxsize=4)
def _composed(url: str, *, plain: bool = False) -> tuple[Engine, Warner, FastAPI]:
    """The app, kept for the next test on a database with the same URL: composing takes long.

    ``plain`` has the ordinary routes alone.
    """
    engine = create_engine(url, pool_size=10, application_name="test")
    types = dict(all_types())
    types["AuditEvent"] = replace(types["AuditEvent"], interactions=READ_ONLY)

    def store(session: Any) -> FhirStore:
        return FhirStore(session, types, base_url=BASE)

    @contextmanager
    def reader() -> Iterator[FhirStore]:
        with Session(engine) as session:
            yield store(session)

    warner = Warner(StoreWriter(lambda: UnitOfWork(engine), store, base_url=BASE))
    app = FastAPI()
    app.add_middleware(HeadAsGet)
    router = fhir_router(
        types,
        reader=reader,
        writer=warner,
        base_url=BASE,
        page_secret=b"secret",
        capability_date="2026-01-01",
        version="1.2.3",
        principal=who,
    )
    if not plain:
        app.router.routes.extend(router.before_all)
    app.include_router(router)
    return engine, warner, app


@pytest.fixture
def url(database: NewDatabase) -> str:
    return database("fhir", create_tables)


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    with _serving(url, plain=False) as served:
        yield served


@pytest.fixture
def plain_server(url: str) -> Iterator[Server]:
    """The same documents by the ordinary routes alone."""
    with _serving(url, plain=True) as served:
        yield served


@contextmanager
def _serving(url: str, *, plain: bool) -> Iterator[Server]:
    engine, warner, app = _composed(url, plain=plain)
    warner.remarks.clear()
    warner.failure = None
    with within(app) as client:
        yield Server(client, warner)
    engine.dispose()
