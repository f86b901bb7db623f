"""Whether a provider heard that it is asked: on the worklist, so that silence is no riddle."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from uuid import UUID

from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import (
    Envelope,
    NotificationDelivered,
    NotificationEvent,
    NotificationFailed,
)

SUBSCRIPTION = Subscription(
    "referrals",
    "arrivals",
    frozenset(event.type for event in (NotificationDelivered, NotificationFailed)),
)

ASKS = frozenset({"request", "nudge", "second-nudge"})
"""Kinds of messages that ask a provider: whether they arrived is what its answer waits for."""

_ARRIVED = """
WITH said AS (
    SELECT DISTINCT ON ("case") "case", state
    FROM unnest(%(cases)s::uuid[], %(tasks)s::text[], %(states)s::text[]) WITH ORDINALITY
         AS told("case", task, state, n)
    WHERE NOT EXISTS (
        SELECT FROM case_task asked JOIN case_task later ON later."case" = asked."case"
        WHERE asked.id = told.task AND later.kind = 'provider' AND later.created > asked.created)
    ORDER BY "case", n DESC
), held AS (
    SELECT "case" FROM worklist WHERE "case" IN (SELECT "case" FROM said) ORDER BY "case" FOR UPDATE
)
UPDATE worklist SET delivery_state = said.state
FROM said JOIN held USING ("case") WHERE worklist."case" = said."case"
"""
"""What is told late of a request says nothing of one that was made after it."""


class _Noted(list[tuple[UUID, str, str]]):
    """Arrivals that are written when the transaction has heard of all: case, Task and state."""


class Arrivals:
    """Keeps whether the message arrived by which the last provider was asked."""

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Note it, within the transaction that consumes the event."""
        event = envelope.data
        if not isinstance(event, NotificationEvent) or event.kind not in ASKS:
            return
        state = "failed" if isinstance(event, NotificationFailed) else "delivered"
        with nullcontext() if _Noted in uow.known else self.ahead(uow, [envelope]):
            uow.known[_Noted].append((event.case, str(event.task), state))

    @contextmanager
    def ahead(self, uow: UnitOfWork, _envelopes: Collection[Envelope]) -> Iterator[None]:
        """See `LooksAhead`."""
        noted = uow.known[_Noted] = _Noted()
        yield
        del uow.known[_Noted]
        if noted:
            columns = zip(
                ("cases", "tasks", "states"), map(list, zip(*noted, strict=True)), strict=True
            )
            uow.session.connection().exec_driver_sql(_ARRIVED, dict(columns))
