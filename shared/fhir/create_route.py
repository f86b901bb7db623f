"""POST [base]/[type] as a route of its own, before all others: nothing to find, nothing to resolve.

FastAPI looks for a route twice where routers are included, and solves the dependencies of each
request anew; together that was a third of what a create took of the event loop. What is done and
answered is what the ordinary route does and answers: creates that come together are done together
where they can be, and the others by the same function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.auth import Principal, verified
from shared.fhir.http import admit, as_fhir, outcome, read_body
from shared.fhir.together import Asked, Together

LARGEST = 64 * 1024
"""Bytes of a body that is checked in the same thread as others."""


class CreateRoute(BaseRoute):
    """Answers creates as the ordinary route does, errors included.

    Args:
        create: does one, in a thread.
        together: what does a client's creates of a type with others; None where nothing does.
        principal: who makes a request; raises `Unauthenticated`.
        types: that are served.
        prefix: where the FHIR routes stand.
    """

    def __init__(
        self,
        create: Callable[[Asked], Response],
        together: Callable[[Principal, str], tuple[Together[Any, Any], Hashable] | None],
        principal: Callable[[Request], Principal],
        *,
        types: Collection[str],
        prefix: str,
    ) -> None:
        self._create = create
        self._together = together
        self._principal = principal
        self._types = frozenset(types)
        self._address = re.compile(rf"{re.escape(prefix)}/([A-Za-z]+)")
        self.path = f"{prefix}/{{type_name}}"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is a create of a served type."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return Match.NONE, {}
        address = self._address.fullmatch(scope["path"])
        if address is None or address[1] not in self._types:
            return Match.NONE, {}
        return Match.FULL, {"route": self, "path_params": {"type_name": address[1]}}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a create; see `FhirRoute`."""
        request = Request(scope, receive)
        try:
            await admit(request, self._principal)
            body = await read_body(request)
            asked = Asked(request, scope["path_params"]["type_name"], body)
            response = await self._answer(asked)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the last stop, as in FhirRoute
            response = outcome(as_fhir(error), "POST")
        await response(scope, receive, send)

    async def _answer(self, asked: Asked) -> Response:
        # Whose token is not verified yet may have to wait for the issuer's keys: not with others.
        who = verified(asked.request.scope)
        if who is not None and len(asked.body) <= LARGEST:
            found = self._together(who, asked.type_name)
            response = await found[0].answer(asked, found[1]) if found else None
            if response is not None:
                return response
        return await run_in_threadpool(self._create, asked)
