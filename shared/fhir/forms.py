"""A search sent as a form, which no log of addresses sees (FHIR R4 http.html, search by POST)."""

from __future__ import annotations

from fastapi import Request

from shared.fhir.http import FORM, require_content_type
from shared.fhir.outcome import invalid
from shared.fhir.search.query import parse_query


def form_pairs(request: Request, body: bytes) -> list[tuple[str, str]]:
    """The parameters of a form; none of an empty body.

    Raises:
        FhirError: 415 where the body is no form, 400 where it cannot be read.
    """
    if not body:
        return []
    require_content_type(request, FORM)
    try:
        return parse_query(body.decode())
    except UnicodeDecodeError:
        raise invalid("The form is not UTF-8.", code="structure") from None
