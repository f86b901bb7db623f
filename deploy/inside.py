"""Requests from one service to another in the same process: as over HTTP, without the socket."""

import asyncio
from contextvars import Context

import httpx
from starlette.types import ASGIApp

HERE = ("127.0.0.1", 0)
"""From where they come, as from any other service of this machine."""

STREAM = "text/event-stream"


class Inside(httpx.AsyncBaseTransport):
    """Hands requests to an app of this process.

    They pass through all that requests from outside do: rate limits, tokens, ids. What is left out
    is writing each down as text and reading it again, twice: some four milliseconds of processor
    time, which pages that ask several services take from each other.

    Args:
        app: answers.
        otherwise: takes what goes on until its reader leaves: an answer is handed over whole here.
    """

    def __init__(self, app: ASGIApp, otherwise: httpx.AsyncBaseTransport) -> None:
        self._app = httpx.ASGITransport(app, raise_app_exceptions=False, client=HERE)
        self._otherwise = otherwise

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            httpx.ReadTimeout: it took longer than the client waits.
        """
        if request.headers.get("accept") == STREAM:
            return await self._otherwise.handle_async_request(request)
        # In a context of its own: what is bound to the log of the one who asks stays theirs.
        answering = asyncio.get_running_loop().create_task(
            self._app.handle_async_request(request), context=Context()
        )
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            await asyncio.wait({answering}, timeout=patience)
            if answering.done():
                return answering.result()
        finally:  # whoever asked waits no more, or has left
            answering.cancel()
        raise httpx.ReadTimeout("no answer in time", request=request)

    async def aclose(self) -> None:
        """Close what the streams go through."""
        await self._otherwise.aclose()
