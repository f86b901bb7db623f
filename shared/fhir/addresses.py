"""Addresses with a slash too many: ``[base]//Patient``, ``[base]/Patient/7/``.

Clients put a base address with or without its trailing slash before a path with or without a
leading one. Both are the same server to them (FHIR R4 http.html, service base URL). Two slashes
further on are an id that a client forgot, and lead nowhere.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from shared.fhir.http import WhicheverMethod

_TIDIED = "kersey.tidied"


class Untidy:
    """The last endpoint: has an untidy address answered as the tidy one, and else has no answer.

    Args:
        nothing: answers that there is nothing.
        base: the path of the FHIR interface.
    """

    def __init__(self, nothing: Callable[[Request], Response], base: str) -> None:
        self._nothing = WhicheverMethod(nothing)
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        tidy = self._tidied(scope["path"])
        if tidy == scope["path"] or _TIDIED in scope:
            await self._nothing(scope, receive, send)
            return
        scope.update({"path": tidy, "raw_path": tidy.encode(), _TIDIED: True})
        await scope["router"](scope, receive, send)

    def _tidied(self, path: str) -> str:
        below = path.removeprefix(self._base).lstrip("/")
        below = below.removesuffix("/")
        return f"{self._base}/{below}" if below else self._base
