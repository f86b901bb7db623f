"""Parameters sent in a body, which no log of addresses sees (FHIR R4 http.html, search by POST).

Alone a search is sent as a form. In a Bundle, which holds resources only, it is sent as Parameters,
as those of an operation are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import Request

from shared.fhir.http import FORM, require_content_type
from shared.fhir.model import validate
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


def parameter_pairs(sent: Mapping[str, Any], path: str = "Parameters") -> list[tuple[str, str]]:
    """What a Parameters resource asks, as in an address.

    Args:
        sent: the resource.
        path: where it stands, for expressions.

    Raises:
        FhirError: 422 where it is no valid Parameters, or holds what no parameter can be.
    """
    validate(dict(sent), expected_type="Parameters", path=path)
    found = []
    for n, each in enumerate(sent.get("parameter") or ()):
        value = next((v for k, v in each.items() if k.startswith("value")), None)
        match value:
            case bool():
                text = str(value).lower()
            case Decimal():
                text = f"{value:f}"
            case str() | int():
                text = str(value)
            case _:
                place = f"{path}.parameter[{n}]"
                raise invalid("A parameter has a text, a number or a time.", place, code="value")
        found.append((str(each.get("name")), text))
    return found
