"""Records of an HSDS tabular data package: CSV files, in a ZIP file or a folder, joined.

The files may come in any order and be longer than memory, so the rows are laid into a database on
disk first, each beside the parents that it names; then every service is put together from them.
"""

import csv
import io
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Self, get_args

import orjson

from services.providers.importing.reading import json_files
from services.providers.importing.reading.charsets import as_text, charset_of
from services.providers.importing.reading.records import (
    Entity,
    Record,
    Said,
    SourceBroken,
    Unreadable,
)

MOST_BYTES = 2 * 1024**3
"""Of all files of a package, unpacked."""

FILES = {
    "organizations": "organization",
    "organization_identifiers": "organization_identifier",
    "services": "service",
    "service_at_locations": "service_at_location",
    "service_at_location": "service_at_location",
    "locations": "location",
    "addresses": "address",
    "accessibility": "accessibility",
    "schedules": "schedule",
    "service_areas": "service_area",
    "cost_options": "cost_option",
    "contacts": "contact",
    "phones": "phone",
    "languages": "language",
    "funding": "funding",
    "attributes": "attribute",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
}
"""The package's files (HSDS 3.0, datapackage.json), and what a row of each describes; `programs`,
`required_documents` and the metadata are not kept."""

EARLIER = {
    "services_at_location": "service_at_location",
    "physical_addresses": "address",
    "accessibility_for_disabilities": "accessibility",
    "regular_schedules": "schedule",
    "eligibilities": "eligibility",
    "services_taxonomy": "service_taxonomy",
    "service_taxonomies": "service_taxonomy",
}
"""Those of Open Referral UK 1 and 2, and of HSDS 2."""

_ENTITIES = {entity: entity for entity in (*FILES.values(), *EARLIER.values())} | EARLIER | FILES
"""Many name a file after one row of it, as the standard names its tables."""


_NOT_KEPT = frozenset(
    f"{name}{s}"
    for name in (
        "program required_document metadata meta_table_description url unit service_capacity"
        " service_capacitie review holiday_schedule link_taxonomy language_translation"
    ).split()
    for s in ("", "s")
)
"""Tables of HSDS and of Open Referral UK 1 and 2 of which a listing here has nothing."""


_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""By which Excel is told, before the head, what parts the cells."""


@dataclass(frozen=True)
class _Below:
    """Where the rows of a file stand in the nested shape."""

    member: str
    entity: str
    by: str


BELOW: dict[str, tuple[_Below, ...]] = {
    "service": (
        _Below("service_at_locations", "service_at_location", "service_id"),
        _Below("schedules", "schedule", "service_id"),
        _Below("service_areas", "service_area", "service_id"),
        _Below("cost_options", "cost_option", "service_id"),
        _Below("contacts", "contact", "service_id"),
        _Below("phones", "phone", "service_id"),
        _Below("languages", "language", "service_id"),
        _Below("funding", "funding", "service_id"),
        _Below("attributes", "attribute", "link_id"),
        _Below("eligibilitys", "eligibility", "service_id"),
        _Below("service_taxonomys", "service_taxonomy", "service_id"),
    ),
    "service_at_location": (
        _Below("schedules", "schedule", "service_at_location_id"),
        _Below("contacts", "contact", "service_at_location_id"),
        _Below("phones", "phone", "service_at_location_id"),
    ),
    "location": (
        _Below("contacts", "contact", "location_id"),
        _Below("phones", "phone", "location_id"),
        _Below("addresses", "address", "location_id"),
        _Below("accessibility", "accessibility", "location_id"),
        _Below("attributes", "attribute", "link_id"),
    ),
    "contact": (
        _Below("phones", "phone", "contact_id"),
        _Below("attributes", "attribute", "link_id"),
    ),
    "phone": (_Below("languages", "language", "phone_id"),),
    "organization": (
        _Below("organization_identifiers", "organization_identifier", "organization_id"),
        _Below("attributes", "attribute", "link_id"),
    ),
}
"""What is nested in what, and by which column the rows name their parent."""

_PARENTS = sorted({each.by for below in BELOW.values() for each in below})


def is_package(file: IO[bytes]) -> bool:
    """Whether a file is a ZIP file; left at its beginning."""
    file.seek(0)
    found = zipfile.is_zipfile(file)
    file.seek(0)
    return found


def records_of_zip(file: IO[bytes]) -> Iterator[Record | Unreadable]:
    """All records of a zipped package.

    Raises:
        SourceBroken: it cannot be unpacked, or holds more than `MOST_BYTES`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
                raise SourceBroken(f"The package is too large: {MOST_BYTES:,} bytes at most.")
            files = _files_of(archive)
            if not any(_is_csv(name) for name in files):
                yield from _documents(archive, files)
                return
            with _Tables() as tables:
                for name in filter(_is_csv, files):
                    with _opened(archive, name) as unpacked:
                        yield from tables.lay(_stem(name), unpacked)
                yield from tables.records()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise SourceBroken(f"This ZIP file cannot be unpacked: {error}.") from None


