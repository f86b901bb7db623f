"""The directory as the HSDS tabular data package: CSV files and their descriptor, in one ZIP."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Self
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
from sqlalchemy import Engine, select

from services.providers import catalogue, gathering, listing
from services.providers.capacities import PLACE
from services.providers.exporting.columns import TABLES, descriptor
from services.providers.exporting.documents import services
from services.providers.nested import Json, plain
from services.providers.paging import Listed, every
from services.providers.rows import table

NESTED = {
    "schedules": "schedules",
    "service_areas": "service_areas",
    "funding": "funding",
    "cost_options": "cost_options",
    "languages": "languages",
    "contacts": "contacts",
    "phones": "phones",
    "attributes": "attributes",
    "addresses": "addresses",
    "accessibility": "accessibility",
    "organization_identifiers": "organization_identifiers",
    "service_at_locations": "service_at_location",
    "capacities": "service_capacity",
}
"""By the name under which entities are nested, the table that their rows are in."""


def write(engine: Engine, target: IO[bytes], now: datetime) -> None:
    """Write the package.

    The rows are collected in files beside, since a ZIP takes one file after the other.

    Args:
        engine: the directory's database.
        target: where to; must be seekable.
        now: the present instant.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kersey-export-")))
        with _Tables(folder) as tables:
            tables.add("units", PLACE)
            for name, entities in _everything(engine, now):
                for entity in entities:
                    tables.add(name, entity)
        package = stack.enter_context(ZipFile(target, "w", ZIP_DEFLATED))
        package.writestr("datapackage.json", orjson.dumps(descriptor(plain(now))))
        for name in TABLES:
            package.write(folder / f"{name}.csv", f"{name}.csv")


def _everything(engine: Engine, now: datetime) -> Iterator[tuple[str, Iterable[Json]]]:
    """What stands in a table of its own, with all that is nested in it, a batch at a time."""
    at, service = table("service_at_location").c, table("service").c
    used = select(at.location_id).join(table("service"), service.id == at.service_id)
    used = used.where(catalogue.LISTED)
    location = table("location").c.id
    for name, wanted in (
        ("taxonomies", Listed(select(table("taxonomy").c.id), listing.taxonomies)),
        ("taxonomy_terms", Listed(select(table("taxonomy_term").c.id), listing.taxonomy_terms)),
        (
            "organizations",
            Listed(select(table("organization").c.id), partial(gathering.organizations, full=True)),
        ),
        ("locations", Listed(select(location).where(location.in_(used)), gathering.locations)),
    ):
        for batch in every(engine, wanted):
            yield name, batch
    for batch in services(engine, now):
        yield "services", batch


class _Tables:
    """One CSV file for each table, each row written as it comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._rows: dict[str, csv.DictWriter[str]] = {}

    def __enter__(self) -> Self:
        for name, columns in TABLES.items():
            path = self._folder / f"{name}.csv"
            file = self._open.enter_context(path.open("w", encoding="utf-8", newline=""))
            self._rows[name] = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            self._rows[name].writeheader()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, name: str, entity: Json) -> None:
        """Write an entity's row, and those of what is nested in it.

        A service's organisation and a place's location are nested in it by way of repetition: they
        have tables of their own.
        """
        self._rows[name].writerow(_row(entity))
        for below, where in NESTED.items():
            for each in entity.get(below, ()):
                self.add(where, each)


def _row(entity: Json) -> dict[str, Any]:
    return entity | {"unit_id": entity["unit"]["id"]} if "unit" in entity else entity
