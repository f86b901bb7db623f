"""Compartments as routes (FHIR R4 http.html, search; patient-operation-everything.html).

Included after the routes of one resource, whose ``_history`` and ``$validate`` come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import described
from shared.fhir.compartments import ALL, EVERYTHING, EVERYTHING_OF
from shared.fhir.described import TypeName
from shared.fhir.forms import form_pairs
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Body,
    Prefer,
    answer,
    answer_format,
    require_content_type,
)
from shared.fhir.interactions import Interactions, Pairs
from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.outcome import invalid
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

    def around(request: Request, of: str, key: str, name: str, more: Pairs = ()) -> Response:
        who = principal(request)
        server.served(of)
        media_type = answer_format(request)
        pairs = [*parse_query(request.url.query), *more]
        return answer(server.around(who, of, key, name, pairs), media_type)

    for of in EVERYTHING_OF:

        @router.get(f"/{of}/{{logical_id}}/{EVERYTHING}", responses=described.OPERATION)
        def everything(request: Request, logical_id: str, of: str = of) -> Response:
            """The resource, what belongs to it, and what they refer to."""
            return around(request, of, logical_id, EVERYTHING)

        @router.post(
            f"/{of}/{{logical_id}}/{EVERYTHING}",
            responses=described.OPERATION,
            openapi_extra=described.PARAMETERS_BODY,
        )
        def everything_by_parameters(
            request: Request, logical_id: str, body: Body, of: str = of
        ) -> Response:
            """The same, asked by a Parameters resource."""
            who = principal(request)
            server.allow(who, of, "read")
            more: Pairs = ()
            if body:
                require_content_type(request, FHIR_JSON, JSON)
                more = _pairs(parse(body))
            return around(request, of, logical_id, EVERYTHING, more)

    @router.get(f"/{{type_name}}/{{logical_id}}/{ALL}", responses=described.SEARCH)
    def search_all(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """All of a compartment."""
        return around(request, type_name, logical_id, ALL)

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


def _pairs(parameters: Mapping[str, Any]) -> Pairs:
    """What a Parameters resource asks, as in an address."""
    validate(parameters, expected_type="Parameters")
    found = []
    for n, each in enumerate(parameters.get("parameter") or ()):
        value = next((v for k, v in each.items() if k.startswith("value")), None)
        if not isinstance(value, str | int) or isinstance(value, bool):
            place = f"Parameters.parameter[{n}]"
            raise invalid("A parameter has a code, a number or a time.", place, code="value")
        found.append((str(each.get("name")), str(value)))
    return found