def _files_of(archive: zipfile.ZipFile) -> list[str]:
    """The files of tables and documents, without what programs put beside them.

    Raises:
        SourceBroken: a table is in it twice: which of the two counts, nobody said. Or it is a
            spreadsheet, which is a ZIP file, too.
    """
    names = [each for each in archive.namelist() if not Path(each).name.startswith(("._", "."))]
    if "[Content_Types].xml" in names:
        raise SourceBroken(
            "This is a file of an office program: save each sheet as CSV, by the name of its table"
            " (services.csv, organizations.csv, ...), and send all of them as one ZIP file."
        )
    stems = Counter(_stem(each) for each in names if _is_csv(each))
    if twice := [stem for stem, number in stems.items() if number > 1 and stem in _ENTITIES]:
        raise SourceBroken(f"{twice[0]}.csv is in this ZIP file more than once: send one package.")
    return names


def _documents(archive: zipfile.ZipFile, files: list[str]) -> Iterator[Record | Unreadable]:
    """What a ZIP file of JSON holds; `datapackage.json` tells of tables that are not there."""
    documents = [
        name
        for name in files
        if name.lower().endswith((".json", ".jsonl", ".ndjson")) and _stem(name) != "datapackage"
    ]
    if not documents:
        raise SourceBroken(
            "There is neither services.csv nor organizations.csv in it, and no JSON file."
        )
    for name in documents:
        with _opened(archive, name) as unpacked:
            yield from json_files.records_of(unpacked, charset_of(unpacked))


