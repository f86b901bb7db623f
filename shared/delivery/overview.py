"""Deliveries as an operator sees them: where each stands and what was tried; nobody's address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, null, select

from shared.delivery.outcome import State
from shared.delivery.tables import DeliveryTables

NEEDY = (State.FAILED, State.BOUNCED, State.UNKNOWN)
"""Where a delivery may need somebody; these are listed first, in this order."""
UNDONE = (*NEEDY, State.SENDING, State.QUEUED)
"""Where a delivery has not reached anybody, as far as is known."""
IN_ORDER = (*UNDONE, State.DELIVERED, State.SUPERSEDED)
"""As they are listed, and counted."""


@dataclass(frozen=True)
class Wanted:
    """Which deliveries to look at.

    Attributes:
        states: only those that stand so.
        channel: only this one's.
        kind: only those that say this.
        since: only those that were added from then on.
    """

    states: Collection[State] = UNDONE
    channel: str | None = None
    kind: str | None = None
    since: datetime | None = None


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
        kind: what it says; None where the table holds one kind alone.
        party: whom it is for; None where the table does not say.
    """

    id: UUID
    channel: str
    state: str
    attempts: int
    created: datetime
    due: datetime | None
    ended: datetime | None
    reason: str | None
    kind: str | None
    party: str | None

    @property
    def place(self) -> tuple[int, datetime]:
        """Where it comes in a list: what needs somebody first, and of those the oldest."""
        return IN_ORDER.index(State(self.state)), self.created


@dataclass(frozen=True)
class Tried:
    """One attempt."""

    number: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    code: str | None


def seen(
    connection: Connection, tables: DeliveryTables, wanted: Wanted, *, limit: int
) -> list[Seen]:
    """Deliveries, what needs somebody first, and then the oldest.

    Args:
        connection: to the service's database.
        tables: the service's.
        wanted: which.
        limit: at most so many.
    """
    row = tables.delivery.c
    rank = case({each.value: place for place, each in enumerate(IN_ORDER)}, value=row.state)
    listed = _selected(tables).where(_is(tables, wanted)).order_by(rank, row.created, row.position)
    return [Seen(*found) for found in connection.execute(listed.limit(limit))]


def one(connection: Connection, tables: DeliveryTables, key: UUID) -> Seen | None:
    """The delivery with this id, however it stands; None if there is none."""
    found = connection.execute(_selected(tables).where(tables.delivery.c.id == key)).first()
    return Seen(*found) if found else None


def counted(connection: Connection, tables: DeliveryTables, wanted: Wanted) -> Mapping[State, int]:
    """How many deliveries are in each state, whichever states are `wanted`.

    Args:
        connection: to the service's database.
        tables: the service's.
        wanted: which.
    """
    row = tables.delivery.c
    anyhow = _is(tables, replace(wanted, states=IN_ORDER))
    grouped = select(row.state, func.count()).where(anyhow).group_by(row.state)
    return {State(state): count for state, count in connection.execute(grouped)}


def tried(connection: Connection, tables: DeliveryTables, key: UUID) -> Sequence[Tried]:
    """The attempts of one delivery, the first first."""
    row = tables.attempt.c
    columns = (row.number, row.started, row.ended, row.outcome, row.code)
    wanted = select(*columns).where(row.delivery == key).order_by(row.number)
    return [Tried(*found) for found in connection.execute(wanted)]


def _selected(tables: DeliveryTables) -> Select[*tuple[Any, ...]]:
    row = tables.delivery.c
    return select(
        row.id, row.channel, row.state, row.attempts, row.created, row.due, row.ended,
        row.last_error, row.get("kind", null()), row.get("party", null()),
    )  # fmt: skip


def _is(tables: DeliveryTables, wanted: Wanted) -> ColumnElement[bool]:
    row = tables.delivery.c
    meant: list[ColumnElement[bool]] = [row.state.in_([state.value for state in wanted.states])]
    if wanted.channel is not None:
        meant.append(row.channel == wanted.channel)
    if wanted.kind is not None and "kind" in row:
        meant.append(row.kind == wanted.kind)
    if wanted.since is not None:
        meant.append(row.created >= wanted.since)
    return and_(*meant)
