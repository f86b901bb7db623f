"""Answers compressed for clients that take it (RFC 9110, 12.5.3)."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEAST_BYTES = 1024
"""Below, an answer goes in one packet as it is."""
LEVEL = 4
"""Of zlib: JSON becomes hardly smaller beyond, for twice the time."""

_REFUSED = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


class Compression:
    """Gzip for answers below some prefixes. Pure ASGI.

    Args:
        app: what comes after.
        below: the prefixes; what is secret and what a client may choose must not stand in one
            answer there, or its size tells of the secret.
    """

    def __init__(self, app: ASGIApp, *, below: Sequence[str]) -> None:
        self._app = app
        self._below = tuple(below)
        self._gzip = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        await (self._gzip if self._wanted(scope) else self._app)(scope, receive, send)

    def _wanted(self, scope: Scope) -> bool:
        if scope["type"] != "http":
            return False
        path: str = scope["path"]
        if not any(path == each or path.startswith(f"{each}/") for each in self._below):
            return False
        return not _REFUSED.search(Headers(scope=scope).get("accept-encoding", ""))
