"""Records of a live Open Referral UK feed, page by page.

What feeds say of themselves is not relied on: totals are wrong, `last_page` is missing or always
true, `page` is ignored, or counted from 0. A feed has ended when it says so and the number of pages
agrees, when a page repeats the one before, or when three pages in a row are empty. One that tells
where its next page is, and no numbers, is followed (`linked.py`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import SEEK_END
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from services.providers.importing.reading.charsets import charset_of
from services.providers.importing.reading.fetching import Fetcher, NotThere
from services.providers.importing.reading.json_files import (
    LISTS,
    TOTALS,
    has_list,
    in_document,
    unwrapped,
)
from services.providers.importing.reading.records import (
    Entity,
    Record,
    Said,
    SourceBroken,
    Unreadable,
    whole_number,
)

PER_PAGE = 100
LONGEST_PAGE = 16 * 1024 * 1024
"""Bytes of a page at most, since a page is in memory whole; a hundred full services are one or two
megabytes. What is longer is a file."""
MOST_PAGES = 100_000
"""A feed that is longer goes round in a circle."""
MOST_EMPTY = 3

_NESTED = frozenset(
    "schedules regular_schedules service_at_locations contacts cost_options service_areas"
    " languages attributes service_taxonomys eligibilitys phones".split()
)
"""What a service has only where it is told in full."""
_PAGED = frozenset(
    "total_pages totalPages total_items totalElements page_number number first_page first last_page"
    " last".split()
)
_MAYBE_PAGED = frozenset("page per_page total totalItems total_count has_more".split())
"""Likewise, beside a list; by themselves they may be said of anything."""
_MAY_BE_REFUSED = ("full", "modified_after", "per_page")
"""What a feed is asked, the first that it may not know first; without `modified_after` it gives all
of it, which is no harm."""
_NOT_FOR_THE_QUESTION = frozenset([401, 403, 404, 410])
"""Errors (RFC 9110) that have nothing to do with how it was asked."""
MOST_MISSING = 5
"""Services in a row whose own pages cannot be had: then it is the feed that cannot."""


@dataclass(frozen=True)
class FeedPage:
    """One page of services, or what comes before them.

    Attributes:
        number: of the page of services, from 1; 0 for what comes before.
        records: what is on it.
    """

    number: int
    records: tuple[Record | Unreadable, ...]


@dataclass
class Feed:
    """A live feed.

    Attributes:
        fetcher: gets its pages.
        services: the address of its list of services.
        after: ask for what changed since; None for all.
        total: how many services it said that it has; None if it did not.
        changed: whether it said one number first and another later: it changed while it was read.

    Lists are asked for in full, as HSDS knows it; where that is refused, as the UK profile may,
    each service is asked for by itself.
    """

    fetcher: Fetcher
    services: str
    after: datetime | None = None
    total: int | None = None
    changed: bool = False
    _refused: set[str] = field(default_factory=set, repr=False)
    _took: set[str] = field(default_factory=set, repr=False)
    _missing: int = field(default=0, repr=False)
    _had: bool = field(default=False, repr=False)
    _full: bool = field(default=False, repr=False)

    def pages(self, *, begin: int = 1) -> Iterator[FeedPage]:
        """All pages: terms and organisations, where the feed lists them, then services.

        Args:
            begin: the first page of services to read; what comes before is read with page 1 only.

        Raises:
            SourceBroken: a page cannot be had, or is no page.
        """
        if begin == 1:
            for name in ("taxonomies", "taxonomy_terms", "organizations"):
                yield from self._before(name)
        before: list[str] = []
        first: list[str] = []
        empty = read = from_zero = 0
        ended = False
        for number in range(begin, begin + MOST_PAGES):
            try:
                page = self._page(self.services, number, "service", self.after)
            except NotThere:
                if ended:
                    return  # it said before that this was all; that there are more pages was wrong
                raise
            self._count(page.document)
            if page.ids and page.ids == before:
                break
            if number == 1 and _flag(page.document, "first_page", "first") is False:
                yield from (zeroth := self._zeroth(page.ids))
                from_zero = len(zeroth)
            first, before = first or page.ids, page.ids
            empty = 0 if page.ids else empty + 1
            read += len(page.ids)
            yield self._taken(number, page)
            if empty == MOST_EMPTY or _is_last(page.document, number + from_zero, page.ids):
                break
            ended = _says_that_it_ended(page.document)
        if begin == 1 and not from_zero and self.total is not None and read < self.total:
            yield from self._zeroth(first)

    def _count(self, document: Any) -> None:
        """Note how many services it says that it has: told otherwise later, some may have moved to
        a page that was read already, and never be seen."""
        total = total_of(document)
        self.changed |= None not in (total, self.total) and total != self.total
        self.total = total

    def _zeroth(self, first: list[str]) -> list[FeedPage]:
        """The page before the first, where pages are counted from 0."""
        try:
            page = self._page(self.services, 0, "service", self.after)
        except SourceBroken:
            return []
        return [self._taken(0, page)] if page.ids and page.ids != first else []

    def _taken(self, number: int, page: "_Page") -> FeedPage:
        self._full |= any(_told_in_full(each.said) for each in page.found)
        return FeedPage(number, (*page.odd, *map(self._in_full, page.found)))

    def _before(self, name: str) -> Iterator[FeedPage]:
        """A list that not every feed has: what is wrong with it is told, and services are read."""
        entity = LISTS[name]
        address = _beside(self.services, name)
        before: list[str] = []
        for number in range(1, MOST_PAGES):
            try:
                page = self._page(address, number, entity or "service")
            except NotThere:
                return
            except SourceBroken as broken:
                yield FeedPage(0, (Unreadable(name, broken.words),))
                return
            if not page.ids or page.ids == before:
                return
            before = page.ids
            yield FeedPage(0, tuple(map(_by_itself, page.found)))
            if _is_last(page.document, number, page.ids):
                return

    def _page(
        self, address: str, number: int, entity: Entity, after: datetime | None = None
    ) -> "_Page":
        document = self._asked(address, {"page": number, "per_page": PER_PAGE} | since(after))
        records = list(in_document(document))
        return _Page(
            document,
            [Record(entity, each.said) for each in records if isinstance(each, Record)],
            [each for each in records if isinstance(each, Unreadable)],
        )

    def _asked(self, address: str, query: dict[str, Any]) -> Any:
        """A page, asked for in the first way that the feed takes: it may refuse what it does not
        know, and what it took once it knows."""
        query |= {"full": "true"}
        refused = set(self._refused)
        while True:
            asked = {name: each for name, each in query.items() if name not in refused}
            try:
                document = self._document(asking(address, asked))
            except NotThere as fault:
                less = [name for name in _MAY_BE_REFUSED if name in asked.keys() - self._took]
                if not less or fault.status in _NOT_FOR_THE_QUESTION:
                    raise
                refused.add(less[0])
            else:
                self._refused = refused
                self._took |= asked.keys()
                return document

    def _in_full(self, record: Record) -> Record | Unreadable:
        """A service with all that is below it: many lists leave that out, or have empty lists for
        it. Where no service has a page of its own, what the list says is all there is."""
        key = record.said.get("id")
        if not isinstance(key, str | int) or _told_in_full(record.said):
            return record
        if not _NESTED.isdisjoint(record.said) and self._full:
            return record
        try:
            said = self._document(_beside(self.services, f"services/{quote(str(key), safe='')}"))
        except SourceBroken as broken:
            if isinstance(broken, NotThere) and not self._had:
                self._full |= not _NESTED.isdisjoint(record.said)
                return record
            self._missing += not isinstance(broken, NotThere)
            if self._missing > MOST_MISSING:
                raise
            return Unreadable(f"service {key}", broken.words, "service", str(key))
        self._missing, self._had = 0, True
        if isinstance(said, list) and len(said) == 1:
            said = said[0]
        if not isinstance(said, dict) or str(said.get("id")) != str(key):
            return Unreadable(f"service {key}", "Its page tells another one.", "service", str(key))
        return Record("service", said)

    def _document(self, url: str) -> Any:
        with self.fetcher.get(url) as got:
            return parsed(got.file, url)


def _told_in_full(said: Said) -> bool:
    """Whether anything is told that stands below a service."""
    return any(said.get(name) for name in _NESTED & said.keys())


def _by_itself(record: Record) -> Record:
    """An organisation without its services: the feed tells them in full, and the first counts."""
    said = {name: each for name, each in record.said.items() if name != "services"}
    return Record(record.entity, said)


@dataclass(frozen=True)
class _Page:
    document: Any
    found: list[Record]
    odd: list[Unreadable]

    @property
    def ids(self) -> list[str]:
        """Of what is on it, to tell it from another."""
        return [json.dumps(each.said.get("id")) for each in self.found]


def parsed(file: IO[bytes], url: str) -> Any:
    """A page, parsed.

    Raises:
        SourceBroken: it is no JSON, or too long for a page.
    """
    if file.seek(0, SEEK_END) > LONGEST_PAGE:
        raise SourceBroken(
            f"{url} gives a page of more than {LONGEST_PAGE:,} bytes: import that address itself,"
            " which is then read as a file."
        )
    file.seek(0)
    charset = charset_of(file)
    try:
        return unwrapped(json.loads(file.read().decode(charset, "replace")))
    except (ValueError, RecursionError):
        raise SourceBroken(f"{url} gives no JSON.") from None


def feed_at(fetcher: Fetcher, address: str, document: Any) -> Feed | None:
    """The feed to which an address belongs by what it gave; None where that is a file.

    Args:
        fetcher: gets its pages.
        address: a feed's base, or its list of services.
        document: what is there, parsed.
    """
    if not isinstance(document, dict) or "id" in document:
        return None
    if _PAGED & document.keys() or (_MAYBE_PAGED & document.keys() and has_list(document)):
        return Feed(fetcher, address)
    if {"openapi_url", "profile"} & document.keys() and LISTS.keys().isdisjoint(document):
        return Feed(fetcher, below(address, "services"))
    return None


def below(address: str, name: str) -> str:
    """An address one step down."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def _beside(services: str, name: str) -> str:
    """An address under the base of which the list of services is a part."""
    parts = urlsplit(services)
    base = parts.path.rstrip("/").removesuffix("/services")
    return urlunsplit(parts._replace(path=f"{base}/{name}"))


