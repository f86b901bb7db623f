"""Deliveries as an operator sees them: where each stands and what was tried; nobody's address."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from shared.delivery.outcome import State
from shared.delivery.tables import DeliveryTables

UNDONE = (State.QUEUED, State.SENDING, State.UNKNOWN, State.FAILED, State.BOUNCED)
"""Where a delivery has not reached anybody, as far as is known."""


@dataclass(frozen=True)
class Seen:
    """A delivery without its address and payload.

    Attributes:
        id: of the delivery.
        channel: which sends it.
        state: where it stands.
        attempts: how many were begun.
        created: when it was added.
        due: when the next thing happens; None once nothing more will, or a person must act.
        ended: when it ended.
        reason: the code of the last failure, or of its end.
    """

    id: UUID
    channel: str
    state: str
    attempts: int
    created: datetime
    due: datetime | None
    ended: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Tried:
    """One attempt."""

    number: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    code: str | None


def seen(
    connection: Connection,
    tables: DeliveryTables,
    *,
    states: Collection[State] = UNDONE,
    channel: str | None = None,
    key: UUID | None = None,
    limit: int = 100,
) -> list[Seen]:
    """Deliveries, the oldest first.

    Args:
        connection: to the service's database.
        tables: the service's.
        states: only those that stand so.
        channel: only this one's.
        key: only the one with this id, however it stands.
        limit: at most so many.
    """
    row = tables.delivery.c
    columns = (
        row.id, row.channel, row.state, row.attempts, row.created, row.due, row.ended,
        row.last_error,
    )  # fmt: skip
    wanted = select(*columns).order_by(row.position).limit(limit)
    if key is not None:
        wanted = wanted.where(row.id == key)
    else:
        wanted = wanted.where(row.state.in_([state.value for state in states]))
    if channel is not None:
        wanted = wanted.where(row.channel == channel)
    return [Seen(*found) for found in connection.execute(wanted)]


def tried(connection: Connection, tables: DeliveryTables, key: UUID) -> Sequence[Tried]:
    """The attempts of one delivery, the first first."""
    row = tables.attempt.c
    columns = (row.number, row.started, row.ended, row.outcome, row.code)
    wanted = select(*columns).where(row.delivery == key).order_by(row.number)
    return [Tried(*found) for found in connection.execute(wanted)]
