"""What a token's SMART scopes allow of a FHIR type (SMART App Launch 2.2, section on scopes).

`system/Task.rs` allows, `system/Observation.rs?category=laboratory` allows what the search finds
(narrowed by `shared.fhir.narrowing`), version 1's `read`, `write` and `*` are understood as `rs`,
`cud` and `cruds`. A `patient/` scope allows nothing: it means the one patient of a launch, and
nothing here is launched, so that taking it for all patients would give more than was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from shared.auth import Principal

_SMART_SCOPE = re.compile(
    r"(?:system|user)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?P<may>read|write|\*|c?r?u?d?s?)(?:\?(?P<query>.+))?"
)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_NARROWING = frozenset("rs")
"""What a search can narrow: to read and to search. What is written is not there to be searched, so
a narrowed scope allows no writing."""


def may(principal: Principal, resource_type: str, interaction: str) -> bool:
    """Whether a scope of the token allows an interaction with every resource of a type.

    Args:
        principal: who asks.
        resource_type: the FHIR type, such as `Task`.
        interaction: one of `c r u d s`.
    """
    return "" in _allowing(principal.scopes, resource_type, interaction)


def narrowed(principal: Principal, resource_type: str, interaction: str) -> frozenset[str]:
    """The searches by one of which a resource must be found, for an interaction with it.

    Args:
        principal: who asks.
        resource_type: the FHIR type.
        interaction: `r` or `s`.

    Returns:
        Empty where every resource is allowed, and where none is: `may` tells the two apart.
    """
    found = _allowing(principal.scopes, resource_type, interaction)
    return frozenset() if "" in found else found


@lru_cache(maxsize=4096)
def _allowing(scopes: frozenset[str], resource_type: str, interaction: str) -> frozenset[str]:
    return frozenset(_queries(scopes, resource_type, interaction))


def _queries(scopes: frozenset[str], resource_type: str, interaction: str) -> Iterator[str]:
    for scope in scopes:
        match = _SMART_SCOPE.fullmatch(scope)
        if match is None or match["type"] not in ("*", resource_type):
            continue
        query = match["query"] or ""
        if interaction in _V1.get(match["may"], match["may"]) and (
            not query or interaction in _NARROWING
        ):
            yield query
