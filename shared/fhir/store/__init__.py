"""Documents: created, changed, read and found, each only by those who may.

The store works inside its caller's session and never commits. It is the one place that decides
who sees a document: the condition is part of every SELECT, on every hop of a search, and nothing
outside the store filters.

A create is one statement. An update locks the row, compares the version, and writes everything
else in a second statement. A plain read parses nothing: the text goes out as it was stored.
"""

from __future__ import annotations

from shared.fhir.store.access import Access, Grant
from shared.fhir.store.creation import Creation, Draft, together
from shared.fhir.store.foreseeing import Foreseeing
from shared.fhir.store.lookups import by_id, by_ids
from shared.fhir.store.searching import Searching
from shared.fhir.store.stored import HistoryPage, SearchResult, Stored, stored_in, there

__all__ = [
    "Access",
    "Creation",
    "Draft",
    "FhirStore",
    "Grant",
    "HistoryPage",
    "SearchResult",
    "Stored",
    "by_id",
    "by_ids",
    "stored_in",
    "there",
    "together",
]


class FhirStore(Foreseeing, Searching):
    """The documents of one service, within one session; see `InSession` for the arguments."""
