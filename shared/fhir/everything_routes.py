"""`$everything` as routes (R4 patient-operation-everything.html).

Included before the routes of one resource, of whose ids the operation's name is none.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import described
from shared.fhir.everything import EVERYTHING, EVERYTHING_OF
from shared.fhir.forms import parameter_pairs
from shared.fhir.http import FHIR_JSON, JSON, Body, answer, answer_format, require_content_type
from shared.fhir.interactions import Interactions, Pairs
from shared.fhir.json import parse
from shared.fhir.nowhere import READS, no_other_methods
from shared.fhir.search.query import parse_query


def everything_routes(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    """Add the routes.

    Args:
        router: of the FHIR interface.
        server: its interactions.
        principal: who makes a request.
    """
    for of in EVERYTHING_OF:
        _routes(router, server, principal, of)


def _routes(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal], of: str
) -> None:
    def around(request: Request, logical_id: str | None, sent: Pairs = ()) -> Response:
        who = principal(request)
        server.served(of)
        media_type = answer_format(request)
        pairs = [*parse_query(request.url.query), *sent]
        return answer(server.around(who, of, logical_id, EVERYTHING, pairs), media_type)

    def sent_by(request: Request, body: bytes) -> Pairs:
        server.allow(principal(request), of, "read")
        if not body:
            return ()
        require_content_type(request, FHIR_JSON, JSON)
        return parameter_pairs(parse(body))

    @router.get(
        f"/{of}/{EVERYTHING}", responses=described.OPERATION, openapi_extra=described.EVERYTHING
    )
    def everything_of_all(request: Request) -> Response:
        """The same of every resource of the type that the client may read."""
        return around(request, None)

    @router.post(
        f"/{of}/{EVERYTHING}",
        responses=described.OPERATION,
        openapi_extra=described.PARAMETERS_BODY,
    )
    def everything_of_all_by_parameters(request: Request, body: Body) -> Response:
        """The same, asked by a Parameters resource."""
        return around(request, None, sent_by(request, body))

    @router.get(
        f"/{of}/{{logical_id}}/{EVERYTHING}",
        responses=described.OPERATION,
        openapi_extra=described.EVERYTHING,
    )
    def everything(request: Request, logical_id: str) -> Response:
        """The resource, what belongs to it, and what they refer to."""
        return around(request, logical_id)

    @router.post(
        f"/{of}/{{logical_id}}/{EVERYTHING}",
        responses=described.OPERATION,
        openapi_extra=described.PARAMETERS_BODY,
    )
    def everything_by_parameters(request: Request, logical_id: str, body: Body) -> Response:
        """The same, asked by a Parameters resource."""
        return around(request, logical_id, sent_by(request, body))

    for path in (f"/{of}/{EVERYTHING}", f"/{of}/{{logical_id}}/{EVERYTHING}"):
        no_other_methods(router, path, *READS, "POST", principal=principal)
