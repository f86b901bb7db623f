"""What an import reads: a live feed, a document at an address, a file, or a folder."""

from collections.abc import Iterator
from datetime import datetime
from os import SEEK_END
from pathlib import Path
from typing import IO, Protocol

from services.providers.importing.mending.listings import Repair
from services.providers.importing.reading import data_package, json_files
from services.providers.importing.reading.charsets import FALLBACK, charset_of
from services.providers.importing.reading.feeds import (
    LONGEST_PAGE,
    Feed,
    FeedPage,
    below,
    feed_at,
    parsed,
)
from services.providers.importing.reading.fetching import Fetcher, NotThere
from services.providers.importing.reading.records import Record, SourceBroken, Unreadable

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
    """A file: JSON in any of its forms, or a zipped data package.

    Args:
        file: seekable.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.total: int | None = None
        self.repairs: list[Repair] = []
        self.is_set = True

    def pages(self, _page: int, _after: datetime | None, /) -> Iterator[FeedPage]:
        """All of it; a file is read from its beginning."""
        if data_package.is_package(self._file):
            yield from _paged(data_package.records_of_zip(self._file))
            return
        charset = charset_of(self._file)
        if charset == FALLBACK:
            self.repairs.append(Repair("charset", "", f"was no UTF-8: read as {FALLBACK}"))
        records = json_files.records_of(self._file, charset)
        found = 0
        for each in _paged(records):
            found += len(each.records)
            yield each
        self.is_set = found > 1


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

    def pages(self, page: int, after: datetime | None, /) -> Iterator[FeedPage]:
        """All of it, or what changed, where it is a feed."""
        try:
            with self._fetcher.get(self._address) as file:
                feed = (
                    self._below()
                    if _is_for_people(file)
                    else feed_at(self._fetcher, self._address, self._glance(file))
                )
                if feed is None:
                    whole = FileMaterial(file)
                    yield from whole.pages(0, None)
                    self.is_set, self.repairs = whole.is_set, whole.repairs
                    return
        except NotThere:
            feed = self._below()
        feed.after = after
        for each in feed.pages(begin=max(1, page)):
            self.total = feed.total if after is None else None
            yield each

    def _below(self) -> Feed:
        """The feed whose base this is: there may be nothing at it, or a page for people."""
        return Feed(self._fetcher, below(self._address, "services"))

    def _glance(self, file: IO[bytes]) -> object:
        """A short document, parsed; anything else is a file."""
        short = file.seek(0, SEEK_END) <= LONGEST_PAGE
        file.seek(0)
        if not short or data_package.is_package(file):
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
