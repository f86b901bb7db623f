"""Which patch a body or an entry of a Bundle is (FHIR R4 http.html, patch and batch)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from shared.fhir.json import parse_json
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError, invalid, unsupported_media_type
from shared.fhir.patching import Patch
from shared.fhir.patching.fhirpath_patch import fhirpath_patch
from shared.fhir.patching.json_patch import json_patch
from shared.fhir.patching.merge_patch import MergePatch

FHIR_JSON = "application/fhir+json"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

FORMATS = (JSON_PATCH, FHIR_JSON, MERGE_PATCH)
"""The media types of patches, for /metadata; plain JSON is understood by what it holds."""


def patch_of(type_name: str, media_type: str, body: bytes) -> Patch:
    """The patch that came as the body of a request.

    Args:
        type_name: of the resource that is to be changed.
        media_type: what the body says it is, one of `FORMATS` or plain JSON.
        body: the bytes.

    Raises:
        FhirError: 400, 413 or 415 where it is no patch that can be taken.
    """
    value = parse_json(body)
    if media_type == JSON_PATCH:
        return json_patch(value)
    if media_type == MERGE_PATCH:
        return _merge(value)
    if isinstance(value, dict) and value.get("resourceType") == "Parameters":
        validate(value, expected_type="Parameters")
        return fhirpath_patch(type_name, value)
    if media_type == FHIR_JSON:
        raise unsupported_media_type(
            f"A patch in {FHIR_JSON} is Parameters (R4 fhirpatch.html); a JSON Patch is sent as"
            f" {JSON_PATCH}, the members to change as {MERGE_PATCH}."
        )
    return _merge(value)


def patch_in(type_name: str, resource: Any, place: str) -> Patch:
    """The patch that an entry of a Bundle holds: Parameters, or a JSON Patch in a Binary.

    Args:
        type_name: of the resource that is to be changed.
        resource: of the entry, its shape validated.
        place: where it stands.

    Raises:
        FhirError: 400 where it is neither.
    """
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind == "Parameters":
        return fhirpath_patch(type_name, resource, place)
    if kind != "Binary" or resource.get("contentType") != JSON_PATCH:
        words = f"A patch in a Bundle is Parameters, or a Binary of {JSON_PATCH}."
        raise invalid(words, place, code="structure")
    try:
        text = b64decode(resource.get("data") or "", validate=True)
        return json_patch(parse_json(text))
    except binascii.Error as error:
        raise invalid("This is not base64.", f"{place}.data", code="value") from error
    except FhirError as error:
        raise error.at(f"{place}.data") from error


def _merge(value: Any) -> MergePatch:
    if not isinstance(value, dict):
        raise invalid("A merge patch is a JSON object (RFC 7396).", code="structure")
    return MergePatch(value)
