"""Posting to addresses that others registered: webhooks and FHIR rest-hooks."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shared import tracing
from shared.delivery.outcome import Permanent, Receipt, Temporary
from shared.strangers import AddressRefused, Answer, GuardedHttp, Unreachable

WORTH_ANOTHER_TRY = frozenset([408, 409, 425, 429])
"""Answers below 500 that speak of the moment, not of the request (RFC 9110, RFC 6585, RFC 8470)."""
MOST_ANSWER_BYTES = 64 * 1024
_DIGITS = 20
"""Of a number of seconds that are read; it is too large long before."""


class OutgoingHttp:
    """Posts a body and turns the answer into a receipt or a kind of failure. Safe in threads.

    Args:
        allow_private: see `GuardedHttp`.
        timeout_seconds: for the whole exchange.
        ssl_context: trusts; by default the system's authorities.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_seconds: float = 20.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout = timeout_seconds
        self._http = GuardedHttp(allow_private=allow_private, ssl_context=ssl_context)

    def fault(self, url: str) -> str | None:
        """Why an address may not be registered, as a code; see `GuardedHttp.fault`."""
        return self._http.fault(url)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """Post once; see `send`."""
        return self.send("POST", url, body, headers)

    def send(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_seconds: float | None = None,
        whose: str | None = None,
    ) -> Receipt:
        """Send once, as a step of the trace at hand.

        Args:
            method: POST, or PUT where the receiver keeps what it is sent under that address.
            url: where to.
            body: what is sent.
            headers: beside those of HTTP itself.
            timeout_seconds: shorter than usual, if the receiver wants it so.
            whose: see `GuardedHttp.exchange`.

        Raises:
            Permanent: the address is not allowed, or the answer will not change.
            Temporary: anything that may pass; the receiver's `Retry-After` is kept.
        """
        within = min(timeout_seconds or self._timeout, self._timeout)
        sent = {**headers, **tracing.header()}
        try:
            with self._http.exchange(
                method, url, headers=sent, body=body, within=within, whose=whose
            ) as answer:
                _drain(answer)
        except AddressRefused as refused:
            raise Permanent(refused.reason) from refused
        except Unreachable as error:
            raise Temporary(error.reason) from error
        return _judged(answer)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._http.close()


def _drain(answer: Answer) -> None:
    """Read what little a receiver may say, so that the connection can be used again."""
    read = 0
    for chunk in answer.pieces():
        read += len(chunk)
        if read > MOST_ANSWER_BYTES:
            return


def _judged(answer: Answer) -> Receipt:
    code = f"http-{answer.status}"
    if 200 <= answer.status < 300:
        return Receipt(code)
    if answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY:
        raise Temporary(code, _retry_after(answer))
    raise Permanent(code)


def _retry_after(answer: Answer) -> timedelta | None:
    """RFC 9110, section 10.2.3: seconds or a date; what cannot be read was not said."""
    words = answer.header("retry-after")
    if words.isascii() and words.isdigit():
        return timedelta(seconds=min(int(words[:_DIGITS]), 10**7))
    try:
        at = parsedate_to_datetime(words)
    except (ValueError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
