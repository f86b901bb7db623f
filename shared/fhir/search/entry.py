"""What the search tables hold about one resource."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.fhir.search.dates import BEGINNING

#: Characters of a string that are indexed; a B-tree entry must stay under a third of a page. A
#: search is by prefix anyway; one for a longer text finds what begins like it, and ``:contains``
#: looks at the beginning only. ``:exact`` compares all of it, by its hash.
STRING_LIMIT = 256


@dataclass(slots=True)
class IndexEntry:
    """Everything the search tables hold about one resource.

    Attributes:
        terms: hashes of exact values.
        dates: (parameter key, low, high) as timestamptz text.
        strings: (parameter key, folded value).
        quantities: (parameter key, low, high, system, code, unit), bounds as numeric text; of a
            place, latitude and longitude are its low and high.
        links: (element key, document key) of references to served types; for canonical ones, the
            key of the URL, which the document that is called so has too, under `CALLED`.
        sorted_at: begin of the type's main date; ``-infinity`` where it has none. It stands
            here and not among ``dates``.
        sorted_until: its end; ``-infinity`` where it has none.
    """

    terms: set[int] = field(default_factory=set)
    dates: set[tuple[int, str, str]] = field(default_factory=set)
    strings: set[tuple[int, str]] = field(default_factory=set)
    quantities: set[tuple[int, str, str, str, str, str]] = field(default_factory=set)
    links: set[tuple[int, int]] = field(default_factory=set)
    sorted_at: str = BEGINNING
    sorted_until: str = BEGINNING
