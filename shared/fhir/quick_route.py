"""GET [base]/[type]/[id] as a route of its own, before all others: no thread, nothing to resolve.

It answers the plain case: a token that was verified a moment ago, a type that its scopes let it
read, no conditions, no parameters, a document that is there. Everything else, and whatever has to
be said of it, is left to the ordinary route, so that there is one place which decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.auth import Principal, verified
from shared.fhir.http import FHIR_JSON, JSON, version_headers
from shared.fhir.quick import QuickReader
from shared.fhir.search.parameters import Types
from shared.fhir.store import Access, Stored
from shared.scopes import may

_LEFT = "kersey.left_to_the_ordinary_way"
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since", b"range"})
_ACCEPTED = {
    b"": FHIR_JSON,
    b"*/*": FHIR_JSON,
    FHIR_JSON.encode(): FHIR_JSON,
    JSON.encode(): JSON,
}
"""What most clients send as `Accept`; anything longer is weighed by the ordinary way."""


class QuickReads(BaseRoute):
    """Answers what can be answered at once.

    Args:
        reader: reads in the event loop; held open by the caller.
        types: the served types, with what clients may do with each.
        access: the parties that a principal reads as.
        prefix: where the FHIR routes stand.
    """

    def __init__(
        self,
        reader: QuickReader,
        *,
        types: Types,
        access: Callable[[Principal], Access],
        prefix: str = "/fhir",
    ) -> None:
        self._reader = reader
        self._access = access
        self._address = re.compile(rf"{prefix}/([A-Za-z]+)/([A-Za-z0-9.\-]{{1,64}})")
        self._readable = {name for name, each in types.items() if each.offers("read")}
        self.path = f"{prefix}/{{type_name}}/{{logical_id}}"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is plain enough."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return Match.NONE, {}
        address = self._address.fullmatch(scope["path"])
        principal = verified(scope)
        if address is None or principal is None or not principal.organisation or _LEFT in scope:
            return Match.NONE, {}
        type_name, logical_id = address.groups()
        headers = dict(scope["headers"])
        plain = headers.get(b"accept", b"") in _ACCEPTED and _CONDITIONS.isdisjoint(headers)
        if not plain or type_name not in self._readable or not may(principal, type_name, "r"):
            return Match.NONE, {}
        return Match.FULL, {
            "route": self,
            "path_params": {"type_name": type_name, "logical_id": logical_id},
        }

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the ordinary route answer."""
        principal = verified(scope)
        assert principal is not None
        found = await self._reader.read(**scope["path_params"], access=self._access(principal))
        if found is None:
            scope[_LEFT] = True
            await scope["router"](scope, receive, send)
            return
        accept = dict(scope["headers"]).get(b"accept", b"")
        await _send(found, _ACCEPTED[accept], send)


async def _send(stored: Stored, media_type: str, send: Send) -> None:
    body = stored.body.encode()
    headers = version_headers(stored) | {
        "content-type": f"{media_type}; charset=utf-8",
        "content-length": str(len(body)),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await send({"type": "http.response.body", "body": body})
