"""Changing part of a resource (FHIR R4 http.html, patch): in three ways, each bounded.

A patch is read before anything is locked, and applied while the resource is: so it is bounded in
what it may make of one, and everything that can be said against it without the resource is said
first.
"""

from __future__ import annotations

from typing import Any, Protocol

MOST_OPERATIONS = 100
"""Of one patch: each walks the whole resource while its row is locked."""


class Patch(Protocol):
    """A change that a client asks for, understood."""

    def apply(self, resource: dict[str, Any]) -> Any:
        """The resource as the patch leaves it; the patch itself stays whole, to be tried again.

        Args:
            resource: the current version, parsed for this; it may be changed.

        Raises:
            FhirError: 422 where it does not apply, 413 where it makes too much of it.
        """
        ...
