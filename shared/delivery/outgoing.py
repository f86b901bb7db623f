"""Posting to addresses that others registered: webhooks and FHIR rest-hooks.

Such an address is a stranger's wish. It must not lead us into our own network (a name may resolve
to a private address, and to another one the next time it is asked), not on to a third party by a
redirect, and not hold a thread for longer than agreed by answering a byte at a time.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from shared import tracing
from shared.delivery.outcome import Permanent, Receipt, Temporary
from shared.trust import system_authorities

WORTH_ANOTHER_TRY = frozenset([408, 409, 425, 429])
"""Answers below 500 that speak of the moment, not of the request (RFC 9110, RFC 6585, RFC 8470)."""
MOST_ANSWER_BYTES = 64 * 1024

_CARRYING_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""Their last four bytes are an IPv4 address, to which a gateway may lead (RFC 6052, RFC 4291)."""
_LOCAL_TRANSLATIONS = (ipaddress.IPv6Network("64:ff9b:1::/48"),)
"""Whatever an operator's own gateway makes of it (RFC 8215)."""


class OutgoingHttp:
    """Posts a body and turns the answer into a receipt or a kind of failure. Safe in threads.

    Args:
        allow_private: permit plain http and addresses inside one's own network; for development
            and tests, or where receivers stand in the same network by intention.
        timeout_seconds: for the whole exchange, and for each step of it.
        ssl_context: trusts; by default the system's authorities.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_seconds: float = 20.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._timeout = timeout_seconds
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context or system_authorities(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=_GuardedBackend(self._deadline, allow_private=allow_private),
        )

    def fault(self, url: str) -> str | None:
        """Why an address may not be registered, as a code; None when it may.

        The name is not resolved here: what it resolves to is checked at every connection.
        """
        try:
            self._checked(url)
        except Permanent as refused:
            return refused.reason
        return None

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
    ) -> Receipt:
        """Send once, as a step of the trace at hand.

        Args:
            method: POST, or PUT where the receiver keeps what it is sent under that address.
            url: where to.
            body: what is sent.
            headers: beside those of HTTP itself.
            timeout_seconds: shorter than usual, if the receiver wants it so.

        Raises:
            Permanent: the address is not allowed, or the answer will not change.
            Temporary: anything that may pass; the receiver's `Retry-After` is kept.
        """
        self._checked(url)
        within = min(timeout_seconds or self._timeout, self._timeout)
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), within)}
        sent = [*headers.items(), *tracing.header().items()]
        self._deadline.set(within)
        try:
            with self._pool.stream(
                method, url, headers=sent, content=body, extensions=limits
            ) as answer:
                _drain(answer)
                return _judged(answer)
        except httpcore.TimeoutException as error:
            raise Temporary("timeout") from error
        except (httpcore.NetworkError, socket.gaierror) as error:
            raise Temporary("unreachable") from error
        except httpcore.ProtocolError as error:
            raise Temporary("not-http") from error

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _checked(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            known_port = parts.port is None or parts.port > 0
        except ValueError:
            raise Permanent("address-malformed") from None
        if not (url.isascii() and url.isprintable() and parts.hostname and known_port):
            raise Permanent("address-malformed")
        schemes = ("https", "http") if self._allow_private else ("https",)
        if parts.scheme not in schemes:
            raise Permanent("address-not-https")
        if parts.username is not None or parts.fragment:
            raise Permanent("address-malformed")
        if not self._allow_private and _written_private(parts):
            raise Permanent("address-private")


class _Deadline:
    """When the exchange that the current thread is in must be over."""

    def __init__(self) -> None:
        self._here = threading.local()

    def set(self, seconds: float) -> None:
        self._here.at = time.monotonic() + seconds

    def within(self, timeout: float | None) -> float:
        left = float(self._here.at) - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to the very address that was checked, so that a second look-up cannot differ."""

    def __init__(self, deadline: _Deadline, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not self._allow_private and not all(map(_is_public, addresses)):
            raise Permanent("address-private")
        within = self._deadline.within(timeout)
        return _TimedStream(
            self._inner.connect_tcp(addresses[0], port, within, local_address, socket_options),
            self._deadline,
        )


class _TimedStream(httpcore.NetworkStream):
    """A stream on which every step ends with the exchange's deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        within = self._deadline.within(timeout)
        secured = self._inner.start_tls(ssl_context, server_hostname, within)
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _drain(answer: httpcore.Response) -> None:
    """Read what little a receiver may say, so that the connection can be used again."""
    read = 0
    for chunk in answer.iter_stream():
        read += len(chunk)
        if read > MOST_ANSWER_BYTES:
            return


def _judged(answer: httpcore.Response) -> Receipt:
    code = f"http-{answer.status}"
    if 200 <= answer.status < 300:
        return Receipt(code)
    if answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY:
        raise Temporary(code, _retry_after(answer))
    raise Permanent(code)


def _retry_after(answer: httpcore.Response) -> timedelta | None:
    """RFC 9110, section 10.2.3: seconds or a date; what cannot be read was not said."""
    headers = {name.lower(): value for name, value in answer.headers}
    words = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if words.isdigit():
        return timedelta(seconds=min(int(words), 10**7))
    try:
        at = parsedate_to_datetime(words)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)


def _written_private(parts: SplitResult) -> bool:
    """Whether the address is written as a number that is not public."""
    try:
        return not _is_public(parts.hostname or "")
    except ValueError:
        return parts.hostname == "localhost"


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.is_site_local or any(ip in network for network in _LOCAL_TRANSLATIONS):
            return False
        within = ip.ipv4_mapped or ip.sixtofour
        if within is None and any(ip in network for network in _CARRYING_IPV4):
            within = ipaddress.IPv4Address(ip.packed[-4:])
        ip = within or ip
    return ip.is_global and not ip.is_multicast
