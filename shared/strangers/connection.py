"""Connections to strangers that are kept, and one exchange after another on each.

HTTP/1.1 is h11's, and the stream below it httpcore's. httpcore's own connections and pools between
the two took most of the processor time of a webhook, for what is not needed here: proxies, HTTP/2
and requests that wait for each other.
"""

import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import h11
import httpcore

from shared.strangers.address import AddressRefused, Origin, leads_astray

KEPT = 256
"""Connections that are kept open; a process may have a thousand files open on most machines."""
KEPT_SECONDS = 30.0
"""For which one is kept that nobody uses."""
_PIECE = 64 * 1024
_LONGEST_HEAD = 100 * 1024


class Deadline:
    """The end of an exchange.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then.

        Raises:
            httpcore.ReadTimeout: there are none.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class Answer:
    """What a stranger answered: its head, and the body while it is read.

    Attributes:
        status: of HTTP.
        headers: by name, in lower case; of several the last.
    """

    def __init__(self, head: h11.Response, body: Iterator[bytes]) -> None:
        self.status = head.status_code
        self.headers: Mapping[bytes, bytes] = dict(head.headers)
        self._body = body

    def header(self, name: str) -> str:
        """A header; empty if it is not there.

        Args:
            name: in lower case.
        """
        return self.headers.get(name.encode(), b"").decode("latin-1").strip()

    def pieces(self) -> Iterator[bytes]:
        """The body, as it comes."""
        return self._body


class Connection:
    """A connection that one exchange uses at a time.

    Args:
        origin: whom it leads to.
        trusts: the authorities.
        deadline: of the exchange for which it is made.

    Raises:
        AddressRefused: the name leads where nothing may be sent.
        httpcore.NetworkError: nobody is there.
        httpcore.TimeoutException: nobody was there in time.
        socket.gaierror: nobody has that name.
    """

    def __init__(self, origin: Origin, trusts: ssl.SSLContext, deadline: Deadline) -> None:
        self.origin = origin
        self.since = 0.0
        """Since when nobody uses it."""
        self._deadline = deadline
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        stream = _connected(origin, deadline)
        if origin.scheme == "https":
            stream = stream.start_tls(trusts, origin.host, deadline.left)
        self._stream = stream

    def ask(self, request: h11.Request, body: bytes, deadline: Deadline) -> Answer:
        """Send a request, and take the head of the answer.

        Raises:
            h11.ProtocolError: the answer is no HTTP, or the request is none.
            httpcore.NetworkError: the connection broke.
            httpcore.TimeoutException: there was no answer in time.
        """
        self._deadline = deadline
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        sent = b"".join(self._protocol.send(each) or b"" for each in events)
        with suppress(httpcore.WriteError):  # it may have answered before it had heard all
            self._stream.write(sent, deadline.left)
        while isinstance(head := self._next(), h11.InformationalResponse):
            continue
        if not isinstance(head, h11.Response):
            raise h11.RemoteProtocolError("no answer")
        return Answer(head, self._body())

    def begin_anew(self) -> bool:
        """Make ready for another request; False where that cannot be, as after half an answer."""
        if self._protocol.our_state is not h11.DONE or self._protocol.their_state is not h11.DONE:
            return False
        self._protocol.start_next_cycle()
        return True

    @property
    def fresh(self) -> bool:
        """Whether it may be used after it was kept: a readable one was ended by the other side."""
        young = time.monotonic() - self.since < KEPT_SECONDS
        return young and not self._stream.get_extra_info("is_readable")

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def _body(self) -> Iterator[bytes]:
        while isinstance(event := self._next(), h11.Data):
            yield bytes(event.data)

    def _next(self) -> object:
        """The next event, as h11 calls what it has read."""
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(self._stream.read(_PIECE, self._deadline.left))
        return event


def _connected(origin: Origin, deadline: Deadline) -> httpcore.NetworkStream:
    """A stream to the very address that was checked, so that a second look-up cannot differ."""
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if any(leads_astray(each, allow_private=origin.allow_private) for each in addresses):
        raise AddressRefused("address-private")
    *others, last = addresses
    for address in others:  # of a name with several, one that answers is enough
        with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
            return _BACKEND.connect_tcp(address, origin.port, deadline.left)
    return _BACKEND.connect_tcp(last, origin.port, deadline.left)


_BACKEND = httpcore.SyncBackend()


class KeptConnections:
    """Connections that nobody uses at the moment, by whom they lead to. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_origin: dict[Origin, list[Connection]] = defaultdict(list)
        self._oldest_first: dict[Connection, None] = {}

    def take(self, origin: Origin) -> Connection | None:
        """The one to somebody that was used last, if it is still good."""
        while connection := self._taken(origin):
            if connection.fresh:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep one that was used; those that are too many or too old are closed."""
        connection.since = time.monotonic()
        with self._lock:
            self._oldest_first[connection] = None
            self._by_origin[connection.origin].append(connection)
            spare = self._spared(connection.since - KEPT_SECONDS)
        _close(spare)

    def close(self) -> None:
        """Close all."""
        with self._lock:
            kept = list(self._oldest_first)
            self._oldest_first.clear()
            self._by_origin.clear()
        _close(kept)

    def _taken(self, origin: Origin) -> Connection | None:
        with self._lock:
            theirs = self._by_origin.get(origin)
            if not theirs:
                return None
            taken = theirs[-1]
            self._forget(taken)
            return taken

    def _spared(self, before: float) -> list[Connection]:
        spare = []
        while self._oldest_first:
            oldest = next(iter(self._oldest_first))
            if len(self._oldest_first) <= KEPT and oldest.since > before:
                break
            self._forget(oldest)
            spare.append(oldest)
        return spare

    def _forget(self, connection: Connection) -> None:
        del self._oldest_first[connection]
        theirs = self._by_origin[connection.origin]
        theirs.remove(connection)
        if not theirs:
            del self._by_origin[connection.origin]


def _close(connections: Iterable[Connection]) -> None:
    for each in connections:
        each.close()
