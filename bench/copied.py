"""Documents copied into the store's tables, each indexed by the store's own extractor.

Creating them one by one would take longer than all else together.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from services.referrals.served import SERVED
from shared.fhir.json import dumps
from shared.fhir.search import terms
from shared.fhir.search.extract import Extractor

GIN = "ix_document_search_terms_readers"
"""The index that is made anew when all is in place."""

_PART = 5_000
_DOCUMENT = "document (pk, type, id, version, last_updated, deleted, body, owner)"
_VERSION = "document_version (pk, version, type, last_updated, method, body)"
_READER = "document_reader (pk, party, basis, since_version)"
_SEARCH = "document_search (pk, key, type, last_updated, sorted_at, sorted_until, terms, readers)"
_DATE = "document_date (pk, param, low, high)"
_STRING = "document_string (pk, param, value)"
_QUANTITY = "document_quantity (pk, param, low, high, system, code, unit)"
_LINK = "document_link (pk, link, target)"

Rows = dict[str, list[tuple[Any, ...]]]
"""By table and columns, as COPY names them."""


@dataclass(frozen=True)
class Made:
    """A document to be copied.

    Attributes:
        resource: with its id, and its meta as the store writes it.
        made: when it was stored.
        owner: the organisation that it belongs to.
        readers: the organisations that may read it.
    """

    resource: dict[str, Any]
    made: datetime
    owner: str
    readers: tuple[str, ...]


def meta(made: datetime) -> dict[str, str]:
    """What the store puts into the first version of a document."""
    return {"versionId": "1", "lastUpdated": f"{made:%Y-%m-%dT%H:%M:%S}.000Z"}


def copy(url: str, documents: Iterable[Made], tell: Callable[[str], None]) -> None:
    """Put documents into a store's tables, and let PostgreSQL look at them.

    All cores index them; the large index is made once, behind them.

    Parameters:
        url: of the database, under its administrator.
        documents: what is put there.
        tell: shows how far it is.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        with without_index(url):
            first = int(_one(connection, "SELECT coalesce(max(pk), 0) + 1 FROM document"))
            with get_context("spawn").Pool() as pool:
                copied = 0
                for part in pool.imap_unordered(partial(_copy, url), _parts(first, documents)):
                    copied += part
                    tell(f"{copied:,} documents are copied")
            tell(f"{copied:,} documents are copied; their large index is being made")
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('document', 'pk'), %s)", (first + copied,)
            )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def without_index(url: str) -> Iterator[None]:
    """Drop `GIN`, and make it anew when the block ends."""
    with psycopg.connect(url, autocommit=True) as connection:
        definition = _one(connection, "SELECT indexdef FROM pg_indexes WHERE indexname = %s", GIN)
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(GIN)))
        yield
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(definition.encode())


def _parts(first: int, documents: Iterable[Made]) -> Iterator[tuple[int, list[Made]]]:
    remaining = iter(documents)
    while part := list(islice(remaining, _PART)):
        yield first, part
        first += len(part)


def _copy(url: str, part: tuple[int, list[Made]]) -> int:
    first, documents = part
    extractor = Extractor(base_url="", zone=ZoneInfo("Europe/London"))
    rows: Rows = defaultdict(list)
    for pk, each in enumerate(documents, first):
        _add(rows, extractor, pk, each)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for table, values in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copying:
                for row in values:
                    copying.write_row(row)
    return len(documents)


def _add(rows: Rows, extractor: Extractor, pk: int, each: Made) -> None:
    resource, made = each.resource, each.made
    type_name, key = resource["resourceType"], resource["id"]
    text = dumps(resource).decode()
    entry = extractor.entry(SERVED[type_name], resource)
    seen = [terms.reader(party) for party in each.readers] + [terms.owned_by(each.owner)]
    rows[_DOCUMENT].append((pk, type_name, key, 1, made, False, text, each.owner))
    rows[_VERSION].append((pk, 1, type_name, made, "POST", text))
    rows[_READER] += [(pk, party, "care", 1) for party in each.readers]
    rows[_SEARCH].append(
        (
            pk, terms.document_key(type_name, key), type_name, made, entry.sorted_at,
            entry.sorted_until, sorted(entry.terms), seen,
        )
    )  # fmt: skip
    rows[_DATE] += [(pk, *row) for row in entry.dates]
    rows[_STRING] += [(pk, *row) for row in entry.strings]
    rows[_QUANTITY] += [(pk, *row) for row in entry.quantities]
    rows[_LINK] += [(pk, *row) for row in entry.links]


def _one(connection: psycopg.Connection[Any], query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]
