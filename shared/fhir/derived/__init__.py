"""Types whose resources are made of rows that a service keeps anyway.

Nothing is stored twice: a resource is composed when it is asked for, and who may see it is decided
by those rows and by who may read what they speak of. For clients it is a type like any other: read,
version, history, search, what is sent along, pages.
"""

from __future__ import annotations

from shared.fhir.derived.declaration import Derived
from shared.fhir.derived.store import DerivingStore

__all__ = ["Derived", "DerivingStore"]
