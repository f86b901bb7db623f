"""An app that is asked in this process: its lifespan runs, a request is one turn of its loop.

Starlette's own client takes seven turns for a request, each with a change of threads; that was a
third of the processor time of a test that asks thousands.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from fastapi.testclient import TestClient


@contextmanager
def within(
    app: FastAPI,
    base_url: str = "http://testserver",
    *,
    raising: bool = True,
    address: str = "127.0.0.1",
) -> Iterator[httpx.Client]:
    """A client of the app, for the block. Safe to share between threads.

    Args:
        app: what is asked.
        base_url: where it believes to be.
        raising: whether an error that the app does not answer is raised where it was asked.
        address: from which it is asked.
    """
    with TestClient(app, base_url=base_url) as living:
        assert living.portal
        asked = httpx.ASGITransport(app, raise_app_exceptions=raising, client=(address, 1234))
        turn = _Turn(asked, living.portal)
        with httpx.Client(transport=turn, base_url=base_url, follow_redirects=True) as client:
            yield client


class _Turn(httpx.BaseTransport):
    """One turn of the app's loop for each request."""

    def __init__(self, app: httpx.ASGITransport, portal: BlockingPortal) -> None:
        self._app = app
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        return self._portal.call(self._answered, request)

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(request.stream, httpx.AsyncByteStream):
            request.stream = _Sent(request.stream)
        answer = await self._app.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in answer.stream])
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body)
        )


class _Sent(httpx.AsyncByteStream):
    """A body that is made piece by piece, of an iterator that knows no loop."""

    def __init__(self, pieces: httpx.SyncByteStream) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
