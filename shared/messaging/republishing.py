"""Telling one consumer again: what an owner's state is now, or events that it never acted on.

Both write to the owner's outbox and leave the carrying to its relay, so that they work beside
running services, and while the broker is away.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import Event
from shared.messaging.events import Sequence as Place
from shared.messaging.outbox import Outbox, inbox, outbox

RAISED_BY = 1_000_000
"""Added to the versions of an owner that was restored from a backup: more than anybody can have
taken from it between the backup and the loss, and little enough to be added two thousand times."""

AFTER_ALL = 900_000
"""Number of the first event of a state that is told in several: it follows every event that its
version can have had, for readers who keep the highest of each."""

Told = tuple[Event, Place]
"""An event that says how its subject stands, with its place in the subject's order."""


@dataclass(frozen=True)
class OwnState:
    """One kind of state that a service owns and others keep copies of.

    Attributes:
        kind: what it is called, such as `services`.
        types: of the events that tell it.
        keys: of all its subjects, in a lasting order; of whichever type the owner has.
        told: how these subjects stand; locks them until the transaction ends, since the outbox's
            order needs it.
        raise_versions: adds so much to the versions of these subjects, within the transaction.
    """

    kind: str
    types: frozenset[str]
    keys: Callable[[UnitOfWork], Sequence[Any]]
    told: Callable[[UnitOfWork, Sequence[Any]], Iterable[Told]]
    raise_versions: Callable[[UnitOfWork, Sequence[Any], int], None]


def republish(
    engine: Engine,
    box: Outbox,
    state: OwnState,
    to: Subscription,
    *,
    raised_by: int = 0,
    batch: int = 200,
) -> int:
    """Write state as events for one consumer, marked as a replay, in short transactions.

    Args:
        engine: of the owner.
        box: the owner's.
        state: what to tell.
        to: the consumer; of the events it gets those that it binds.
        raised_by: added to every version first. See `RAISED_BY`.
        batch: subjects at most in one transaction, which holds their locks.

    Returns:
        How many events were written.
    """
    with UnitOfWork(engine) as uow:
        keys = state.keys(uow)
    written = 0
    for start in range(0, len(keys), batch):
        some = keys[start : start + batch]
        with UnitOfWork(engine) as uow:
            if raised_by:
                state.raise_versions(uow, some, raised_by)
            rows = [
                box.row(event, version=place.version, n=place.n, replay=True, recipient=to.consumer)
                for event, place in state.told(uow, some)
                if event.type in to.types
            ]
            if rows:
                uow.session.connection().execute(insert(outbox), rows)
                box.announce(uow)
            uow.commit()
        written += len(rows)
    return written


@dataclass(frozen=True)
class Missed:
    """An event that was published, and that a consumer which binds it has not acted on."""

    id: UUID
    type: str
    subject: str


def missed(
    owner: Engine, consumer: Engine, to: Subscription, *, before: datetime, batch: int = 5000
) -> Iterator[Missed]:
    """The events of an owner that a consumer should have acted on and has not, oldest first.

    Only what the outbox still holds can be found (`outbox.KEPT_PUBLISHED`). Dead letters are among
    them.

    Args:
        owner: the database of the service that published.
        consumer: the database of the consumer's service.
        to: the consumer.
        before: what was published later may still be on its way.
        batch: events that are looked up together.
    """
    bound = (
        select(outbox.c.id, outbox.c.type, outbox.c.subject, outbox.c.position)
        .where(
            outbox.c.type.in_(to.types),
            outbox.c.published_at < before,
            or_(outbox.c.recipient.is_(None), outbox.c.recipient == to.consumer),
        )
        .order_by(outbox.c.position)
        .limit(batch)
    )
    reached = -1
    while True:
        with owner.connect() as connection:
            rows = connection.execute(bound.where(outbox.c.position > reached)).all()
        if not rows:
            return
        reached = rows[-1].position
        known = select(inbox.c.event_id).where(
            inbox.c.consumer == to.consumer, inbox.c.event_id.in_([row.id for row in rows])
        )
        with consumer.connect() as connection:
            acted_on = set(connection.execute(known).scalars())
        for row in rows:
            if row.id not in acted_on:
                yield Missed(row.id, row.type, row.subject)


def publish_again(owner: Engine, events: Sequence[UUID], *, batch: int = 5000) -> int:
    """Have the relay carry events again, as they were and in their order.

    Whoever acted on one of them knows it by its id. So this is safe while copies are still in a
    queue, and it needs no recipient.

    Args:
        owner: the database of the service that published them.
        events: their ids.
        batch: events in one transaction.

    Returns:
        How many there were.
    """
    again = 0
    for start in range(0, len(events), batch):
        unpublished = (
            update(outbox)
            .where(outbox.c.id.in_(events[start : start + batch]))
            .values(published_at=None, attempts=0, due=func.now(), last_error=None)
        )
        with owner.begin() as connection:
            again += connection.execute(unpublished).rowcount
    return again
