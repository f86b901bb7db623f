"""The routes of one resource: read, versions, update, patch, delete (R4 http.html)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import asking, described
from shared.fhir.described import TypeName
from shared.fhir.http import Body
from shared.fhir.interactions import Interactions
from shared.fhir.writing_one import entry_of, write


def instance_routes(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    """Add the routes.

    Args:
        router: of the FHIR interface.
        server: its interactions.
        principal: who makes a request.
    """

    @router.get("/{type_name}/{logical_id}", responses=described.READ)
    def read(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """The current version; see also `QuickReads`."""
        stored = server.read(principal(request), type_name, logical_id)
        return asking.representation(request, stored)

    @router.get("/{type_name}/{logical_id}/_history", responses=described.HISTORY)
    def history_instance(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """The versions of one resource that the client may see."""
        return asking.history(server, principal(request), request, type_name, logical_id)

    @router.get("/{type_name}/{logical_id}/_history/{version}", responses=described.READ)
    def vread(request: Request, type_name: TypeName, logical_id: str, version: str) -> Response:
        """One version."""
        who = principal(request)
        stored = server.vread(who, type_name, logical_id, version)
        return asking.representation(request, stored)

    @router.put(
        "/{type_name}/{logical_id}",
        responses=described.UPDATE,
        openapi_extra=described.RESOURCE_BODY,
    )
    def update(request: Request, type_name: TypeName, logical_id: str, body: Body) -> Response:
        """A new version."""
        who = principal(request)
        entry = entry_of(server, request, "PUT", type_name, logical_id)
        return write(server, who, request, entry, body)

    @router.patch(
        "/{type_name}/{logical_id}",
        responses=described.PATCH,
        openapi_extra=described.PATCH_BODY,
    )
    def patch(request: Request, type_name: TypeName, logical_id: str, body: Body) -> Response:
        """A new version by JSON Patch, FHIRPath Patch or merge patch."""
        who = principal(request)
        entry = entry_of(server, request, "PATCH", type_name, logical_id)
        return write(server, who, request, entry, body)

    @router.delete("/{type_name}/{logical_id}", responses=described.DELETE)
    def delete(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """Delete; its history stays."""
        who = principal(request)
        entry = entry_of(server, request, "DELETE", type_name, logical_id)
        return write(server, who, request, entry, b"")
