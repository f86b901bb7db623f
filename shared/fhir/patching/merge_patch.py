"""JSON Merge Patch (RFC 7396): not R4's own, but what fhirpy's `patch` and `save(fields=...)` send.

A list is replaced whole, and `null` removes a member; in FHIR's JSON no member is null otherwise.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MergePatch:
    """The members that are to be, and those that are not to be."""

    members: dict[str, Any]

    def apply(self, resource: dict[str, Any]) -> Any:
        """See `Patch.apply`."""
        return _merged(resource, self.members)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
