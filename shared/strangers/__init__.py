"""Connections to addresses that others registered: webhooks, FHIR rest-hooks, clients' key sets.

Such an address is a stranger's wish. It must not lead us into our own network (a name may resolve
to a private address, and to another one the next time it is asked), not on to a third party by a
redirect, not hold a thread for longer than agreed by answering a byte at a time, and not answer
for another stranger.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shared.strangers.address import Address, AddressRefused, StrangerFault, known
from shared.strangers.connection import Answer, Connection, KeptConnections, Unreachable
from shared.strangers.deadline import Deadline
from shared.trust import system_authorities

__all__ = ["AddressRefused", "Answer", "GuardedHttp", "StrangerFault", "Unreachable"]


class GuardedHttp:
    """Exchanges with strangers. Safe in threads; no redirect is followed.

    Args:
        allow_private: permit plain http and addresses inside one's own network, where somebody
            named them; for development and tests, or where they stand in the same network by
            intention. Never those where clouds tell a machine its secrets, as link-local ones.
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
        whose: str | None = None,
    ) -> Iterator[Answer]:
        """One request, and the answer to be read in the block.

        Args:
            method: of HTTP.
            url: where to.
            headers: beside those of HTTP itself.
            within: seconds for all of it: finding the way, connecting, writing and reading.
            body: what is sent.
            led: whether nobody named the address, but another one's answer led to it: then it must
                be https and public, whatever is allowed to those who name one.
            whose: who registered it, where several addresses are one receiver's: a connection that
                is kept is used for the same one alone, so that nobody on a shared host can answer
                for a neighbour. By default the address is a receiver of its own.

        Raises:
            AddressRefused: before anything is said to it.
            Unreachable: also while the answer is read.
        """
        address = self.check(url, led=led)
        deadline = Deadline(within)
        own = [("Host", address.named), ("Content-Length", str(len(body)))]
        with self._connection(address, whose or url, deadline) as connection:
            yield connection.ask(method, address.target, [*own, *headers.items()], body, deadline)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._kept.close()

    @contextmanager
    def _connection(self, address: Address, whose: str, deadline: Deadline) -> Iterator[Connection]:
        """One for the block; it is kept if the block read the whole answer."""
        origin = address.origin
        kept = self._kept.take(origin, whose)
        connection = kept or Connection(origin, whose, self._trusts, deadline)
        again = False
        try:
            yield connection
            again = connection.begin_anew()
        finally:
            if again:
                self._kept.keep(connection)
            else:
                connection.close()
