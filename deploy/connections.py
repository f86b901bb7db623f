"""What a connection may cost before a request has come on it."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN = 15.0
"""Seconds from the opening of a connection, or from the first byte after an answer, within which
the head of a request has to be there, whole."""


class PunctualConnection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, on connections that are closed if they bring no request.

    uvicorn closes those that are quiet after an answer, but waits without an end for a head of
    which something came: some thousand such, and nobody else is let in.
    """

    _until: asyncio.TimerHandle | None = None

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

    @property
    def _asked(self) -> bool:
        """Whether a request is here that is not answered yet."""
        # Before the first request there is none, whatever uvicorn annotates.
        return bool(self.cycle) and not self.cycle.response_complete

    def _expect(self) -> None:
        if self._until is None:  # what drips does not win time
            self._until = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def _give_up(self) -> None:
        self._until = None
        if not self._asked:
            self.transport.close()
