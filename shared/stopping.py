"""That the server is to stop: requests know of it, and answers say that no more are taken.

An answer that goes on until its reader leaves ends then by itself. Otherwise a server that finishes
what was begun waits for it, and cuts it off in the end. The server says so in the scope of each
request, as an extension (ASGI 3.0, section "Extensions").

Every other answer says ``Connection: close`` from then on: a client that asks one thing after the
other on one connection would send its next request into one that closes, and could not know
whether it was done.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXTENSION = "kersey.stopping"

T = TypeVar("T")


class TellsStopping:
    """Has each request know of the event that is set when the server is to stop, and its client.

    Args:
        app: is told.
        stopping: set by the server, in its event loop.
    """

    def __init__(self, app: ASGIApp, stopping: asyncio.Event) -> None:
        self._app = app
        self._stopping = stopping
        self._own = {EXTENSION: stopping}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and self._stopping.is_set():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        scope["extensions"] = {**(scope.get("extensions") or {}), **self._own}
        await self._app(scope, receive, telling)


def stopping_of(scope: Scope) -> asyncio.Event:
    """The event that is set when the server of a request is to stop; one that never is, where the
    server does not say."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, asyncio.Event) else asyncio.Event()


async def unless_stopping(wanted: Awaitable[T], stopping: asyncio.Event) -> T | None:
    """Wait for something, but not longer than the server runs.

    Args:
        wanted: is cancelled when the server is to stop.
        stopping: see `stopping_of`.

    Returns:
        None where the server is to stop first.
    """
    both = asked, _ = asyncio.ensure_future(wanted), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return asked.result() if asked.done() else None
    finally:
        for each in both:
            each.cancel()
        await asyncio.wait(both)
