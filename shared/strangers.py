"""Connections to addresses that others registered: webhooks, FHIR rest-hooks, clients' key sets.

Such an address is a stranger's wish. It must not lead us into our own network (a name may resolve
to a private address, and to another one the next time it is asked), not on to a third party by a
redirect, and not hold a thread for longer than agreed by answering a byte at a time.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zlib import crc32

import httpcore

from shared.trust import system_authorities

KEPT = 256
"""Connections that are kept open; a process may have a thousand files open on most machines."""
POOLS = 64
"""Pools among which the hosts are spread: one looks at all that it has, twice, at each request."""

_CARRYING_IPV4 = tuple(
    ipaddress.IPv6Network(each) for each in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")
)
"""Their last four bytes are an IPv4 address, to which a gateway may lead (RFC 6052, RFC 4291,
RFC 7915)."""
_SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")
)
"""Of IANA's special-purpose registries, what Python's own list takes for public."""
_LOCAL_TRANSLATIONS = (ipaddress.IPv6Network("64:ff9b:1::/48"),)
"""Whatever an operator's own gateway makes of it (RFC 8215)."""

_Pools = list[httpcore.ConnectionPool]


class StrangerFault(Exception):
    """Why an exchange with a stranger came to nothing.

    Args:
        reason: as a code.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressRefused(StrangerFault):
    """An address to which nothing is sent and from which nothing is fetched."""


class Unreachable(StrangerFault):
    """What may pass: `timeout`, `unreachable` or `not-http`."""


class GuardedHttp:
    """Exchanges with strangers. Safe in threads; no redirect is followed.

    Args:
        allow_private: permit plain http and addresses inside one's own network, where somebody
            named them; for development and tests, or where they stand in the same network by
            intention. Link-local ones never: there clouds tell a machine its secrets.
        ssl_context: trusts; by default the system's authorities.
    """

    def __init__(self, *, allow_private: bool, ssl_context: ssl.SSLContext | None = None) -> None:
        self._allow_private = allow_private
        self._deadline = _Deadline()
        self._trusts = ssl_context or system_authorities()
        self._pools = self._made(allow_private=allow_private)
        self._public = self._made(allow_private=False) if allow_private else self._pools

    def _made(self, *, allow_private: bool) -> _Pools:
        """Pools apart, since a kept connection is not checked again."""
        backend = _GuardedBackend(self._deadline, allow_private=allow_private)
        return [
            httpcore.ConnectionPool(
                ssl_context=self._trusts,
                max_connections=100,
                max_keepalive_connections=KEPT // POOLS,
                keepalive_expiry=30.0,
                network_backend=backend,
            )
            for _ in range(POOLS)
        ]

    def fault(self, url: str) -> str | None:
        """Why an address may not be registered, as a code; None when it may.

        The name is not resolved here: what it resolves to is checked at every connection.
        """
        try:
            self.check(url)
        except AddressRefused as refused:
            return refused.reason
        return None

    @contextmanager
    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        within: float,
        body: bytes = b"",
        led: bool = False,
    ) -> Iterator[httpcore.Response]:
        """One request, and the answer to be read in the block.

        Args:
            method: of HTTP.
            url: where to.
            headers: beside those of HTTP itself.
            within: seconds for all of it, the reading too.
            body: what is sent.
            led: whether nobody named the address, but another one's answer led to it: then it must
                be https and public, whatever is allowed to those who name one.

        Raises:
            AddressRefused: before anything is said to it.
            Unreachable: also while the answer is read.
        """
        self.check(url, led=led)
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), within)}
        self._deadline.set(within)
        try:
            with self._pool(url, self._public if led else self._pools).stream(
                method, url, headers=list(headers.items()), content=body, extensions=limits
            ) as answer:
                yield answer
        except httpcore.TimeoutException as error:
            raise Unreachable("timeout") from error
        except (httpcore.NetworkError, socket.gaierror) as error:
            raise Unreachable("unreachable") from error
        except httpcore.ProtocolError as error:
            raise Unreachable("not-http") from error

    def close(self) -> None:
        """Close the connections that are kept."""
        for pool in (*self._pools, *self._public):
            pool.close()

    def _pool(self, url: str, pools: _Pools) -> httpcore.ConnectionPool:
        return pools[crc32(urlsplit(url).netloc.encode()) % POOLS]

    def check(self, url: str, *, led: bool = False) -> None:
        """Refuse what `fault` finds.

        Args:
            url: the address.
            led: see `exchange`.

        Raises:
            AddressRefused: with that fault.
        """
        try:
            parts = urlsplit(url)
            known_port = parts.port is None or parts.port > 0
            (parts.hostname or "").encode("idna")  # or resolving it would break on its labels
        except ValueError:
            raise AddressRefused("address-malformed") from None
        if not (url.isascii() and url.isprintable() and parts.hostname and known_port):
            raise AddressRefused("address-malformed")
        private = self._allow_private and not led
        schemes = ("https", "http") if private else ("https",)
        if parts.scheme not in schemes:
            raise AddressRefused("address-not-https")
        if parts.username is not None or parts.fragment:
            raise AddressRefused("address-malformed")
        if _written_refused(parts, allow_private=private):
            raise AddressRefused("address-private")


def header_of(answer: httpcore.Response, name: str) -> str:
    """A header of an answer; empty if it is not there.

    Args:
        answer: the answer.
        name: in lower case.
    """
    headers = {key.lower(): value for key, value in answer.headers}
    return headers.get(name.encode(), b"").decode("latin-1").strip()


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
        if any(_refused(each, allow_private=self._allow_private) for each in addresses):
            raise AddressRefused("address-private")
        *others, last = addresses
        for address in others:  # of a name with several, one that answers is enough
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, timeout, local_address, socket_options)
        return self._connected(last, port, timeout, local_address, socket_options)

    def _connected(
        self, address: str, port: int, timeout: float | None, *how: Any
    ) -> httpcore.NetworkStream:
        within = self._deadline.within(timeout)
        return _TimedStream(self._inner.connect_tcp(address, port, within, *how), self._deadline)


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


def _written_refused(parts: SplitResult, *, allow_private: bool) -> bool:
    """Whether the address is written as a number to which nobody is led."""
    try:
        return _refused(parts.hostname or "", allow_private=allow_private)
    except ValueError:
        return parts.hostname == "localhost" and not allow_private


def _refused(address: str, *, allow_private: bool) -> bool:
    if not allow_private:
        return not _is_public(address)
    ip = ipaddress.ip_address(address.partition("%")[0])
    return bool((getattr(ip, "ipv4_mapped", None) or ip).is_link_local)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.is_site_local or any(ip in network for network in _LOCAL_TRANSLATIONS):
            return False
        within = ip.ipv4_mapped or ip.sixtofour
        if within is None and any(ip in network for network in _CARRYING_IPV4):
            within = ipaddress.IPv4Address(ip.packed[-4:])
        ip = within or ip
    special = any(ip.version == each.version and ip in each for each in _SPECIAL)
    return ip.is_global and not ip.is_multicast and not special
