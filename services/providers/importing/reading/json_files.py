"""Records of a JSON file: one service, a list, an envelope, several lists, or one record a line.

A long file is read piece by piece: what is in memory is one record, and no record may be longer
than `LONGEST`.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

import ijson

from services.providers.importing.reading.charsets import AsUtf8, Readable, as_text
from services.providers.importing.reading.no_numbers import WithNull, has_some
from services.providers.importing.reading.records import (
    Entity,
    Record,
    Said,
    SourceBroken,
    Unreadable,
    belongs_elsewhere,
    entity_of,
    whole_number,
)

LONGEST = 8 * 1024 * 1024
"""Bytes of one record at most; the longest that councils publish are some hundred kilobytes."""

LISTS: dict[str, Entity | None] = {
    "contents": None,
    "content": None,
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
    "organizations": "organization",
    "organisations": "organization",
    "services": "service",
    "items": None,
    "results": None,
    "data": None,
}
"""Members that hold a list of records, and of what; ORUK 3 calls a page's list `contents`, 1 and 2
`content`, the last three are those of other makers."""

_WRAPS = ("data", "result", "response", "_embedded")
"""Members in which some put the whole of what others give as the document."""

TOTALS = ("total_items", "totalElements", "totalItems", "total_count", "total")
"""Members in which a page says how many there are on all pages."""

Found = Iterator[Record | Unreadable]


def records_of(file: IO[bytes], charset: str) -> Found:
    """All records of a JSON file, in their order.

    Args:
        file: seekable.
        charset: see `charset_of`.

    Raises:
        SourceBroken: it is no JSON from some place on, or a record is too long.
    """
    if _by_lines(file, charset):
        yield from _lines(file, charset)
        return
    file.seek(0)
    short = file.read(LONGEST + 1)
    if len(short) <= LONGEST:
        yield from in_document(_parsed(short.decode(charset, "replace")))
        return
    file.seek(0)
    plain: Readable = file if charset == "utf-8" else AsUtf8(file, charset)
    told_in_bytes = not charset.startswith(("utf-16", "utf-32"))
    yield from _long(WithNull(plain) if told_in_bytes and has_some(file) else plain)


def has_list(document: Said) -> bool:
    """Whether a document has one of the known lists."""
    return any(isinstance(document.get(name), list) for name in LISTS)


def unwrapped(document: Any) -> Any:
    """What others give as the document, where somebody put it into one member of another."""
    if not isinstance(document, dict) or "id" in document or has_list(document):
        return document
    return next((x for name in _WRAPS if isinstance(x := document.get(name), dict)), document)


def total_of(file: IO[bytes], charset: str) -> int | None:
    """How many records a file says that there are, before it lists them: one page of a feed that
    was saved is not all of it. None where it does not.

    Args:
        file: seekable; left at its beginning.
        charset: see `charset_of`.
    """
    file.seek(0)
    try:
        for prefix, event, value in ijson.parse(AsUtf8(file, charset)):
            if event == "start_array":
                return None
            if prefix in TOTALS and (number := whole_number(value)) is not None:
                return number
    except (ijson.JSONError, RecursionError):
        return None
    finally:
        file.seek(0)
    return None


def in_document(document: Any) -> Found:
    """The records of a parsed document, or of one page of a feed.

    Raises:
        SourceBroken: there is none to be seen in it.
    """
    if isinstance(document, list):
        yield from _each(document, None)
        return
    document = unwrapped(document)
    if not isinstance(document, dict):
        raise SourceBroken("This is JSON, and neither a record nor a list of records.")
    if words := belongs_elsewhere(document):
        raise SourceBroken(words)
    if "id" in document and "name" in document:
        yield Record(entity_of(document), document)
        return
    lists = [name for name in LISTS if isinstance(document.get(name), list)]
    if LISTS.keys().isdisjoint(document):
        raise SourceBroken(
            "There is no record in this document: expected is a service, an organisation, a list, "
            f"or an object with one of: {', '.join(LISTS)}."
        )
    for name in lists:
        yield from _each(document[name], LISTS[name])
    for name in LISTS if not lists else ():
        if document.get(name) is not None:
            yield Unreadable(name, f"'{name}' is no list of records.")


def _each(said: list[Any], entity: Entity | None) -> Found:
    for number, each in enumerate(said, 1):
        yield _record(each, entity, f"item {number}")


def _record(said: Any, entity: Entity | None, place: str) -> Record | Unreadable:
    if isinstance(said, dict):
        if entity is None and (words := belongs_elsewhere(said)):
            return Unreadable(place, words)
        return Record(entity or entity_of(said), said)
    return Unreadable(place, "This is not an object.")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise SourceBroken(
            f"This is not JSON (line {error.lineno}, column {error.colno}: {error.msg.lower()})."
            " Listings are read from JSON, or from CSV files: one table, or all in a ZIP file."
        ) from None
    except RecursionError:
        raise SourceBroken("This JSON is nested too deep.") from None


# --- one record a line -----------------------------------------------------------------------


def _by_lines(file: IO[bytes], charset: str) -> bool:
    """Whether the first two lines are whole objects: JSON Lines, NDJSON."""
    text = as_text(file, charset)
    first = text.readline(LONGEST)
    second = text.readline(LONGEST)
    while second and not second.strip():
        second = text.readline(LONGEST)
    return all(_is_object(line) for line in (first, second))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line.removeprefix("\ufeff")), dict)
    except (ValueError, RecursionError):
        return False


def _lines(file: IO[bytes], charset: str) -> Found:
    text = as_text(file, charset)
    number = 0
    while line := text.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise SourceBroken(
                f"Line {number} is too long: a record has {LONGEST:,} bytes at most."
            )
        if not line.strip():
            continue
        try:
            yield _record(json.loads(line.removeprefix("\ufeff")), None, f"line {number}")
        except (ValueError, RecursionError) as error:
            yield Unreadable(f"line {number}", f"This is not JSON: {error}.")


# --- long documents --------------------------------------------------------------------------


class _Watched:
    """A file that refuses to be read on and on within one record."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.since = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.since += len(piece)
        if self.since > LONGEST:
            raise SourceBroken(f"A record is too long: {LONGEST:,} bytes at most.")
        return piece


def _long(file: Readable) -> Found:
    watched = _Watched(file)
    try:
        for entity, said, number in _items(ijson.parse(watched, use_float=True)):
            watched.since = 0
            yield _record(said, entity, f"item {number}")
    except ijson.JSONError as error:
        raise SourceBroken(f"This is not JSON from some place on: {error}.") from None


def _items(events: Iterator[tuple[str, str, Any]]) -> Iterator[tuple[Entity | None, Said, int]]:
    """The items of a list at the top, or of the known lists of an object at the top."""
    wanted: dict[str, Entity | None] = {"item": None}
    for above in ("", *(f"{name}." for name in _WRAPS)):
        wanted |= {f"{above}{name}.item": entity for name, entity in LISTS.items()}
    building: ijson.ObjectBuilder | None = None
    at, depth, number = "", 0, 0
    for prefix, event, value in events:
        if building is None:
            if prefix not in wanted or event.startswith("end_"):
                continue
            building, at, depth = ijson.ObjectBuilder(), prefix, 0
        building.event(event, value)
        depth += event.startswith("start_") - event.startswith("end_")
        if depth == 0:
            number += 1
            yield wanted[at], building.value, number
            building = None
