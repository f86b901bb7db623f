"""The routes of one type: search, history, create, and what a condition names (R4 http.html)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import asking, creating, described
from shared.fhir.described import TypeName
from shared.fhir.forms import form_pairs
from shared.fhir.http import Body
from shared.fhir.interactions import Interactions
from shared.fhir.together import Asked
from shared.fhir.writing_one import conditional, entry_of, write


def type_routes(
    router: APIRouter,
    server: Interactions,
    principal: Callable[[Request], Principal],
    spelling: asking.Spelling | None,
) -> None:
    """Add the routes.

    Args:
        router: of the FHIR interface.
        server: its interactions.
        principal: who makes a request.
        spelling: see `fhir_router`.
    """

    @router.get("/{type_name}", responses=described.SEARCH)
    def search(request: Request, type_name: TypeName) -> Response:
        """Search by the parameters in the address."""
        who = principal(request)
        server.served(type_name)
        return asking.search(server, who, request, type_name, (), spelling)

    @router.post(
        "/{type_name}/_search",
        responses=described.SEARCH_BY_FORM,
        openapi_extra=described.FORM_BODY,
    )
    def search_by_form(request: Request, type_name: TypeName, body: Body) -> Response:
        """Search by the parameters in a form, which no log of addresses sees."""
        who = principal(request)
        server.served(type_name)
        return asking.search(server, who, request, type_name, form_pairs(request, body), spelling)

    @router.get("/{type_name}/_history", responses=described.HISTORY)
    def history_type(request: Request, type_name: TypeName) -> Response:
        """Versions of all resources of a type."""
        return asking.history(server, principal(request), request, type_name, None)

    @router.post("/{type_name}", responses=described.CREATE, openapi_extra=described.RESOURCE_BODY)
    def create(request: Request, type_name: TypeName, body: Body) -> Response:
        """Create, or with If-None-Exist only unless there is one; see also `CreateRoute`."""
        return creating.create(server, principal, Asked(request, type_name, body))

    @router.put("/{type_name}", responses=described.UPDATE, openapi_extra=described.RESOURCE_BODY)
    def conditional_update(request: Request, type_name: TypeName, body: Body) -> Response:
        """Update what the address's condition matches, or create."""
        who = principal(request)
        entry = entry_of(server, request, "PUT", type_name, None)
        return write(server, who, request, conditional(server, who, entry, request), body)

    @router.patch("/{type_name}", responses=described.PATCH, openapi_extra=described.PATCH_BODY)
    def conditional_patch(request: Request, type_name: TypeName, body: Body) -> Response:
        """Patch what the address's condition matches."""
        who = principal(request)
        entry = entry_of(server, request, "PATCH", type_name, None)
        return write(server, who, request, conditional(server, who, entry, request), body)

    @router.delete("/{type_name}", responses=described.DELETE)
    def conditional_delete(request: Request, type_name: TypeName) -> Response:
        """Delete what the address's condition matches, if it is one."""
        who = principal(request)
        entry = entry_of(server, request, "DELETE", type_name, None)
        return write(server, who, request, conditional(server, who, entry, request), b"")
