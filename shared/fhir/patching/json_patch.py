"""JSON Patch (RFC 6902)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import jsonpatch

from shared.fhir.json import dumps
from shared.fhir.outcome import invalid, rule_broken, too_large
from shared.fhir.patching import MOST_OPERATIONS

MOST_COPIED = 64 * 1024
"""Characters by which the `copy` operations of one patch may make a resource grow. While it is
patched its row is locked, and a few copies of copies would fill a gigabyte."""

_NEEDED = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """The operations of a JSON Patch, each known to be one."""

    operations: tuple[dict[str, Any], ...]

    def apply(self, resource: dict[str, Any]) -> Any:
        """See `Patch.apply`."""
        type_name = resource["resourceType"]
        changed: Any = resource
        most = len(dumps(resource)) + MOST_COPIED
        for number, operation in enumerate(self.operations, 1):
            most += len(dumps(operation))
            changed = _applied(changed, operation, number, type_name, most)
        return changed


def json_patch(operations: Any) -> JsonPatch:
    """Read a JSON Patch.

    Raises:
        FhirError: 400 where it is none, 413 where it has more than `MOST_OPERATIONS`.
    """
    if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
        raise invalid("A JSON Patch is a list of operations (RFC 6902).", code="structure")
    if len(operations) > MOST_OPERATIONS:
        raise too_large(f"A JSON Patch has at most {MOST_OPERATIONS} operations.")
    for number, operation in enumerate(operations, 1):
        needed = _NEEDED.get(str(operation.get("op")))
        if needed is not None and needed not in operation:
            words = (
                f"Operation {number} of the patch ({operation['op']}) needs {needed} (RFC 6902)."
            )
            raise invalid(words, code="required")
    try:
        jsonpatch.JsonPatch(operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
        raise invalid("This is no JSON Patch (RFC 6902).", code="structure") from error
    return JsonPatch(tuple(operations))


def _applied(
    resource: Any, operation: dict[str, Any], number: int, type_name: str, most: int
) -> Any:
    """One operation applied; measured where it copies: copies of copies grow without end.

    The operation itself is copied: what it adds becomes part of the resource, which later ones
    change, and the whole may be tried again.
    """
    try:
        changed = jsonpatch.apply_patch(resource, [deepcopy(operation)], in_place=True)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        what = (
            "tests for what is not so"
            if isinstance(error, jsonpatch.JsonPatchTestFailed)
            else "leads to where nothing is"
        )
        message = f"Operation {number} of the patch ({operation['op']}) {what} in this version."
        raise rule_broken(message, type_name) from error
    if operation.get("op") == "copy" and len(dumps(changed)) > most:
        raise too_large("The patched resource is too large.")
    return changed
