"""A store in a database of its own, and short words for what the tests do with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from shared.database import create_engine
from shared.fhir import tables
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.search.request import SearchRequest
from shared.fhir.store import Access, FhirStore, Grant, SearchResult, Stored
from shared.fhir.types import all_types

BASE = "http://kersey.test/fhir"
NORTH, SOUTH = "north", "south"  # two organisations
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def create_tables(url: str) -> None:
    """Bring a database with the extensions into the state that a service's migrations make."""
    engine = create_engine(url, pool_size=1, application_name="prepare")
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
    engine.dispose()


def patient(family: Any = "Sykes", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family}], **more}


def task(status: Any = "requested", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Task", "status": status, "intent": "order", **more}


def request(subject: Any, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": subject},
        **more,
    }


def refer(stored: Stored) -> dict[str, str]:
    return {"reference": stored.reference}


@dataclass
class Shelf:
    """One database's documents; every call is a transaction of its own."""

    engine: Engine

    @contextmanager
    def open(self) -> Iterator[FhirStore]:
        """The store in a transaction that commits at the end."""
        with Session(self.engine) as session:
            yield FhirStore(session, all_types(), base_url=BASE)
            session.commit()

    def put(
        self,
        resource: dict[str, Any],
        *readers: str,
        owner: str = NORTH,
        id: str | None = None,  # noqa: A002 - as in the store
    ) -> Stored:
        """Store a resource, readable by its owner and `readers`."""
        grants = [Grant(party, "test") for party in (owner, *readers)]
        with self.open() as store:
            return store.create(resource, grants=grants, owner=owner, id=id)

    def hide(self, resource: dict[str, Any], *readers: str) -> Stored:
        """Store a resource that only `readers` see."""
        with self.open() as store:
            grants = [Grant(party, "test") for party in readers]
            return store.create(resource, grants=grants, owner="nobody")

    def request(self, type_name: str, query: str) -> SearchRequest:
        return parse_search(all_types(), type_name, parse_query(query))

    def search(self, type_name: str, query: str = "", party: str = NORTH) -> SearchResult:
        with self.open() as store:
            return store.search(self.request(type_name, query), Access.of(party))

    def ids(self, type_name: str, query: str = "", party: str = NORTH) -> list[str]:
        return [stored.id for stored in self.search(type_name, query, party).matches]