@contextmanager
def _opened(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    with archive.open(name) as packed, tempfile.TemporaryFile() as unpacked:
        _copy(packed, unpacked)
        yield unpacked


def records_of_table(entity: str, place: str, file: IO[bytes]) -> Iterator[Record | Unreadable]:
    """All records of one table of a package that came by itself.

    Args:
        entity: what its rows describe.
        place: its name, for what is told of its lines.
        file: seekable.
    """
    with _Tables() as tables:
        yield from tables.lay(entity, file, place)
        yield from tables.records()


def records_of_folder(folder: Path) -> Iterator[Record | Unreadable]:
    """All records of a package in a folder.

    Raises:
        SourceBroken: there is no file of a package in it.
    """
    with _Tables() as tables:
        for path in sorted(folder.iterdir()):
            if _is_csv(path.name):
                with path.open("rb") as file:
                    yield from tables.lay(_stem(path.name), file)
        yield from tables.records()


def _copy(packed: IO[bytes], unpacked: IO[bytes]) -> None:
    """Unpack one file, and no more of it than all may have: a header may say less than there is."""
    written = 0
    while piece := packed.read(1 << 20):
        written += len(piece)
        if written > MOST_BYTES:
            raise SourceBroken(f"The package is too large: {MOST_BYTES:,} bytes at most.")
        unpacked.write(piece)


def _is_csv(name: str) -> bool:
    return name.lower().endswith(".csv") and not Path(name).name.startswith(("._", "."))


def entity_named(name: str) -> str | None:
    """What the rows of a file describe by its name, such as `services.csv`; None where that says
    nothing."""
    return _ENTITIES.get(_stem(name))


def _stem(name: str) -> str:
    r"""Some programs of Windows part the folders of a ZIP file by `\`."""
    return Path(name.replace("\\", "/")).stem.lower().strip()


class _Tables:
    """The rows of a package on disk, by entity and by the parents that they name."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kersey-package-"))
        self._rows = sqlite3.connect(str(Path(folder) / "rows.sqlite"))
        self._stack.callback(self._rows.close)
        self._rows.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE said (entity TEXT, key TEXT, said BLOB);"
            "CREATE TABLE under (entity TEXT, via TEXT, parent TEXT, row INTEGER);"
        )
        self._known: set[str] = set()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def lay(self, stem: str, file: IO[bytes], place: str = "") -> Iterator[Unreadable]:
        """Take in one file; a row that has more cells than the head has names is told and left."""
        entity = _ENTITIES.get(stem)
        if entity is None:
            if stem not in _NOT_KEPT:
                words = "No table of HSDS has this name: nothing of it is read."
                yield Unreadable(f"{stem}.csv", words)
            return
        self._known.add(entity)
        lines = _lines_of(file)
        head = next(lines, "")
        place = place or f"{stem}.csv"
        csv.field_size_limit(json_files.LONGEST)  # a boundary in one cell may be long
        if told := _SEPARATOR.fullmatch(head):
            head = next(lines, "")
        delimiter = told[1] if told else delimiter_of(head)
        names = {each.strip().lower() for each in next(csv.reader([head], delimiter=delimiter), ())}
        if names and entity in get_args(Entity) and "id" not in names:
            words = "Its first line has no column 'id': nothing of it is read."
            yield Unreadable(f"{place} line 1", words)
            return
        last = [head]
        reader = csv.DictReader(
            _noting(chain([head], lines), last), restkey="", delimiter=delimiter
        )
        try:
            for row in reader:
                if row.get(""):
                    line = f"{place} line {reader.line_num}"
                    yield Unreadable(line, "This row has more cells than the head has names.")
                    continue
                several = max(len((each or "").splitlines()) for each in row.values())
                if several > 1 and '"' not in last[0]:
                    # Only the end of the file closes a quotation that its last line does not.
                    words = "A quotation mark in it is not closed: all that follows is left."
                    yield Unreadable(f"{place} line {reader.line_num - several + 1}", words)
                    continue
                said = {name.strip().lower(): value for name, value in row.items() if value}
                self._add(entity, said)
        except csv.Error as error:
            raise SourceBroken(f"{place} line {reader.line_num}: {error}.") from None

    def _add(self, entity: str, said: Said) -> None:
        insert = self._rows.execute(
            "INSERT INTO said VALUES (?, ?, ?)", (entity, said.get("id"), orjson.dumps(said))
        )
        parents = [(entity, by, said[by], insert.lastrowid) for by in _PARENTS if by in said]
        self._rows.executemany("INSERT INTO under VALUES (?, ?, ?, ?)", parents)

    def records(self) -> Iterator[Record]:
        """Taxonomies and terms, organisations, then services with all that is below each."""
        if not {"service", "organization"} & self._known:
            raise SourceBroken("There is neither services.csv nor organizations.csv in it.")
        self._rows.executescript(
            "CREATE INDEX said_key ON said (entity, key);"
            "CREATE INDEX under_parent ON under (entity, via, parent);"
        )
        for entity in get_args(Entity):
            rows = self._rows.execute("SELECT said FROM said WHERE entity = ?", (entity,))
            for (said,) in rows:
                yield Record(entity, self._whole(entity, orjson.loads(said)))

    def _whole(self, entity: str, said: Said) -> Said:
        """A row with what is below it."""
        for below in BELOW.get(entity, ()):
            rows = self._rows.execute(
                "SELECT said.said FROM under JOIN said ON said.rowid = under.row"
                " WHERE under.entity = ? AND via = ? AND parent = ? ORDER BY said.rowid",
                (below.entity, below.by, said.get("id")),
            ).fetchall()
            found = [orjson.loads(each) for (each,) in rows]
            if below.member == "schedules" and entity == "service":
                found = [each for each in found if not each.get("service_at_location_id")]
            if found:
                said[below.member] = [self._whole(below.entity, each) for each in found]
        if entity == "service_at_location" and "location_id" in said:
            location = self._one("location", said["location_id"])
            if location is not None:
                said["location"] = self._whole("location", location)
        if entity == "service" and "location_id" in said and "service_at_locations" not in said:
            # HSDS 1 has one place of a service in the service.
            location = self._one("location", said["location_id"])
            if location is not None:
                said["service_at_locations"] = [{"location": self._whole("location", location)}]
        if entity == "service_taxonomy" and "taxonomy_id" in said:
            # In versions 1 and 2 a `taxonomy` is a term.
            term = self._one("taxonomy", said["taxonomy_id"])
            said["taxonomy"] = term or {"id": said["taxonomy_id"]}
        if entity == "attribute" and "taxonomy_term_id" in said:
            term = self._one("taxonomy_term", said["taxonomy_term_id"])
            if term is not None:
                said["taxonomy_term"] = term
        return said

    def _one(self, entity: str, key: str) -> Said | None:
        found = self._rows.execute(
            "SELECT said FROM said WHERE entity = ? AND key = ?", (entity, key)
        ).fetchone()
        return None if found is None else dict(orjson.loads(found[0]))


def delimiter_of(head: str) -> str:
    """What parts the cells of a table, by its first line; a comma where nothing else does."""
    return next((each for each in ",;\t|" if each in head), ",")


def _noting(lines: Iterator[str], last: list[str]) -> Iterator[str]:
    """Lines as they are read, the latest of them noted."""
    for line in lines:
        last[0] = line
        yield line


def _lines_of(file: IO[bytes]) -> Iterator[str]:
    """A CSV file's lines, without the mark that some programs write first."""
    text: io.TextIOWrapper = as_text(file, charset_of(file))
    for number, line in enumerate(text):
        yield line.removeprefix("\ufeff") if number == 0 else line
