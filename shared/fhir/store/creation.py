"""A new document on its way into the store: its text, and the statement that stores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from shared.fhir.json import dumps
from shared.fhir.search import dates
from shared.fhir.search.sql import Statement
from shared.fhir.store.access import Grant
from shared.fhir.store.statements import creating_many, with_rows
from shared.fhir.store.stored import Stored
from shared.rows import Rows
from shared.tracing import traceparent


@dataclass(frozen=True, slots=True)
class Text:
    """A resource's JSON around the one value that only the database knows: when it was stored."""

    head: str
    tail: str

    @classmethod
    def of(cls, resource: dict[str, Any], logical_id: str, version: int) -> Self:
        """What the sender wrote, in its order, behind the server's id and meta."""
        meta = {
            key: value
            for key, value in (resource.get("meta") or {}).items()
            if key not in ("versionId", "lastUpdated", "_versionId", "_lastUpdated")
        }
        rest = {k: v for k, v in resource.items() if k not in ("resourceType", "id", "meta")}
        head = (
            f'{{"resourceType":"{resource["resourceType"]}","id":"{logical_id}",'
            f'"meta":{{"versionId":"{version}","lastUpdated":"'
        )
        tail = '"' + _joined(meta) + "}" + _joined(rest) + "}"
        return cls(head, tail)

    def at(self, moment: datetime) -> str:
        """The whole text, as the database composed it from the same parts."""
        return f"{self.head}{dates.instant_text(moment)}{self.tail}"


def _joined(members: dict[str, Any]) -> str:
    """The members of an object, to follow others inside the same braces."""
    return "," + dumps(members).decode()[1:-1] if members else ""


@dataclass(slots=True)
class Draft:
    """A new document that is to be stored with others, whose readers may still become more.

    Attributes:
        resource: valid FHIR JSON.
        id: its logical id.
        owner: the client organisation that it belongs to.
        grants: who may read it.
        person: whom it concerns.
        trace: of the request that it came in.
    """

    resource: dict[str, Any]
    id: str
    owner: str
    grants: set[Grant]
    person: UUID | None = None
    trace: str | None = field(default_factory=traceparent)

    @property
    def type(self) -> str:
        """Of the document."""
        return str(self.resource["resourceType"])


@dataclass(frozen=True, slots=True)
class Creation:
    """A document that is about to be stored.

    Attributes:
        statement: stores it; its row is what `stored` takes.
        type: of the document.
        id: its logical id.
        owner: the client organisation that it belongs to.
        person: whom it concerns.
        beside: the INSERT that its statement does too; empty for none.
    """

    statement: Statement
    type: str
    id: str
    owner: str
    person: UUID | None
    text: Text
    beside: str

    def stored(self, row: Any) -> Stored:
        """The document, from the row of its statement."""
        pk, moment = row
        body = self.text.at(moment)
        return Stored(
            self.type, self.id, 1, moment, False, body, pk, self.owner, self.person, "POST"
        )


def together(creations: Sequence[Creation], rows: Rows | None = None) -> Statement:
    """One statement for documents that are stored together, all with the same row beside them.

    Its rows are the id of each, and then what `Creation.stored` takes.

    Args:
        creations: one or more.
        rows: of other tables, inserted with them.
    """
    text = creating_many(creations[0].beside)
    sent = dumps([creation.statement.parameters for creation in creations]).decode()
    parameters = {"rows": sent, "now": creations[0].statement.parameters["now"]}
    if rows:
        inserts, more = rows.inserts()
        return Statement(with_rows(text, inserts), parameters | more)
    return Statement(text, parameters)
