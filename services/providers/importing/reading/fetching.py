"""Fetching what somebody else publishes: guarded, bounded in time and size, and tried again."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from services.providers.importing.reading.records import SourceBroken
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
    """It could not be had at that moment: worth another try."""


@dataclass(frozen=True)
class Fetcher:
    """Gets documents from strangers' addresses.

    Attributes:
        http: knows where nothing is fetched from, also after a redirect; of this import alone.
        seconds: for one document, all of it.
        most_bytes: of one document.
        tries: how often a document is asked for that is not given at that moment.
        longest_wait: seconds between two tries at most.
    """

    http: GuardedHttp
    seconds: float
    most_bytes: int
    tries: int = 3
    longest_wait: float = 5.0

    @contextmanager
    def get(self, url: str) -> Iterator[IO[bytes]]:
        """A document as a file, which is gone after the block.

        Raises:
            NotThere: the answer is an error that will not change.
            SourceBroken: it cannot be had, is not allowed, or is too large.
        """
        again = Retrying(
            retry=retry_if_exception_type(NotNow),
            wait=wait_random_exponential(multiplier=0.2, max=self.longest_wait),
            stop=stop_after_attempt(self.tries),
            reraise=True,
        )
        with tempfile.TemporaryFile() as file:
            again(self._fetch, url, file)
            file.seek(0)
            yield file

    def _fetch(self, url: str, file: IO[bytes]) -> None:
        at, led = url, False
        for _ in range(MOST_REDIRECTS + 1):
            file.seek(0)
            file.truncate()
            further = self._step(at, file, led=led)
            if further is None:
                return
            try:
                at = urljoin(at, further)
                led = _origin(at) != _origin(url)
            except ValueError:
                raise SourceBroken(f"{url} redirects to no address: not fetched.") from None
        raise SourceBroken(f"{url} redirects more than {MOST_REDIRECTS} times.")

    def _step(self, url: str, file: IO[bytes], *, led: bool) -> str | None:
        """One answer into the file; or where it redirects to.

        A private address may be named where private ones are allowed; a redirect leads to none.
        """
        headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "identity"}
        try:
            with self.http.exchange(
                "GET", url, headers=headers, within=self.seconds, led=led, whose=_ONE_SOURCE
            ) as answer:
                if answer.status in _REDIRECTS and answer.header("location"):
                    return answer.header("location")
                self._judge(url, answer)
                self._keep(url, answer, file)
        except AddressRefused as refused:
            raise SourceBroken(f"{url} {REFUSALS[refused.reason]}: not fetched.") from None
        except Unreachable as fault:
            words = {
                "timeout": f"did not answer within {self.seconds:g} seconds",
                "unreachable": "cannot be reached",
            }
            raise NotNow(f"{url} {words.get(fault.reason, 'speaks no HTTP')}.") from None
        return None

    def _judge(self, url: str, answer: Answer) -> None:
        if answer.status == 429 or answer.status >= 500:
            raise NotNow(f"{url} answered {answer.status}.")
        if answer.status != 200:
            raise NotThere(f"{url} answered {answer.status}.", answer.status)

    def _keep(self, url: str, answer: Answer, file: IO[bytes]) -> None:
        too_large = SourceBroken(f"{url} gives more than {self.most_bytes:,} bytes.")
        declared = answer.header("content-length")
        if declared.isdigit() and int(declared) > self.most_bytes:
            raise too_large
        zipped = answer.header("content-encoding") in ("gzip", "deflate")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if zipped else None
        written = 0
        for piece in answer.pieces():
            waiting = piece
            while waiting:
                plain, waiting = (
                    (unpack.decompress(waiting, 1 << 20), unpack.unconsumed_tail)
                    if unpack
                    else (waiting, b"")
                )
                written += len(plain)
                if written > self.most_bytes:
                    raise too_large
                file.write(plain)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port (RFC 6454).

    Raises:
        ValueError: there is none in it.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
