"""The documents, with each new version of a watched type noted for the dispatcher.

Here and not in the handlers, because a subscriber is told of what it may read, whoever wrote it:
a case, a sender that changed its own request, or a general FHIR client with Tasks of its own. The
note commits with the version or not at all, so that no restart loses one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from services.referrals.subscriptions.topics import WATCHED
from services.referrals.tables.subscription import Change
from shared.database import UnitOfWork
from shared.fhir.search.parameters import Types
from shared.fhir.search.sql import Statement
from shared.fhir.store import Creation, FhirStore, Stored
from shared.tracing import traceparent
from shared.worker import Wake

_NOTE = insert(Change).inline()

_FIRST = """
INSERT INTO subscription_change (type, id, version, made, traceparent)
SELECT unnest(%(told_types)s::text[]), %(told_id)s::text, 1, %(told_made)s::timestamptz,
       %(told_trace)s::text"""
"""The same of a first version, for the document's own statement. It says of every type whether it
is watched, by one name or none: creates that come together are stored by one text."""


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
        if beside is None and resource["resourceType"] not in WATCHED:
            return super().creation(resource, **how)
        logical_id = how.pop("id", None) or str(uuid4())
        also = Statement(_FIRST, self._first(resource["resourceType"], logical_id))
        if beside is not None:
            also = Statement(f"{beside.text};{also.text}", beside.parameters | also.parameters)
        self._uow.on_commit(self._changed.set)
        return super().creation(resource, id=logical_id, beside=also, **how)

    def update(self, resource: dict[str, Any], **how: Any) -> Stored:
        """See `FhirStore.update`."""
        stored = super().update(resource, **how)
        if stored.type in WATCHED:
            change = {
                "type": stored.type,
                "id": stored.id,
                "version": stored.version,
                "made": self._time(),
                "traceparent": traceparent(),
            }
            self._uow.session.connection().execute(_NOTE, change)
            self._uow.on_commit(self._changed.set)
        return stored

    def _first(self, type_name: str, logical_id: str) -> dict[str, Any]:
        return {
            "told_types": [type_name] if type_name in WATCHED else [],
            "told_id": logical_id,
            "told_made": self._time(),
            "told_trace": traceparent(),
        }
