"""Connections to strangers that are kept, and one exchange after another on each.

HTTP/1.1 is h11's, on sockets. The connections and pools of a library took most of the processor
time of a webhook, for what is not needed here: proxies, HTTP/2 and requests that wait for each
other.

What comes over a connection is taken for the answer to what was asked last. So whoever may answer
there must never be asked on behalf of another; and what nobody asked for ends the connection.
"""

import select
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import h11

from shared.strangers.address import AddressRefused, Origin, StrangerFault, leads_astray
from shared.strangers.deadline import Deadline
from shared.strangers.names import Names

KEPT = 256
"""Connections that are kept open; a process may have a thousand files open on most machines."""
KEPT_SECONDS = 30.0
"""For which one is kept that nobody uses."""
_PIECE = 64 * 1024
_LONGEST_HEAD = 100 * 1024


class Unreachable(StrangerFault):
    """What may pass: `timeout`, `unreachable` or `not-http`."""


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise Unreachable("timeout") from error
    except OSError as error:
        raise Unreachable("unreachable") from error
    except h11.ProtocolError as error:
        raise Unreachable("not-http") from error


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
        whose: for whose requests alone; see `GuardedHttp.exchange`.
        trusts: the authorities.
        deadline: of the exchange for which it is made.

    Raises:
        AddressRefused: the name leads where nothing may be sent.
        Unreachable: nobody has that name, or is there in time.
    """

    @_faults_named()
    def __init__(
        self, origin: Origin, whose: str, trusts: ssl.SSLContext, deadline: Deadline
    ) -> None:
        self.kept_for = (origin, whose)
        self.since = 0.0
        """Since when nobody uses it."""
        self._deadline = deadline
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._socket = _connected(origin, deadline)
        if origin.scheme == "https":
            self._socket = _secured(self._socket, origin, trusts, deadline)

    @_faults_named()
    def ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes,
        deadline: Deadline,
    ) -> Answer:
        """Send a request, and take the head of the answer.

        Raises:
            Unreachable: the answer is no HTTP, or the request is none; the connection broke; there
                was no answer in time.
        """
        self._deadline = deadline
        request = h11.Request(method=method, target=target, headers=headers)
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        self._write(b"".join(self._protocol.send(each) or b"" for each in events))
        while isinstance(head := self._next(), h11.InformationalResponse):
            continue
        if not isinstance(head, h11.Response):
            raise h11.RemoteProtocolError("no answer")
        return Answer(head, self._body())

    def begin_anew(self) -> bool:
        """Make ready for another request; False where that cannot be.

        It cannot be after half an answer, and not after more than one: the rest would be taken for
        the answer to the next request.
        """
        protocol = self._protocol
        ended = protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
        if not ended or protocol.trailing_data != (b"", False):
            return False
        protocol.start_next_cycle()
        return True

    @property
    def fresh(self) -> bool:
        """Whether it may be used after it was kept: nothing has come since, be it an answer too
        many or the end of the connection."""
        return time.monotonic() - self.since < KEPT_SECONDS and not self._readable()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _readable(self) -> bool:
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(0))

    def _write(self, rest: bytes) -> None:
        """All of it, within the deadline: `sendall` over TLS begins anew with each piece."""
        left = memoryview(rest)
        with suppress(ConnectionError, ssl.SSLError):  # it may have answered before it heard all
            while left:
                self._socket.settimeout(self._deadline.left)
                left = left[self._socket.send(left) :]

    def _body(self) -> Iterator[bytes]:
        with _faults_named():
            while isinstance(event := self._next(), h11.Data):
                yield bytes(event.data)

    def _next(self) -> object:
        """The next event, as h11 calls what it has read."""
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._socket.settimeout(self._deadline.left)
            self._protocol.receive_data(self._socket.recv(_PIECE))
        return event


_NAMES = Names()


def _connected(origin: Origin, deadline: Deadline) -> socket.socket:
    """A socket to the very address that was checked, so that a second look-up cannot differ."""
    addresses = _NAMES.addresses(origin.host, deadline)
    if any(leads_astray(each, allow_private=origin.allow_private) for each in addresses):
        raise AddressRefused("address-private")
    *others, last = addresses
    for address in others:  # of a name with several, one that answers is enough
        with suppress(OSError):
            return _at(address, origin.port, deadline)
    return _at(last, origin.port, deadline)


def _at(address: str, port: int, deadline: Deadline) -> socket.socket:
    connected = socket.create_connection((address, port), deadline.left)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _secured(
    connected: socket.socket, origin: Origin, trusts: ssl.SSLContext, deadline: Deadline
) -> ssl.SSLSocket:
    try:
        connected.settimeout(deadline.left)
        return trusts.wrap_socket(connected, server_hostname=origin.host)
    except BaseException:
        connected.close()
        raise


class KeptConnections:
    """Connections that nobody uses at the moment, by whom they lead to and for whose requests.

    Safe in threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_owner: dict[tuple[Origin, str], list[Connection]] = defaultdict(list)
        self._oldest_first: dict[Connection, None] = {}

    def take(self, origin: Origin, whose: str) -> Connection | None:
        """The one to somebody that was used last, if it is still good."""
        while connection := self._taken((origin, whose)):
            if connection.fresh:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep one that was used; those that are too many or too old are closed."""
        connection.since = time.monotonic()
        with self._lock:
            self._oldest_first[connection] = None
            self._by_owner[connection.kept_for].append(connection)
            spare = self._spared(connection.since - KEPT_SECONDS)
        _close(spare)

    def close(self) -> None:
        """Close all."""
        with self._lock:
            kept = list(self._oldest_first)
            self._oldest_first.clear()
            self._by_owner.clear()
        _close(kept)

    def _taken(self, owner: tuple[Origin, str]) -> Connection | None:
        with self._lock:
            theirs = self._by_owner.get(owner)
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
        theirs = self._by_owner[connection.kept_for]
        theirs.remove(connection)
        if not theirs:
            del self._by_owner[connection.kept_for]


def _close(connections: Iterable[Connection]) -> None:
    for each in connections:
        each.close()
