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

_HOLD = """
SELECT FROM referral_case WHERE id = ANY(%(cases)s::uuid[]) ORDER BY id FOR UPDATE
"""
"""A step on a case writes the same row of the list: what is read below is read after this."""

_ARRIVED = """
WITH told AS (
    SELECT DISTINCT ON (task) "case", task, state
    FROM unnest(%(cases)s::uuid[], %(tasks)s::text[], %(states)s::text[]) WITH ORDINALITY
         AS said("case", task, state, n)
    ORDER BY task, n DESC
), noted AS (
    UPDATE case_task SET delivery_state = told.state FROM told
    WHERE case_task.id = told.task AND case_task."case" = told."case"
), asked AS (
    SELECT each."case", coalesce(told.state, each.delivery_state) AS state,
        each.business = 'awaiting-answer' AS waits,
        row_number() OVER (PARTITION BY each."case" ORDER BY each.created DESC, each.id DESC) AS nth
    FROM case_task each LEFT JOIN told ON told.task = each.id
    WHERE each.kind = 'provider' AND each."case" IN (SELECT "case" FROM told)
), heard AS (
    SELECT "case", CASE WHEN bool_or(state = 'failed') THEN 'failed'
        WHEN bool_and(state IS NOT NULL) THEN 'delivered' END AS state
    FROM asked
    WHERE waits OR (nth = 1 AND NOT EXISTS (
        SELECT FROM asked other WHERE other."case" = asked."case" AND other.waits))
    GROUP BY "case"
)
UPDATE worklist SET delivery_state = heard.state
FROM heard WHERE worklist."case" = heard."case"
"""
"""Of all that wait for an answer; where none does, of the one that was asked last: `CaseFile`
writes the same with each step."""


class _Noted(list[tuple[UUID, str, str]]):
    """Arrivals that are written when the transaction has heard of all: case, Task and state."""


class Arrivals:
    """Keeps whether the messages arrived by which providers are asked."""

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
            connection, said = uow.session.connection(), dict(columns)
            connection.exec_driver_sql(_HOLD, said)
            connection.exec_driver_sql(_ARRIVED, said)
