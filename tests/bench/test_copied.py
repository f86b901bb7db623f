"""What `make bench` copies into the store is what writing it one by one would have stored."""

import json
from collections import Counter
from typing import Any

import psycopg
import pytest

from bench.copied import GIN, copy
from bench.mixed import HOT_CODE, documents
from bench.samples import SNOMED
from services.referrals.served import SERVED
from shared.database import UnitOfWork, create_engine
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.store import Access, FhirStore, Grant
from tests.fhir.store.kit import NORTH, create_tables
from tests.infrastructure.postgres import NewDatabase

COPIED = 400
INDEXED = {
    "document_search": "key, type, sorted_at, sorted_until, terms, readers",
    "document_date": "param, low, high",
    "document_string": "param, value",
    "document_quantity": "param, low, high, system, code, unit",
    "document_link": "link, target",
    "document_reader": "party, since_version",
}


def rows(url: str, table: str) -> Counter[str]:
    query = f"SELECT {INDEXED[table]} FROM {table}"
    with psycopg.connect(url) as connection:
        found = connection.execute(query.encode()).fetchall()
    return Counter(repr([sorted(each) if isinstance(each, list) else each for each in row])
                   for row in found)  # fmt: skip


@pytest.fixture
def copied(database: NewDatabase) -> str:
    url = database("copied", create_tables)
    told: list[str] = []
    copy(url, documents(COPIED, NORTH), told.append)
    assert told[0] == f"{COPIED} documents are copied"
    return url


def stored(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT body FROM document ORDER BY pk").fetchall()
    return [json.loads(body) for (body,) in found]


def test_each_copied_document_has_the_index_rows_that_a_write_makes(
    copied: str, database: NewDatabase
):
    written = database("written", create_tables)
    engine = create_engine(written, pool_size=1, application_name="test")
    with UnitOfWork(engine) as uow:
        store = FhirStore(uow.session, SERVED)
        for each in stored(copied):
            store.create(each, grants=[Grant(NORTH, "care")], owner=NORTH, id=each["id"])
        uow.commit()
    engine.dispose()
    assert sum(rows(copied, "document_search").values()) == COPIED
    for table in INDEXED:
        assert rows(copied, table) == rows(written, table), table


def test_a_search_finds_what_was_copied_by_the_index_made_behind_it(copied: str):
    asked = f"code={SNOMED}|{HOT_CODE}&_count=1000"
    engine = create_engine(copied, pool_size=1, application_name="test")
    with UnitOfWork(engine) as uow:
        store = FhirStore(uow.session, SERVED)
        request = parse_search(SERVED, "Observation", parse_query(asked))
        found = {each.id for each in store.search(request, Access.of(NORTH)).matches}
        assert not store.search(request, Access.of("south")).matches
    engine.dispose()
    hot = {
        each["id"]
        for each in stored(copied)
        if each["resourceType"] == "Observation" and each["code"]["coding"][0]["code"] == HOT_CODE
    }
    assert found == hot
    assert 0.2 < len(hot) / (COPIED * 0.6) < 0.4
    with psycopg.connect(copied) as connection:
        names = connection.execute("SELECT indexname FROM pg_indexes").fetchall()
    assert (GIN,) in names
