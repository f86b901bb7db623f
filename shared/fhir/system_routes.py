"""The whole system's routes: Bundles, searches of several types, history (R4 http.html)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from shared.auth import Principal
from shared.fhir import asking, described
from shared.fhir.bundle_interactions import BundleInteractions
from shared.fhir.forms import form_pairs
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Body,
    Prefer,
    answer,
    answer_format,
    refuse_provenance,
    require_content_type,
)
from shared.fhir.interactions import Interactions
from shared.fhir.json import parse
from shared.fhir.outcome import method_not_allowed


def system_routes(
    router: APIRouter,
    server: Interactions,
    bundles: BundleInteractions,
    principal: Callable[[Request], Principal],
) -> None:
    """Add the routes.

    Args:
        router: of the FHIR interface.
        server: its interactions.
        bundles: those that come in a Bundle.
        principal: who makes a request.
    """

    @router.post("", responses=described.BUNDLE, openapi_extra=described.RESOURCE_BODY)
    @router.post("/", include_in_schema=False)
    def batch_or_transaction(request: Request, body: Body) -> Response:
        """A Bundle of type batch or transaction."""
        who = principal(request)
        refuse_provenance(request)
        require_content_type(request, FHIR_JSON, JSON)
        media_type, prefer = answer_format(request), Prefer.of(request)
        text = bundles.answer(who, parse(body), prefer)
        return answer(text, media_type)

    @router.get("", responses=described.SEARCH)
    @router.get("/", include_in_schema=False)
    def search_system(request: Request) -> Response:
        """Search several types at once, by `_type` or all, by the parameters that all have."""
        who = principal(request)
        if not request.url.query:
            words = "Post a Bundle of type batch or transaction here, or search by _type."
            raise method_not_allowed(words, "POST")
        return asking.search(server, who, request, None, ())

    @router.post("/_search", responses=described.SEARCH_BY_FORM, openapi_extra=described.FORM_BODY)
    def search_system_by_form(request: Request, body: Body) -> Response:
        """The same by the parameters in a form."""
        return asking.search(server, principal(request), request, None, form_pairs(request, body))

    @router.get("/_history", responses=described.HISTORY)
    def history_system(request: Request) -> Response:
        """Versions of everything that the client may see."""
        return asking.history(server, principal(request), request, None, None)
