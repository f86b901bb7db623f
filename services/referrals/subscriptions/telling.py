"""The documents, with each new version of a watched type noted for the dispatcher.

Of other types a version is noted while some Subscription asks for changes of its type (plain R4).
Here and not in the handlers, because a subscriber is told of what it may read, whoever wrote it:
a case, a sender that changed its own request, or a general FHIR client with Tasks of its own. The
note commits with the version or not at all, so that no restart loses one.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from services.referrals.subscriptions.topics import WATCHED
from services.referrals.tables.subscription import COUNTED, Change
from shared.database import UnitOfWork
from shared.fhir.search.parameters import Types
from shared.fhir.search.sql import Statement
from shared.fhir.store import Creation, Draft, FhirStore, Stored
from shared.rows import Rows
from shared.tracing import traceparent
from shared.worker import Wake

_CHANGE = Change.__table__  # type: ignore[attr-defined]

_ALWAYS = ", ".join(f"'{each}'" for each in WATCHED)
_COUNTED = ", ".join(f"'{each}'" for each in COUNTED)


def _wanted(type_name: str) -> str:
    """SQL that says whether a version of a type is noted; the type is SQL too."""
    return (
        f"({type_name} IN ({_ALWAYS}) OR EXISTS (SELECT FROM subscription_state s"
        f" WHERE s.topic = {type_name} AND s.status IN ({_COUNTED})))"
    )


_WANTED = _wanted("sent.type")

_BESIDE = f"""
INSERT INTO subscription_change (type, id, version, made, traceparent)
SELECT unnest(CASE WHEN {_wanted("%(told_type)s::text")} THEN ARRAY[%(told_type)s::text] END),
       %(told_id)s::text, %(told_version)s::int, %(told_made)s::timestamptz, %(told_trace)s::text"""
"""The same for the document's own statement, which may be made one for many
(`statements.creating_many`): it is one text for every type, and none stands behind its values."""


class ToldStore(FhirStore):
    """Documents whose changes subscribers hear of.

    Args:
        uow: the transaction; the caller commits it.
        types: the served types.
        clock: the time of day.
        changed: set when a change is durable.
        how: see `FhirStore`.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        types: Types,
        *,
        clock: Callable[[], datetime],
        changed: Wake,
        **how: Any,
    ) -> None:
        super().__init__(uow.session, types, **how)
        self._uow = uow
        self._time = clock
        self._changed = changed

    def creation(
        self, resource: dict[str, Any], *, beside: Statement | None = None, **how: Any
    ) -> Creation:
        """See `FhirStore.creation`: its statement writes the note too."""
        logical_id = how.pop("id", None) or str(uuid4())
        also = self._beside(resource["resourceType"], logical_id, 1)
        if beside is not None:
            also = Statement(f"{beside.text};{also.text}", beside.parameters | also.parameters)
        self._uow.on_commit(self._changed.set)
        return super().creation(resource, id=logical_id, beside=also, **how)

    def create_all(self, drafts: Sequence[Draft], rows: Rows | None = None) -> list[Stored]:
        """See `FhirStore.create_all`: the notes are written too."""
        if drafts:
            rows = rows or Rows()
            for each in drafts:
                self._note(rows, each.type, each.id, 1, each.trace)
            self._uow.on_commit(self._changed.set)
        return super().create_all(drafts, rows)

    def update(self, resource: dict[str, Any], **how: Any) -> Stored:
        """See `FhirStore.update`: its statement writes the note too."""
        beside = partial(self._beside, resource["resourceType"], resource["id"])
        stored = super().update(resource, beside=beside, **how)
        self._uow.on_commit(self._changed.set)
        return stored

    def _note(
        self, rows: Rows, type_name: str, logical_id: str, version: int, trace: str | None
    ) -> None:
        made = self._time()
        change = {"type": type_name, "id": logical_id, "version": version}
        rows.add_values(_CHANGE, change | {"made": made, "traceparent": trace}, where=_WANTED)

    def _beside(self, type_name: str, logical_id: str, version: int) -> Statement:
        note = {
            "told_type": type_name,
            "told_id": logical_id,
            "told_version": version,
            "told_made": self._time(),
            "told_trace": traceparent(),
        }
        return Statement(_BESIDE, note)
