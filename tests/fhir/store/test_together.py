"""Documents that are stored together by one statement are stored as each would be alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from shared.database import at_once
from shared.fhir.search.sql import Statement
from shared.fhir.store import Access, Grant, together
from tests.fhir.store.kit import NORTH, SOUTH, Shelf, patient, request, task

NOTE = Statement(
    "INSERT INTO beside (record, made) SELECT %(note_record)s::text, %(note_made)s::timestamptz",
    {"note_made": datetime(2026, 3, 1, 9, tzinfo=UTC)},
)
RESOURCES: list[dict[str, Any]] = [
    patient('O\'Brien "Kath" \\ {x}, née Åström', birthDate="1951-03"),
    task(
        authoredOn="2026-03-01T09:00:00+01:00",
        executionPeriod={"start": "2026-03-01"},
        identifier=[{"system": "https://x.example/a,b", "value": "{1}"}],
    ),
    request("https://records.example/Patient/1", requester={"reference": "Organization/o1"}),
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": {"value": 1, "unit": 'a "day"', "code": "/d", "comparator": ">"},
    },
    {"resourceType": "Organization", "name": "Clay Shed", "text": {"status": "generated"}},
]
DERIVED = {
    "document": "type, version, deleted, person, owner, replace(replace(body, id, ''),"
    " to_char(last_updated AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), '') AS body",
    "document_version": "v.version, v.type, method, v.person, v.body = d.body AS same",
    "document_reader": "party, basis, since_version",
    "document_search": "v.type, v.last_updated = d.last_updated AS same, sorted_at::text,"
    " sorted_until::text, terms, readers",
    "document_date": "param, low::text, high::text",
    "document_string": "param, value",
    "document_quantity": "param, low, high, system, code, unit",
    "document_link": "link, target",
}


def rows_of(shelf: Shelf, pk: int) -> dict[str, list[str]]:
    """Everything that was written of a document, but its id, its key and the time."""
    found = {}
    with shelf.engine.connect() as connection:
        for table, columns in DERIVED.items():
            joined = "" if table == "document" else f" JOIN {table} v ON v.pk = d.pk"
            statement = f"SELECT {columns} FROM document d{joined} WHERE d.pk = :pk"
            rows = connection.execute(text(statement), {"pk": pk})
            found[table] = sorted(str(tuple(row)) for row in rows)
    return found


def how(owner: str) -> dict[str, Any]:
    return {"owner": owner, "grants": [Grant(owner, "sender"), Grant('a "b", {c}', "test")]}


def test_each_row_is_what_it_would_be_alone(shelf: Shelf):
    owners = [NORTH, SOUTH]
    with shelf.open() as store:
        alone = [
            store.create(resource, **how(owners[n % 2])) for n, resource in enumerate(RESOURCES)
        ]
        creations = [
            store.creation(resource, **how(owners[n % 2])) for n, resource in enumerate(RESOURCES)
        ]
    statement = together(creations)
    made = {row[0]: row[1:] for row in at_once(shelf.engine, statement.text, statement.parameters)}
    stored = [each.stored(made[each.id]) for each in creations]
    for one, other in zip(alone, stored, strict=True):
        assert rows_of(shelf, other.pk) == rows_of(shelf, one.pk)
        with shelf.open() as store:
            assert store.read(other.type, other.id, Access.of(other.owner)).body == other.body


def test_with_each_its_own_row_beside_it(shelf: Shelf):
    with shelf.engine.begin() as connection:
        connection.execute(text("CREATE TABLE beside (record text, made timestamptz)"))
    with shelf.open() as store:
        creations = [
            store.creation(
                task(),
                **how(NORTH),
                beside=Statement(NOTE.text, NOTE.parameters | {"note_record": f"Task/{n}"}),
            )
            for n in range(3)
        ]
    statement = together(creations)
    assert len(at_once(shelf.engine, statement.text, statement.parameters)) == 3
    with shelf.engine.connect() as connection:
        found = connection.execute(text("SELECT record, made FROM beside ORDER BY record")).all()
    assert [(row[0], row[1]) for row in found] == [
        (f"Task/{n}", NOTE.parameters["note_made"]) for n in range(3)
    ]
