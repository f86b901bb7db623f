"""Pages that lead from one to the next by address, without numbers: a `Link` in the answer's head
(RFC 8288), or a member of the page."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from services.providers.importing.reading.feeds import (
    MOST_PAGES,
    Feed,
    FeedPage,
    asking,
    parsed,
    since,
    total_of,
)
from services.providers.importing.reading.fetching import Fetcher, Got
from services.providers.importing.reading.json_files import in_document
from services.providers.importing.reading.records import SourceBroken

_IN = ("links", "_links", "meta", "pagination", "paging")
_NAMES = ("next", "next_page_url", "next_url", "nextPage", "next_page")


def following(got: Got, document: Any, url: str) -> str | None:
    """The address of the page after one; None where it names none.

    Args:
        got: the page.
        document: what is on it, parsed.
        url: where it was.
    """
    named = got.following or _named(document)
    return None if named is None else urljoin(url, named)


def _named(document: Any) -> str | None:
    if not isinstance(document, dict):
        return None
    places = [document, *(document.get(name) for name in _IN)]
    named = [place.get(name) for place in places if isinstance(place, dict) for name in _NAMES]
    plain = [each.get("href") if isinstance(each, dict) else each for each in named]
    starts = ("http://", "https://", "/", "?")
    return next((each for each in plain if isinstance(each, str) and each.startswith(starts)), None)


class LinkedFeed(Feed):
    """A feed whose pages name the next one. It is read from its beginning: there are no numbers."""

    def pages(self, *, begin: int = 1) -> Iterator[FeedPage]:  # noqa: ARG002 - see above
        """All pages.

        Raises:
            SourceBroken: a page cannot be had, is none, or the next one would be another host's.
        """
        at: str | None = asking(self.services, since(self.after))
        seen: set[str] = set()
        while at is not None and at not in seen:
            if len(seen) == MOST_PAGES:
                raise SourceBroken(f"{self.services} has more than {MOST_PAGES:,} pages.")
            seen.add(at)
            with self.fetcher.get(at) as got:
                document = parsed(got.file, at)
                onward = following(got, document, at)
            self.total = total_of(document)
            yield FeedPage(0, tuple(in_document(document)))
            at = None if onward is None else self._within(onward)

    def _within(self, onward: str) -> str:
        """An address at the host that somebody named: a feed leads nowhere else."""
        mine, theirs = urlsplit(self.services), urlsplit(onward)
        if mine.hostname != theirs.hostname:
            raise SourceBroken(f"{self.services} names a next page at another host: not fetched.")
        return urlunsplit(theirs._replace(scheme=mine.scheme, netloc=mine.netloc))


def linked(fetcher: Fetcher, address: str, got: Got, document: Any) -> Feed | None:
    """The feed to which a page belongs that names the next one; None where it names none."""
    return LinkedFeed(fetcher, address) if following(got, document, address) else None
