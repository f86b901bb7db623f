"""What a transaction makes anew, noted first and put into the database by one statement."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.referrals.readers import Readers
from services.referrals.tables import AuditEntry
from services.referrals.trail import act
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.store import Draft, FhirStore, Grant, Stored
from shared.messaging.events import Event
from shared.messaging.outbox import Outbox, outbox
from shared.rows import Rows

_AUDIT = AuditEntry.__table__  # type: ignore[attr-defined]


class Pad:
    """New documents with their readers, and new rows beside them, until they are written.

    What was noted is not in the database yet: whoever must find it there writes the pad first.

    Args:
        uow: the transaction; the caller commits it.
        store: the documents within it.
    """

    def __init__(self, uow: UnitOfWork, store: FhirStore) -> None:
        self._uow = uow
        self._store = store
        self._drafts: dict[tuple[str, str], Draft] = {}
        self.rows = Rows()
        """Rows of any table of the service."""
        self.persons: set[UUID] = set()
        """Persons among the rows: nobody else knows of them, and nothing stands said of them."""

    @property
    def documents(self) -> Collection[tuple[str, str]]:
        """The new documents, as (type, id)."""
        return self._drafts.keys()

    def draft(
        self, body: dict[str, Any], key: str, *, owner: str, grants: set[Grant], person: UUID | None
    ) -> None:
        """Note a new document; see `Draft`."""
        self._drafts[body["resourceType"], key] = Draft(body, key, owner, grants, person)

    def admit(self, readers: Readers) -> None:
        """Let more readers in to documents that are noted; what is not noted is passed over."""
        for document in readers.keys() & self._drafts.keys():
            self._drafts[document].grants |= readers[document]

    def tell(self, announced: Outbox, event: Event, *, version: int, n: int) -> None:
        """Note an event; see `Outbox.add`."""
        self.rows.add_values(outbox, announced.row(event, version=version, n=n))
        announced.announce(self._uow)

    def audit(
        self, by: Principal | None, action: str, record: str, now: datetime, **concerns: Any
    ) -> None:
        """Note an act for the audit trail; see `trail.note`."""
        self.rows.add_values(_AUDIT, act(by, action, record, now, **concerns))

    def write(self) -> Mapping[tuple[str, str], Stored]:
        """Put everything into the database; the new documents, by (type, id)."""
        drafts, rows = list(self._drafts.values()), self.rows
        self._drafts, self.rows, self.persons = {}, Rows(), set()
        return _named(self._store.create_all(drafts, rows))


def _named(stored: Iterable[Stored]) -> dict[tuple[str, str], Stored]:
    return {(each.type, each.id): each for each in stored}
