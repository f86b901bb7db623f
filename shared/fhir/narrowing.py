"""Scopes that a search narrows, as conditions on every row that the store reads.

SMART App Launch 2.2, finer-grained resource constraints using search parameters. What a scope's
search does not say in plain filters on the type itself is not understood, and then the scope allows
nothing: leaving a filter out would allow more than was granted.
"""

from __future__ import annotations

from shared.auth import Principal
from shared.fhir.outcome import FhirError
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.search.request import Filter
from shared.fhir.search.shape import RESULT_PARAMETERS
from shared.fhir.search.sql import Narrowing, Way
from shared.scopes import may, narrowed


def narrowing_of(principal: Principal, types: Types, letters: str) -> Narrowing:
    """By type, the ways in which a resource may be one that the principal's scopes mean.

    Args:
        principal: who asks.
        types: the served types.
        letters: of the interaction, that which counts first: with `sr` a type that the scopes
            allow to be searched is narrowed by those scopes, and one that they only allow to be
            read by those.
    """
    if not any("?" in scope for scope in principal.scopes):
        return ()
    found = []
    for name in types:
        for letter in letters:
            if may(principal, name, letter):
                break
            queries = narrowed(principal, name, letter)
            if queries:
                ways = (_way(types, name, query) for query in sorted(queries))
                found.append((name, tuple(way for way in ways if way)))
                break
    return tuple(found)


def _way(types: Types, name: str, query: str) -> Way:
    """The filters of one scope; none where it is not understood."""
    try:
        pairs = parse_query(query)
        request = parse_search(types, name, pairs)
    except FhirError:
        return ()
    plain = all(isinstance(each, Filter) for each in request.conditions)
    shaped = any(
        each.partition(":")[0] in {*RESULT_PARAMETERS, "_lastUpdated"} for each, _ in pairs
    )
    return request.conditions if plain and not shaped else ()