def since(after: datetime | None) -> dict[str, Any]:
    """How a feed is asked for what changed; for all of it with none."""
    if after is None:
        return {}
    told = after.astimezone(UTC).isoformat(timespec="seconds")
    return {"modified_after": told.replace("+00:00", "Z")}


def asking(address: str, query: dict[str, Any]) -> str:
    parts = urlsplit(address)
    asked = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=asked))


def _number(document: Any, *names: str) -> int | None:
    found = [document.get(name) for name in names] if isinstance(document, dict) else []
    return next((number for each in found if (number := whole_number(each)) is not None), None)


def total_of(document: Any) -> int | None:
    """How many services a page says that there are; None if it does not."""
    return _number(document, *TOTALS)


def _flag(document: Any, *names: str) -> bool | None:
    found = [document.get(name) for name in names] if isinstance(document, dict) else []
    return next((each for each in found if isinstance(each, bool)), None)


def _is_last(document: Any, number: int, found: list[str]) -> bool:
    pages = _number(document, "total_pages", "totalPages")
    if pages:  # a feed that says 0 and gives some does not count them
        return number >= pages
    if not isinstance(document, dict):
        return True
    last = _flag(document, "last_page", "last")
    return last is True or (not found and last is not False)


def _says_that_it_ended(document: Any) -> bool:
    """Whether nothing says that another page follows, so that none need be there."""
    last = _flag(document, "last_page", "last")
    return last is True or (last is None and _number(document, "total_pages", "totalPages") is None)
