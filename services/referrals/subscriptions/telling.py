"""The documents, with each new version of a watched type noted for the dispatcher.

Here and not in the handlers, because a subscriber is told of what it may read, whoever wrote it:
a case, a sender that changed its own request, or a general FHIR client with Tasks of its own. The
note commits with the version or not at all, so that no restart loses one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from services.referrals.subscriptions.topics import WATCHED
from services.referrals.tables.subscription import Change
from shared.database import UnitOfWork
from shared.fhir.search.parameters import Types
from shared.fhir.store import FhirStore, Stored
from shared.tracing import traceparent
from shared.worker import Wake

_NOTE = insert(Change).inline()


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

    def create(self, resource: dict[str, Any], **how: Any) -> Stored:
        """See `FhirStore.create`."""
        return self._tell(super().create(resource, **how))

    def update(self, resource: dict[str, Any], **how: Any) -> Stored:
        """See `FhirStore.update`."""
        return self._tell(super().update(resource, **how))

    def _tell(self, stored: Stored) -> Stored:
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
