"""Fetching what somebody else publishes: guarded, bounded in time and size, and tried again."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from services.providers.importing.reading.packed import CODINGS, TooLarge, inflated, unpacked
from services.providers.importing.reading.records import SourceBroken, whole_number
from shared.strangers import AddressRefused, Answer, GuardedHttp, Unreachable

MOST_REDIRECTS = 5
_REDIRECTS = frozenset([301, 302, 303, 307, 308])
_ONE_SOURCE = "source"
"""A fetcher reads for one import; its pages come over one connection."""
REFUSALS = {
    "address-malformed": "is not an address that can be fetched",
    "address-not-https": "is not https",
    "address-private": "leads into a private network",
}
"""Why nothing is fetched from an address, by `GuardedHttp`'s code."""


class NotThere(SourceBroken):
    """The address answered, with an error that will not change.

    Args:
        words: for people.
        status: of HTTP.
    """

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class NotNow(SourceBroken):
    """It could not be had at that moment: worth another try.

    Args:
        words: for people.
        seconds: after which it may be asked again, if it said so.
    """

    def __init__(self, words: str, seconds: float = 0) -> None:
        super().__init__(words)
        self.seconds = seconds


@dataclass(frozen=True)
class Fetcher:
    """Gets documents from strangers' addresses.

    Attributes:
        http: knows where nothing is fetched from, also after a redirect; of this import alone.
        seconds: for one document, all of it.
        most_bytes: of one document.
        tries: how often a document is asked for that is not given at that moment.
        longest_wait: seconds between two tries at most, where it is not said when to ask again.
        patience: seconds between two tries at most, where it is.
    """

    http: GuardedHttp
    seconds: float
    most_bytes: int
    tries: int = 3
    longest_wait: float = 5.0
    patience: float = 20.0

    @contextmanager
    def get(self, url: str) -> Iterator["Got"]:
        """A document, which is gone after the block.

        Raises:
            NotThere: the answer is an error that will not change.
            SourceBroken: it cannot be had, is not allowed, or is too large, also once unpacked.
        """
        again = Retrying(
            retry=retry_if_exception(self._is_worth_it),
            wait=self._wait,
            stop=stop_after_attempt(self.tries),
            reraise=True,
        )
        with tempfile.TemporaryFile() as file:
            head = again(self._fetch, url, file)
            plain = self._plain(url, file, head.coding)
            try:
                yield Got(plain, head.following)
            finally:
                if plain is not file:
                    plain.close()

    def _is_worth_it(self, fault: BaseException) -> bool:
        return isinstance(fault, NotNow) and fault.seconds <= self.patience

    def _wait(self, state: RetryCallState) -> float:
        """As long as it says (RFC 9110, 10.2.3): many count requests, and a feed is many."""
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.seconds if isinstance(fault, NotNow) else 0.0
        own = wait_random_exponential(multiplier=0.2, max=self.longest_wait)(state)
        return max(asked, own)

    def _plain(self, url: str, file: IO[bytes], coding: str) -> IO[bytes]:
        """What a server packs, on its way or before, is unpacked for everybody who reads it."""
        try:
            if coding == "deflate":
                return inflated(file, self.most_bytes)
            return unpacked(file, self.most_bytes)
        except TooLarge:
            raise self._too_large(url) from None
        except SourceBroken as broken:
            raise SourceBroken(f"{url}: {broken.words}") from None

    def _too_large(self, url: str) -> SourceBroken:
        return SourceBroken(f"{url} gives more than {self.most_bytes:,} bytes.")

    def _fetch(self, url: str, file: IO[bytes]) -> "_Head":
        at, led = url, False
        for _ in range(MOST_REDIRECTS + 1):
            file.seek(0)
            file.truncate()
            head = self._step(at, file, led=led)
            if head.led_to is None:
                file.seek(0)
                return head
            try:
                at = urljoin(at, head.led_to)
                led = _origin(at) != _origin(url)
            except ValueError:
                raise SourceBroken(f"{url} redirects to no address: not fetched.") from None
        raise SourceBroken(f"{url} redirects more than {MOST_REDIRECTS} times.")

    def _step(self, url: str, file: IO[bytes], *, led: bool) -> "_Head":
        """One answer into the file; or where it redirects to.

        A private address may be named where private ones are allowed; a redirect leads to none.
        """
        headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "identity"}
        try:
            with self.http.exchange(
                "GET", url, headers=headers, within=self.seconds, led=led, whose=_ONE_SOURCE
            ) as answer:
                if answer.status in _REDIRECTS and answer.header("location"):
                    return _Head(led_to=answer.header("location"))
                self._judge(url, answer)
                return self._keep(url, answer, file)
        except AddressRefused as refused:
            raise SourceBroken(f"{url} {REFUSALS[refused.reason]}: not fetched.") from None
        except Unreachable as fault:
            words = {
                "timeout": f"did not answer within {self.seconds:g} seconds",
                "unreachable": "cannot be reached",
            }
            raise NotNow(f"{url} {words.get(fault.reason, 'speaks no HTTP')}.") from None

    def _judge(self, url: str, answer: Answer) -> None:
        if answer.status == 429 or answer.status >= 500:
            said = answer.header("retry-after")
            seconds = float(said) if said.isdecimal() and len(said) < 10 else 0.0
            later = f" It says to come back after {seconds:g} seconds." if seconds else ""
            raise NotNow(f"{url} answered {answer.status}.{later}", seconds)
        if answer.status in (401, 403):
            words = (
                f"{url} answered {answer.status}: only feeds that are open to everybody are read."
            )
            raise NotThere(words, answer.status)
        if answer.status != 200:
            raise NotThere(f"{url} answered {answer.status}.", answer.status)

    def _keep(self, url: str, answer: Answer, file: IO[bytes]) -> "_Head":
        declared = whole_number(answer.header("content-length"))
        if declared is not None and declared > self.most_bytes:
            raise self._too_large(url)
        coding = answer.header("content-encoding").lower()
        if coding not in CODINGS:
            raise SourceBroken(f"{url} packs its answer by '{coding}': only gzip is unpacked.")
        written = 0
        for piece in answer.pieces():
            written += len(piece)
            if written > self.most_bytes:
                raise self._too_large(url)
            file.write(piece)
        return _Head(coding=coding, following=_next(answer.header("link"), url))


@dataclass(frozen=True)
class Got:
    """A document.

    Attributes:
        file: unpacked, at its beginning.
        following: the address of the page after it, where the server names one.
    """

    file: IO[bytes]
    following: str | None


@dataclass(frozen=True)
class _Head:
    led_to: str | None = None
    coding: str = ""
    following: str | None = None


_LINK = re.compile(r"<([^>]*)>([^<]*)")
_IS_NEXT = re.compile(r';\s*rel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|next\b)', re.IGNORECASE)


def _next(link: str, url: str) -> str | None:
    """The page after one, as its `Link` names it (RFC 8288)."""
    found = (to for to, parameters in _LINK.findall(link) if _IS_NEXT.search(parameters))
    to = next(found, None)
    return None if to is None else urljoin(url, to)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port (RFC 6454).

    Raises:
        ValueError: there is none in it.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
