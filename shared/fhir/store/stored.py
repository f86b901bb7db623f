"""What the store gives back: versions of documents, and pages of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.fhir.outcome import Issue, gone, not_found
from shared.fhir.search.request import Position

#: What `stored_in` takes of a row; in a search the sort keys stand behind.
COLUMNS = ("pk", "type", "id", "version", "last_updated", "deleted", "body", "owner", "person")
#: Totals are counted up to here unless an accurate one is asked for.
TOTAL_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a document; ``body`` is its JSON as served, empty for a deletion."""

    type: str
    id: str
    version: int
    last_updated: datetime
    deleted: bool
    body: str
    pk: int
    owner: str = ""
    person: UUID | None = None
    method: str = ""

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page.

    Attributes:
        matches: what was found, in order.
        included: what was sent along.
        total: the number of matches, where it was counted.
        next: where the next page begins, where there is one.
        issues: remarks for the client, such as that not everything was included.
    """

    matches: list[Stored]
    included: list[Stored]
    total: int | None
    next: Position | None
    issues: list[Issue]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first, and where the next page begins."""

    versions: list[Stored]
    total: int | None
    next: Position | None


def stored_in(row: Any) -> Stored:
    """The version that a row of `DOCUMENT_COLUMNS` holds."""
    return Stored(
        pk=row[0],
        type=row[1],
        id=row[2],
        version=row[3],
        last_updated=row[4].astimezone(UTC),
        deleted=row[5],
        body=row[6],
        owner=row[7],
        person=row[8],
    )


def there(found: Stored | None) -> Stored:
    """What was found by its id.

    Raises:
        FhirError: 404 where nothing was, 410 where it was deleted.
    """
    if found is None:
        raise not_found()
    if found.deleted:
        raise gone()
    return found
