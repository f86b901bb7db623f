"""What an import reads: a live feed, a document at an address, a file, or a folder."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Protocol
from urllib.parse import urlsplit

from services.providers.importing.mending.listings import Repair
from services.providers.importing.reading import data_package, json_files, packed
from services.providers.importing.reading.charsets import FALLBACK, charset_of
from services.providers.importing.reading.feeds import (
    Feed,
    FeedPage,
    below,
    feed_at,
    parsed,
)
from services.providers.importing.reading.fetching import Fetcher, Got, NotThere
from services.providers.importing.reading.foreign import refuse_foreign
from services.providers.importing.reading.linked import linked
from services.providers.importing.reading.records import Record, SourceBroken, Unreadable
from services.providers.importing.reading.single_table import entity_of_table

TOGETHER = 100
"""Records of a file that are handed on at once."""


class Material(Protocol):
    """What an import reads, page by page."""

    total: int | None
    """How many services there are, if it says so."""
    repairs: list[Repair]
    """What was changed of it as a whole; known once it was read."""
    is_set: bool
    """Whether it is a set, so that what is not in it is gone; known once it was read."""
    changed: bool
    """Whether it changed while it was read, so far as it says so."""

    def pages(self, page: int, after: datetime | None, /) -> Iterator[FeedPage]:
        """All pages.

        Args:
            page: the last that was taken; 0 for none.
            after: what changed since; None for all.

        Raises:
            SourceBroken: it cannot be read any further.
        """
        ...


class FileMaterial:
    """A file: JSON in any of its forms, a zipped data package or one table of it; packed or not.

    Args:
        file: seekable.
        name: of the file, or the end of its address: what a table is of stands in it.
    """

    def __init__(self, file: IO[bytes], name: str = "") -> None:
        self._file = file
        self._name = name
        self.total: int | None = None
        self.repairs: list[Repair] = []
        self.is_set = True
        self.changed = False

    def pages(self, _page: int, _after: datetime | None, /) -> Iterator[FeedPage]:
        """All of it; a file is read from its beginning."""
        plain = packed.unpacked(self._file, data_package.MOST_BYTES)
        try:
            yield from self._pages_of(plain)
        finally:
            if plain is not self._file:
                plain.close()

    def _pages_of(self, file: IO[bytes]) -> Iterator[FeedPage]:
        refuse_foreign(file)
        if data_package.is_package(file):
            yield from _paged(data_package.records_of_zip(file))
            return
        charset = charset_of(file)
        if charset == FALLBACK:
            self.repairs.append(Repair("charset", "", f"was no UTF-8: read as {FALLBACK}"))
        entity = entity_of_table(file, charset, self._name)
        if entity is not None:
            place = PurePosixPath(self._name).name or "table"
            records = data_package.records_of_table(entity, place, file)
        else:
            records = json_files.records_of(file, charset)
            self.total = json_files.total_of(file, charset)
        found = 0
        for each in _paged(records):
            found += len(each.records)
            yield each
        self.is_set = found != 1


class FolderMaterial:
    """A data package in a folder.

    Args:
        folder: with its CSV files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.total: int | None = None
        self.repairs: list[Repair] = []
        self.is_set = True
        self.changed = False

    def pages(self, _page: int, _after: datetime | None, /) -> Iterator[FeedPage]:
        """All of it."""
        return _paged(data_package.records_of_folder(self._folder))


class AddressMaterial:
    """What is at an address: a live feed by its base or its list, or a file.

    Args:
        fetcher: gets it.
        address: where.
    """

    def __init__(self, fetcher: Fetcher, address: str) -> None:
        self._fetcher = fetcher
        self._address = address
        self.total: int | None = None
        self.repairs: list[Repair] = []
        self.is_set = True
        self.changed = False

    def pages(self, page: int, after: datetime | None, /) -> Iterator[FeedPage]:
        """All of it, or what changed, where it is a feed."""
        try:
            with self._fetcher.get(self._address) as got:
                file = got.file
                feed = self._below() if _is_for_people(file) else self._feed_of(got)
                if feed is None:
                    whole = FileMaterial(file, urlsplit(self._address).path)
                    for each in whole.pages(0, None):
                        self.total = whole.total
                        yield each
                    self.is_set, self.repairs = whole.is_set, whole.repairs
                    return
                for_people = _is_for_people(file)
        except NotThere:
            feed, for_people = self._below(), False
        feed.after = after
        try:
            for each in feed.pages(begin=max(1, page)):
                self.total = feed.total if after is None else None
                yield each
        except NotThere as nothing:
            if not for_people:
                raise
            raise SourceBroken(
                f"{self._address} is a page for people, and below it there is no feed"
                f" ({nothing.words.removesuffix('.')}): name the feed's own address."
            ) from None
        self.changed = feed.changed

    def _feed_of(self, got: Got) -> Feed | None:
        """The feed to which a document belongs; None where it is a file."""
        document = self._glance(got.file)
        by_number = feed_at(self._fetcher, self._address, document)
        return by_number or linked(self._fetcher, self._address, got, document)

    def _below(self) -> Feed:
        """The feed whose base this is: there may be nothing at it, or a page for people."""
        return Feed(self._fetcher, below(self._address, "services"))

    def _glance(self, file: IO[bytes]) -> object:
        """A short document, parsed; anything else is a file."""
        if data_package.is_package(file):
            return ()
        try:
            return parsed(file, self._address)
        except SourceBroken:
            return ()
        finally:
            file.seek(0)


def _is_for_people(file: IO[bytes]) -> bool:
    """Whether a document is HTML; the file is left at its beginning."""
    head = file.read(500).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return head.startswith(b"<")


def _paged(records: Iterator[Record | Unreadable]) -> Iterator[FeedPage]:
    """Records of a file as they come, each in the place of a page: none is held back."""
    batch: list[Record | Unreadable] = []
    for each in records:
        batch.append(each)
        if len(batch) == TOGETHER:
            yield FeedPage(0, tuple(batch))
            batch = []
    if batch:
        yield FeedPage(0, tuple(batch))
