"""Every listed service, fully nested, as one JSON array or one line each."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Literal

import orjson
from sqlalchemy import Engine, select

from services.providers import catalogue, listing
from services.providers.answers import as_lines
from services.providers.nested import Json
from services.providers.paging import Listed, every
from services.providers.rows import table

Kind = Literal["json", "ndjson", "csv"]


def services(engine: Engine, now: datetime) -> Iterator[list[Json]]:
    """Every listed service, fully nested, a batch at a time in the order of their ids.

    Args:
        engine: the directory's database.
        now: the present instant.
    """
    key = table("service").c.id
    wanted = select(key).where(catalogue.LISTED)
    return every(engine, Listed(wanted, partial(listing.services, full=True, now=now)))


def document(engine: Engine, now: datetime, *, lined: bool) -> Iterator[bytes]:
    """The directory as one document, in pieces.

    Args:
        engine: the directory's database.
        now: the present instant.
        lined: as NDJSON, a service a line; else as JSON, an array of services.
    """
    batches = services(engine, now)
    return as_lines(batches) if lined else _array(batches)


def _array(batches: Iterator[list[Json]]) -> Iterator[bytes]:
    opening = b"[\n"
    for batch in batches:
        yield opening + b",\n".join(orjson.dumps(each) for each in batch)
        opening = b",\n"
    yield b"[]\n" if opening == b"[\n" else b"\n]\n"
