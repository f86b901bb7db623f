"""200,000 Tasks whose owners and readers are as unlike as real ones (design, Storage and search).

One owner has 30 % of all Tasks, one reader sees everything, one sees 17. They are copied into the
store's tables, each indexed by the store's own extractor: creating them one by one would take
longer than all else together.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from bench.house import House, organisation
from deploy.databases import in_database
from services.referrals.served import SERVED
from shared.fhir.json import dumps
from shared.fhir.search import terms
from shared.fhir.search.extract import Extractor

TASKS = 200_000
FEW = 17
BIG, EVERYTHING, SEVENTEEN, ORDINARY = "provider", "coordinator", "provider-2", "link-worker"
"""The demo's clients that stand for the owner of 30 %, the reader who sees everything, the one who
sees 17, and an owner as most are."""

GIN = "ix_document_search_terms_readers"

Rows = dict[str, list[tuple[Any, ...]]]
"""By table and columns, as COPY names them."""

_DOCUMENT = "document (pk, type, id, version, last_updated, deleted, body, owner)"
_VERSION = "document_version (pk, version, type, last_updated, method, body)"
_READER = "document_reader (pk, party, basis, since_version)"
_SEARCH = "document_search (pk, key, type, last_updated, sorted_at, sorted_until, terms, readers)"
_DATE = "document_date (pk, param, low, high)"
_LINK = "document_link (pk, link, target)"


def fill(house: House) -> list[str]:
    """Put the Tasks into the referrals service's database; some ordinary owners."""
    random = Random(1858)  # noqa: S311 - the same Tasks in every run
    others = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(700)]
    url = in_database(house.postgres.url, "kersey_referrals")
    with psycopg.connect(url, autocommit=True) as connection:
        definition = _one(connection, "SELECT indexdef FROM pg_indexes WHERE indexname = %s", GIN)
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(GIN)))
        first = int(_one(connection, "SELECT coalesce(max(pk), 0) + 1 FROM document"))
        made = zip(count(first), _tasks(random, others), strict=False)
        while part := list(islice(made, 10_000)):
            with connection.transaction():
                _copy(connection, part)
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('document', 'pk'), %s)", (first + TASKS,)
        )
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(definition.encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return others[:200]


def _tasks(random: Random, others: list[str]) -> Iterator[tuple[str, str, datetime, list[str]]]:
    """Owner, status, time and readers of each."""
    began = datetime(2025, 1, 1, tzinfo=UTC)
    big, ordinary = organisation(BIG), organisation(ORDINARY)
    for n in range(TASKS):
        owner = big if random.random() < 0.3 else random.choice(others)
        if n % 500 == 0:
            owner = ordinary
        status = "requested" if random.random() < 0.2 else "completed"
        readers = [owner, organisation(EVERYTHING)]
        if n % (TASKS // FEW) == 1 and n < TASKS // FEW * FEW:
            owner, status = big, "requested"
            readers = [big, organisation(EVERYTHING), organisation(SEVENTEEN)]
        yield owner, status, began + timedelta(minutes=4 * n), sorted(set(readers))


def _copy(
    connection: psycopg.Connection[Any],
    tasks: Iterable[tuple[int, tuple[str, str, datetime, list[str]]]],
) -> None:
    extractor = Extractor(base_url="", zone=ZoneInfo("Europe/London"))
    rows: Rows = defaultdict(list)
    for pk, (owner, status, made, readers) in tasks:
        _add(rows, extractor, pk, owner, status, made, readers)
    with connection.cursor() as cursor:
        for table, values in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                for row in values:
                    copy.write_row(row)


def _add(
    rows: Rows,
    extractor: Extractor,
    pk: int,
    owner: str,
    status: str,
    made: datetime,
    readers: list[str],
) -> None:
    key = str(UUID(int=pk, version=4))
    body = _task(key, owner, status, made)
    text = dumps(body).decode()
    entry = extractor.entry(SERVED["Task"], body)
    document_key = terms.document_key("Task", key)
    seen = [terms.reader(each) for each in readers] + [terms.owned_by("kersey")]
    rows[_DOCUMENT].append((pk, "Task", key, 1, made, False, text, "kersey"))
    rows[_VERSION].append((pk, 1, "Task", made, "POST", text))
    rows[_READER] += [(pk, each, "care", 1) for each in readers]
    rows[_SEARCH].append(
        (
            pk, document_key, "Task", made, entry.sorted_at, entry.sorted_until,
            sorted(entry.terms), seen,
        )
    )  # fmt: skip
    rows[_DATE] += [(pk, *each) for each in entry.dates]
    rows[_LINK] += [(pk, *each) for each in entry.links]


def _task(key: str, owner: str, status: str, made: datetime) -> dict[str, Any]:
    """A Task as Kersey writes it, see services/referrals/resources.py."""
    moment = made.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    kersey = "https://kersey.example/fhir/CodeSystem"
    return {
        "resourceType": "Task",
        "id": key,
        "meta": {"versionId": "1", "lastUpdated": moment},
        "status": status,
        "businessStatus": {
            "coding": [{"system": f"{kersey}/business-status", "code": "awaiting-answer"}]
        },
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [
                {"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"},
            ]
        },
        "focus": {"reference": f"ServiceRequest/{key}"},
        "for": {"reference": f"Patient/{key}"},
        "authoredOn": moment,
        "lastModified": moment,
        "owner": {"reference": f"Organization/{owner}"},
    }


def _one(connection: psycopg.Connection[Any], query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]
