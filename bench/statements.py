"""The statements of a search, caught on their way to the database and sent again by hand."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from bench.house import House, organisation
from deploy.engines import opened
from services.referrals.served import SERVED
from shared.database import ReadOnly, UnitOfWork
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.store import Access, FhirStore, Grant

Sent = list[tuple[str, Any]]
"""Texts and their parameters."""
Question = Callable[[FhirStore, Access], object]


@dataclass(frozen=True)
class Times:
    """Milliseconds within which half, and all but one in a hundred, were answered."""

    p50: float
    p99: float


def of_searches(house: House, paths: Iterable[str], client: str) -> list[Sent]:
    """What the store sends for each search, as an organisation asks it.

    Parameters:
        house: where it is sent.
        paths: such as ``/fhir/Task?status=requested``.
        client: the demo's client who asks.
    """

    def search(path: str, store: FhirStore, access: Access) -> None:
        type_name, _, query = path.removeprefix("/fhir/").partition("?")
        store.search(parse_search(SERVED, type_name, parse_query(query)), access)

    return of_questions(house, [partial(search, path) for path in paths], client)


def of_questions(house: House, asked: Iterable[Question], client: str) -> list[Sent]:
    """What the store sends for each question, as an organisation asks it.

    Parameters:
        house: where it is sent.
        asked: each asks the store; what they write is not kept.
        client: the demo's client who asks.
    """
    access = Access.of(organisation(client))
    every: list[Sent] = []

    def catch(_c: object, _k: object, text: str, given: Any, _x: object, _m: bool) -> None:
        every[-1].append((text, given))

    with house.engine() as engine, UnitOfWork(engine) as uow:
        store = FhirStore(uow.session, SERVED)
        uow.session.connection()
        event.listen(engine, "before_cursor_execute", catch)
        try:
            for ask in asked:
                every.append([])
                ask(store, access)
        finally:
            event.remove(engine, "before_cursor_execute", catch)
    return every


def by_hand(house: House, searches: list[Sent], *, seconds: float, url: str = "") -> Times:
    """Send them again and again over one connection as a service opens it, and fetch all rows.

    Parameters:
        searches: what each search sends.
        seconds: for how long.
        url: of the database; that of the referrals service if none.
    """
    took: list[float] = []
    with opened(url or house.database_url, 2, "bench") as engine, engine.connect() as connection:
        end = time.monotonic() + seconds
        while len(took) < 100 or time.monotonic() < end:
            for sent in searches:
                began = time.perf_counter()
                for text, given in sent:
                    answer = connection.exec_driver_sql(text, given)
                    if answer.returns_rows:  # how a statement is to be planned is said by one, too
                        answer.fetchall()
                took.append((time.perf_counter() - began) * 1000)
    return _times(took)


def without_http(url: str, ask: Callable[[Session], object], *, seconds: float) -> Times:
    """Ask a service's own code again and again, each time in a transaction as its routes do.

    This process collects garbage as Python does, a service more seldom (`deploy/garbage.py`): the
    p99 says more than a service's own would.

    Parameters:
        url: of the service's database.
        ask: what its routes call.
        seconds: for how long.
    """
    took: list[float] = []
    with opened(url, 2, "bench") as engine:
        end = time.monotonic() + seconds
        while len(took) < 100 or time.monotonic() < end:
            began = time.perf_counter()
            with ReadOnly(engine) as uow:
                ask(uow.session)
            took.append((time.perf_counter() - began) * 1000)
    return _times(took)


def written_by_hand(
    house: House, resources: list[dict[str, Any]], client: str, *, seconds: float
) -> Times:
    """Create the same documents again and again, all in one transaction, each by one statement.

    The statements are the store's; each time has new ids, or the second would meet the first.

    Parameters:
        house: where they are written, and stay.
        resources: what is written.
        client: the demo's client who sends and reads them.
        seconds: for how long.
    """
    owner = organisation(client)
    grants = [Grant(owner, "sender")]
    took: list[float] = []
    with (
        opened(house.database_url, 2, "bench") as engine,
        UnitOfWork(engine) as uow,
        engine.connect() as connection,
    ):
        store = FhirStore(uow.session, SERVED)
        end = time.monotonic() + seconds
        while len(took) < 100 or time.monotonic() < end:
            made = [store.creation(each, grants=grants, owner=owner) for each in resources]
            began = time.perf_counter()
            with connection.begin():
                for each in made:
                    text, given = each.statement.text, each.statement.parameters
                    connection.exec_driver_sql(text, given).fetchall()
            took.append((time.perf_counter() - began) * 1000)
    return _times(took)


def _times(took: list[float]) -> Times:
    hundredths = quantiles(took, n=100)
    return Times(hundredths[49], hundredths[98])
