"""The rows of a document as parameters of one statement: arrays, for unnest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from shared.fhir.search import terms
from shared.fhir.search.entry import IndexEntry
from shared.fhir.store.access import Grant


def readers_of(grants: Collection[Grant], owner: str) -> dict[str, Any]:
    """Who may read a document, as rows of their own and as terms of its search row."""
    pairs = sorted({(grant.party, grant.basis) for grant in grants})
    readers = sorted({terms.reader(party) for party, _ in pairs})
    return {
        "parties": _array(_quoted(party) for party, _ in pairs),
        "bases": _array(_quoted(basis) for _, basis in pairs),
        "readers": _array(map(str, [*readers, terms.owned_by(owner)])),
    }


def index_of(entry: IndexEntry) -> dict[str, Any]:
    """The index entry as parallel arrays, for unnest."""
    return {
        "terms": _array(map(str, sorted(entry.terms))),
        "sorted_at": entry.sorted_at,
        "sorted_until": entry.sorted_until,
        "date_params": _array(str(row[0]) for row in entry.dates),
        "date_lows": _array(row[1] for row in entry.dates),
        "date_highs": _array(row[2] for row in entry.dates),
        "string_params": _array(str(row[0]) for row in entry.strings),
        "string_values": _array(_quoted(row[1]) for row in entry.strings),
        "quantity_params": _array(str(row[0]) for row in entry.quantities),
        "quantity_lows": _array(row[1] for row in entry.quantities),
        "quantity_highs": _array(row[2] for row in entry.quantities),
        "quantity_systems": _array(_quoted(row[3]) for row in entry.quantities),
        "quantity_codes": _array(_quoted(row[4]) for row in entry.quantities),
        "quantity_units": _array(_quoted(row[5]) for row in entry.quantities),
        "links": _array(str(row[0]) for row in entry.links),
        "targets": _array(str(row[1]) for row in entry.links),
    }


def _array(items: Iterable[str]) -> str:
    """An array as PostgreSQL writes it; the driver's own way costs a tenth of a create."""
    return "{" + ",".join(items) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
