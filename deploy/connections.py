"""What a connection may cost before a request has come on it, and how it ends with the server."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN = 15.0
"""Seconds from the opening of a connection, or from the first byte after an answer, within which
the head of a request has to be there, whole."""

LINGERS = 0.5
"""Seconds for which a quiet connection is kept after the order to stop: what its client was sending
meanwhile is answered, and the answer says that the connection ends (RFC 9112, section 9.6)."""


class PunctualConnection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, on connections that are closed if they bring no request.

    uvicorn closes those that are quiet after an answer, but waits without an end for a head of
    which something came: some thousand such, and nobody else is let in.

    uvicorn closes quiet ones at the order to stop, and others after an answer that does not say so:
    the next request of a client that asks one after the other was then cut off, every time.
    """

    _until: asyncio.TimerHandle | None = None
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if not self._asked:
            self._expect()
        elif self._until is not None:
            self._until.cancel()
            self._until = None

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._until is not None:
            self._until.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """See `H11Protocol`; what is answered from now on says itself that it is the last."""
        self._ending = True
        if not self._asked:
            self._linger()

    def on_response_complete(self) -> None:
        """See `H11Protocol`; an answer that was begun before the order to stop did not say so."""
        super().on_response_complete()
        if self._ending and not self.transport.is_closing():
            self._linger()

    @property
    def _asked(self) -> bool:
        """Whether a request is here that is not answered yet."""
        # Before the first request there is none, whatever uvicorn annotates.
        return bool(self.cycle) and not self.cycle.response_complete

    def _expect(self) -> None:
        if self._until is None:  # what drips does not win time
            self._until = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def _linger(self) -> None:
        self.loop.call_later(LINGERS, self._give_up)

    def _give_up(self) -> None:
        self._until = None
        if not self._asked:
            self.transport.close()
