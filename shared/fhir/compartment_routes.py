"""Compartments as routes (FHIR R4 http.html, search).

Included after the routes of one resource, whose ``_history`` and ``$validate`` come first.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import described
from shared.fhir.compartments import ALL
from shared.fhir.described import TypeName
from shared.fhir.forms import form_pairs
from shared.fhir.http import Body, Prefer, answer, answer_format
from shared.fhir.interactions import Interactions
from shared.fhir.search.query import parse_query


def compartment_routes(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    """Add the routes.

    Args:
        router: of the FHIR interface.
        server: its interactions.
        principal: who makes a request.
    """

    @router.get(f"/{{type_name}}/{{logical_id}}/{ALL}", responses=described.SEARCH)
    def search_all(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """All of a compartment."""
        who = principal(request)
        server.served(type_name)
        media_type = answer_format(request)
        pairs = parse_query(request.url.query)
        return answer(server.around(who, type_name, logical_id, ALL, pairs), media_type)

    @router.get("/{type_name}/{logical_id}/{inner}", responses=described.SEARCH)
    def search(request: Request, type_name: TypeName, logical_id: str, inner: str) -> Response:
        """Search one type in a compartment."""
        return _search(request, (type_name, logical_id), inner, b"")

    @router.post(
        "/{type_name}/{logical_id}/{inner}/_search",
        responses=described.SEARCH_BY_FORM,
        openapi_extra=described.FORM_BODY,
    )
    def search_by_form(
        request: Request, type_name: TypeName, logical_id: str, inner: str, body: Body
    ) -> Response:
        """The same by a form."""
        return _search(request, (type_name, logical_id), inner, body)

    def _search(
        request: Request, compartment: tuple[str, str], inner: str, body: bytes
    ) -> Response:
        who = principal(request)
        for each in (compartment[0], inner):
            server.served(each)
        media_type, prefer = answer_format(request), Prefer.of(request)
        pairs = parse_query(request.url.query) + form_pairs(request, body)
        found = server.search(who, inner, pairs, lenient=prefer.lenient, compartment=compartment)
        return answer(found, media_type)
