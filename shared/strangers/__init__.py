"""Connections to addresses that others registered: webhooks, FHIR rest-hooks, clients' key sets.

Such an address is a stranger's wish. It must not lead us into our own network (a name may resolve
to a private address, and to another one the next time it is asked), not on to a third party by a
redirect, and not hold a thread for longer than agreed by answering a byte at a time.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import h11
import httpcore

from shared.strangers.address import Address, AddressRefused, StrangerFault, known
from shared.strangers.connection import Answer, Connection, Deadline, KeptConnections
from shared.trust import system_authorities

__all__ = ["AddressRefused", "Answer", "GuardedHttp", "StrangerFault", "Unreachable"]


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
        self._trusts = ssl_context or system_authorities()
        self._trusts.set_alpn_protocols(["http/1.1"])
        self._kept = KeptConnections()

    def fault(self, url: str) -> str | None:
        """Why an address may not be registered, as a code; None when it may.

        The name is not resolved here: what it resolves to is checked at every connection.
        """
        try:
            self.check(url)
        except AddressRefused as refused:
            return refused.reason
        return None

    def check(self, url: str, *, led: bool = False) -> Address:
        """Read an address, and refuse what `fault` finds.

        Args:
            url: the address.
            led: see `exchange`.

        Raises:
            AddressRefused: with that fault.
        """
        return known(url, allow_private=self._allow_private and not led)

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
    ) -> Iterator[Answer]:
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
        address = self.check(url, led=led)
        deadline = Deadline(within)
        own = [("Host", address.named), ("Content-Length", str(len(body)))]
        try:
            request = h11.Request(
                method=method, target=address.target, headers=[*own, *headers.items()]
            )
            with self._connection(address, deadline) as connection:
                yield connection.ask(request, body, deadline)
        except httpcore.TimeoutException as error:
            raise Unreachable("timeout") from error
        except (httpcore.NetworkError, socket.gaierror) as error:
            raise Unreachable("unreachable") from error
        except h11.ProtocolError as error:
            raise Unreachable("not-http") from error

    def close(self) -> None:
        """Close the connections that are kept."""
        self._kept.close()

    @contextmanager
    def _connection(self, address: Address, deadline: Deadline) -> Iterator[Connection]:
        """One for the block; it is kept if the block read the whole answer."""
        origin = address.origin
        connection = self._kept.take(origin) or Connection(origin, self._trusts, deadline)
        again = False
        try:
            yield connection
            again = connection.begin_anew()
        finally:
            if again:
                self._kept.keep(connection)
            else:
                connection.close()
