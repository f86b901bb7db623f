"""What the OpenAPI document says of FHIR's operations: bodies, and the statuses of each.

Each names the statuses that it can have, and no class of them: a document that allows any 4XX
would be kept by every answer. What each status means is in R4 http.html.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from shared.fhir.http import FHIR_JSON, FORM, JSON
from shared.fhir.patching.reading import FORMATS
from shared.fhir.types import all_types

Answers = dict[int | str, dict[str, Any]]


def _types(schema: dict[str, Any]) -> None:
    schema["enum"] = sorted(all_types())


TypeName = Annotated[str, Field(json_schema_extra=_types)]
"""The part of an address that names a type; another one is answered 404."""

_RESOURCE = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string", "minLength": 1}},
}
_OUTCOME = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "diagnostics"],
                "properties": {
                    "severity": {"enum": ["fatal", "error", "warning", "information"]},
                    "code": {"type": "string"},
                    "diagnostics": {"type": "string"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
_SAID = {
    200: "As FHIR R4 says of the interaction",
    201: "Created",
    204: "Deleted",
    304: "The client has this version already",
}
#: An update or create that is answered `return=minimal` has no body, which no schema can say.
_MAY_BE_EMPTY: dict[str, Any] = {FHIR_JSON: {}, JSON: {}}


def answered(*statuses: int) -> Answers:
    """The answers of an operation: these, and those that every one has."""
    return {status: _answer(status) for status in sorted({*statuses, 400, 406, 429, 500, 503})}


def _answer(status: int) -> dict[str, Any]:
    if status in (204, 304):
        return {"description": _SAID[status]}
    if status < 400:
        return {"description": _SAID[status], "content": _MAY_BE_EMPTY}
    phrase = HTTPStatus(status).phrase
    return {
        "description": f"{phrase}: an OperationOutcome that names what is at fault",
        "content": {FHIR_JSON: {"schema": _OUTCOME}},
    }


_KNOWN = (401, 403, 404)
"""Whoever asks is known, may do it, and may know that it is there."""
_SENT = (413, 415)
"""A body is read."""
_STORED = (405, 409, 412, 422)
"""Something is to be stored."""

METADATA = answered(200)
PUBLIC_SEARCH = answered(200)
PUBLIC_SEARCH_BY_FORM = answered(200, *_SENT)
PUBLIC_READ = answered(200, 404)
SEARCH = answered(200, *_KNOWN, 405)
SEARCH_BY_FORM = answered(200, *_KNOWN, 405, *_SENT)
HISTORY = answered(200, *_KNOWN, 405)
READ = answered(200, 304, *_KNOWN, 405, 410)
CREATE = answered(200, 201, *_KNOWN, *_SENT, *_STORED)
UPDATE = answered(200, 201, *_KNOWN, *_SENT, *_STORED)
PATCH = answered(200, *_KNOWN, *_SENT, *_STORED, 410)
DELETE = answered(200, 204, *_KNOWN, *_STORED)
BUNDLE = answered(200, *_KNOWN, *_SENT, *_STORED, 410)
OPERATION = answered(200, *_KNOWN, 405, *_SENT, 410)
MESSAGE = answered(200, *_KNOWN, *_SENT, *_STORED, 410, 425)


def _body(required: bool, **media_types: dict[str, Any]) -> dict[str, Any]:
    content = {name: {"schema": schema} for name, schema in media_types.items()}
    return {"requestBody": {"required": required, "content": content}}


RESOURCE_BODY = _body(True, **{FHIR_JSON: _RESOURCE, JSON: _RESOURCE})
PARAMETERS_BODY = _body(False, **{FHIR_JSON: _RESOURCE, JSON: _RESOURCE})
FORM_BODY = _body(True, **{FORM: {"type": "object", "additionalProperties": {"type": "string"}}})
PATCH_BODY = _body(True, **{each: {"type": ["array", "object"]} for each in FORMATS})

_DATE_OF_CARE = {"type": "string", "description": "A FHIR date, included; of care, not of storing"}
EVERYTHING = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in {
            "start": _DATE_OF_CARE,
            "end": _DATE_OF_CARE,
            "_since": {"type": "string", "description": "Stored at or after this instant"},
            "_type": {"type": "string", "description": "Types, with commas between them"},
            "_count": {"type": "integer", "minimum": 0, "description": "Resources per page"},
        }.items()
    ]
}
"""What `$everything` takes in the address."""
