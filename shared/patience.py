"""How long a request's body may take: a client that stops in the middle is not waited for."""

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BEGINS_WITHIN = 30.0
"""Seconds that any body may take, however little of it has come."""
SLOWEST = 10_000
"""Bytes per second that a body has to come with beyond that, on the average."""


class BodyPatience:
    """Gives a body up whose sender has stopped, or lets it drip: 408, and the connection closes.

    What a body takes in memory and in connections is held for no longer than its sender works at it
    (RFC 9110, section 15.5.9). Uploads that are long in coming are taken, if they keep coming.

    Args:
        app: what comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        until = asyncio.get_running_loop().time() + BEGINS_WITHIN
        whole = False

        async def waited_for() -> Message:
            nonlocal until, whole
            if whole:  # what is waited for now is that the client leaves
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise _too_late() from None
            until += len(message.get("body", b"")) / SLOWEST
            whole = not message.get("more_body", False)
            return message

        await self._app(scope, waited_for, send)


def _too_late() -> HTTPException:
    # Of this kind, because FastAPI takes any other error in a body for bad JSON.
    status = HTTPStatus.REQUEST_TIMEOUT
    words = "The rest of the body did not come in time. Send it again, whole."
    return HTTPException(status, words, headers={"Connection": "close"})
