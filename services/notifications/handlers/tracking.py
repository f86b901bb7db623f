"""What became of deliveries: for the referral's page, the hub's list and the operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update
from sqlmodel import col

from services.notifications.channels.registry import BY_A_PERSON
from services.notifications.handlers.telling import Teller, locked
from services.notifications.tables import (
    Contact,
    attempt,
    deliveries,
    delivery,
    person_deliveries,
    person_delivery,
)
from shared.database import UnitOfWork
from shared.delivery import DeliveryTables, State

MOST_LISTED = 500
FAILED = (State.FAILED, State.BOUNCED)
"""Ends that may be tried again."""


@dataclass(frozen=True)
class Tracked:
    """A delivery with its attempts; no address."""

    row: Row[*tuple[Any, ...]]
    attempts: Sequence[Row[*tuple[Any, ...]]]


def tracked(
    uow: UnitOfWork, seen: ColumnElement[bool], *, case: UUID | None, task: UUID | None
) -> list[Tracked]:
    """The deliveries about a case, a Task, or both, oldest first, at most `MOST_LISTED`.

    Args:
        uow: the transaction.
        seen: which ones the reader may see (`hubs.seen_by`).
        case: of which case.
        task: of which Task.
    """
    wanted = [seen]
    if case:
        wanted.append(delivery.c.case == case)
    if task:
        wanted.append(delivery.c.task == task)
    return _with_attempts(uow, deliveries, and_(*wanted))


def labels(uow: UnitOfWork, found: Sequence[Tracked]) -> dict[UUID, str]:
    """What the contacts are called that these deliveries went to: a desk or a mailbox, nobody."""
    keys = {each.row.contact for each in found if each.row.contact}
    named = select(col(Contact.id), col(Contact.label)).where(col(Contact.id).in_(keys))
    return {row.id: row.label for row in uow.session.execute(named)} if keys else {}


def told_person(
    uow: UnitOfWork, seen: ColumnElement[bool], *, case: UUID | None, task: UUID | None
) -> list[Tracked]:
    """The messages to the person of a case, or about one place; as `tracked`.

    Args:
        uow: the transaction.
        seen: which ones the reader may see.
        case: of which case.
        task: about which place.
    """
    wanted = [seen]
    if case:
        wanted.append(person_delivery.c.case == case)
    if task:
        wanted.append(person_delivery.c.task == task)
    return _with_attempts(uow, person_deliveries, and_(*wanted))


def _with_attempts(
    uow: UnitOfWork, tables: DeliveryTables, wanted: ColumnElement[bool]
) -> list[Tracked]:
    connection, tried = uow.session.connection(), tables.attempt
    found = select(tables.delivery).where(wanted).order_by(tables.delivery.c.position)
    rows = connection.execute(found.limit(MOST_LISTED)).all()
    tries = select(tried).where(tried.c.delivery.in_([row.id for row in rows]))
    by_delivery: dict[UUID, list[Row[*tuple[Any, ...]]]] = {row.id: [] for row in rows}
    for each in connection.execute(tries.order_by(tried.c.number)).all():
        by_delivery[each.delivery].append(each)
    return [Tracked(row, by_delivery[row.id]) for row in rows]


def done(uow: UnitOfWork, teller: Teller, key: UUID, *, by: str) -> bool:
    """Note that a member of staff made a call; the caller commits.

    Args:
        uow: the transaction.
        teller: says so to the others.
        key: the delivery.
        by: who made it.

    Returns:
        Whether there was such a call to make.
    """
    if not lock_case_of(uow, key):
        return False
    made = (
        update(delivery)
        .where(
            delivery.c.id == key,
            delivery.c.state == State.QUEUED.value,
            delivery.c.channel.in_(BY_A_PERSON),
        )
        .values(state=State.DELIVERED.value, ended=func.now(), attempts=delivery.c.attempts + 1)
        .returning(delivery.c.channel, delivery.c.payload, delivery.c.attempts)
    )
    connection = uow.session.connection()
    row = connection.execute(made).first()
    if row is None:
        return False
    by_hand = {"delivery": key, "number": row.attempts, "worker": by[:100], "ended": func.now()}
    connection.execute(
        insert(attempt).values(by_hand | {"outcome": State.DELIVERED.value, "code": "by-hand"})
    )
    teller.arrived(uow, key, row.channel, row.payload)
    return True


def lock_case_of(uow: UnitOfWork, key: UUID) -> bool:
    """Lock the case before its delivery, as everybody does; false if there is no such delivery."""
    found = select(delivery.c.case).where(delivery.c.id == key)
    row = uow.session.connection().execute(found).first()
    if row is not None:
        locked(uow, row.case)
    return row is not None


def exists(uow: UnitOfWork, seen: ColumnElement[bool], key: UUID) -> bool:
    """Whether there is such a delivery among those `seen`."""
    found = select(delivery.c.id).where(delivery.c.id == key, seen)
    return uow.session.connection().execute(found).first() is not None
