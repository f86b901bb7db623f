"""POST [base]/[type] as a route of its own, before all others: nothing to find, nothing to resolve.

FastAPI looks for a route twice where routers are included, and solves the dependencies of each
request anew; together that was a third of what a create took of the event loop. The create itself
is the ordinary one, in a thread: this route only leads to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.fhir.http import as_fhir, outcome, read_body

Create = Callable[[Request, str, bytes], Response]
"""Answers a create of a type from its body."""


class CreateRoute(BaseRoute):
    """Leads every create to the function that the ordinary route has too; errors as there.

    Args:
        create: does it, in a thread.
        prefix: where the FHIR routes stand.
    """

    def __init__(self, create: Create, *, prefix: str) -> None:
        self._create = create
        self._address = re.compile(rf"{re.escape(prefix)}/([A-Za-z]+)")
        self.path = f"{prefix}/{{type_name}}"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is a create; whether of a served type is for `create` to say."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return Match.NONE, {}
        address = self._address.fullmatch(scope["path"])
        if address is None:
            return Match.NONE, {}
        return Match.FULL, {"route": self, "path_params": {"type_name": address[1]}}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a create; see `FhirRoute`."""
        request = Request(scope, receive)
        try:
            body = await read_body(request)
            type_name = scope["path_params"]["type_name"]
            response = await run_in_threadpool(self._create, request, type_name, body)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the last stop, as in FhirRoute
            response = outcome(as_fhir(error), "POST")
        await response(scope, receive, send)
