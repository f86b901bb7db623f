"""Searches, reads and histories as HTTP: what is asked in address and form, and how it is answered.

The routes of a system, of a type and of one resource share them.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from shared.auth import Principal
from shared.fhir.freshness import unchanged_since
from shared.fhir.http import Prefer, answer, answer_format, version_headers
from shared.fhir.interactions import Interactions, Pairs
from shared.fhir.parts import part
from shared.fhir.search.query import parse_query
from shared.fhir.search.shape import part_asked
from shared.fhir.store import Stored

Spelling = Callable[[Request, str, Pairs], Pairs]
"""Of a search's parameters: R4's own, of what a request asks of a type."""


def search(
    server: Interactions,
    who: Principal,
    request: Request,
    type_name: str | None,
    form: Pairs,
    spelling: Spelling | None = None,
) -> Response:
    """Answer a search.

    Args:
        server: the interactions.
        who: asks.
        request: with what its address asks for.
        type_name: of one type; None of several.
        form: what a form asks for beside that.
        spelling: where the client's standard writes some parameters otherwise than R4.

    Raises:
        FhirError: 400 for what is not understood, 403 for what is not allowed.
    """
    media_type, prefer = answer_format(request, form), Prefer.of(request)
    pairs: Pairs = [*parse_query(request.url.query), *form]
    if spelling is not None and type_name is not None:
        pairs = spelling(request, type_name, pairs)
    return answer(server.search(who, type_name, pairs, lenient=prefer.lenient), media_type)


def representation(request: Request, stored: Stored) -> Response:
    """Answer a read with a version, or with 304 where the client has it (R4 http.html, read)."""
    headers = version_headers(stored)
    media_type = answer_format(request)
    if unchanged_since(request, stored):
        return Response(status_code=304, headers=headers)
    elements, summary = part_asked(parse_query(request.url.query))
    return answer(part(stored, elements, summary), media_type, headers=headers)


def history(
    server: Interactions,
    who: Principal,
    request: Request,
    type_name: str | None,
    logical_id: str | None,
) -> Response:
    """Answer a history: of one resource, of a type without an id, or of everything without both.

    Raises:
        FhirError: 400 for what is not understood, 403, 404.
    """
    media_type = answer_format(request)
    pairs = parse_query(request.url.query)
    return answer(server.history(who, type_name, logical_id, pairs), media_type)
