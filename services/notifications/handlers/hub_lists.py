"""What waits for staff, a page at a time: calls to make, messages that failed, bad addresses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.notifications.channels.registry import BY_A_PERSON
from services.notifications.domain import Kind
from services.notifications.handlers import hubs
from services.notifications.handlers.tracking import FAILED
from services.notifications.tables import (
    Answered,
    Contact,
    ListingSeen,
    PartyHub,
    Stopped,
    UnusableAddress,
    delivery,
)
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.delivery import State

Rows = Sequence[Row[*tuple[Any, ...]]]

_TO_CALL: tuple[ColumnElement[bool], ...] = (
    delivery.c.state == State.QUEUED.value,
    delivery.c.channel.in_(BY_A_PERSON),
)
_STILL_WANTED = and_(
    ~exists().where(col(Stopped.about).in_([delivery.c.case, delivery.c.task])),
    ~and_(
        delivery.c.kind == Kind.REQUEST.value,
        exists().where(col(Answered.task) == delivery.c.task),
    ),
)
"""What failed and was overtaken since waits for nobody: the case ended, or the answer came."""
_FAILURES = (delivery.c.state.in_([each.value for each in FAILED]), _STILL_WANTED)

_NAMED = aliased(ListingSeen)


class NotOnThisList(Exception):
    """The row to go on from is not on the list any more."""


def calls(
    uow: UnitOfWork,
    seen: ColumnElement[bool],
    *,
    party: str | None = None,
    after: UUID | None = None,
    count: int,
) -> Rows:
    """One page of the calls and notes that staff have to make (care 24), oldest first.

    Args:
        uow: the transaction.
        seen: which deliveries the reader may see (`hubs.seen_by`).
        party: only those to this party.
        after: the last one of the page before.
        count: at most so many.

    Raises:
        NotOnThisList: `after` is not.
    """
    waiting = [seen, *_TO_CALL]
    if party:
        waiting.append(delivery.c.party == party)
    return _page(uow, _called(), waiting, after, count)


def call(uow: UnitOfWork, seen: ColumnElement[bool], key: UUID) -> Row[*tuple[Any, ...]] | None:
    """One call that is still to be made; None where there is none among those `seen`."""
    wanted = _called().where(seen, *_TO_CALL, delivery.c.id == key)
    return uow.session.connection().execute(wanted).first()


def failures(uow: UnitOfWork, seen: ColumnElement[bool], *, after: UUID | None, count: int) -> Rows:
    """One page of the messages that did not arrive and still matter, oldest first; as `calls`.

    Raises:
        NotOnThisList: `after` is not.
    """
    named = select(delivery, col(_NAMED.name).label("party_name")).outerjoin(_NAMED, _is_name())
    return _page(uow, named, [seen, *_FAILURES], after, count)


def counted(uow: UnitOfWork, principal: Principal) -> dict[str, int]:
    """How many calls, failed messages and bad addresses wait for somebody."""
    seen = hubs.seen_by(uow, principal)
    connection = uow.session.connection()

    def many(*conditions: ColumnElement[bool]) -> int:
        wanted = select(func.count()).select_from(delivery).where(seen, *conditions)
        return connection.execute(wanted).scalar_one()

    bad = _unusable(hubs.coordinated(uow, principal)).subquery()
    return {
        "calls": many(*_TO_CALL),
        "failures": many(*_FAILURES),
        "unusable": connection.execute(select(func.count()).select_from(bad)).scalar_one(),
    }


def unusable(uow: UnitOfWork, principal: Principal, *, count: int) -> Rows:
    """Contacts of the parties of somebody's hubs whose mails come back, the oldest first."""
    wanted = _unusable(hubs.coordinated(uow, principal))
    ordered = wanted.order_by(col(UnusableAddress.since), col(Contact.id)).limit(count)
    return uow.session.connection().execute(ordered).all()


def _called() -> Select[Any]:
    return (
        select(
            delivery,
            col(Contact.label),
            col(Contact.address).label("number"),
            col(_NAMED.name).label("party_name"),
        )
        .outerjoin(Contact, col(Contact.id) == delivery.c.contact)
        .outerjoin(_NAMED, _is_name())
    )


def _is_name() -> ColumnElement[bool]:
    return col(_NAMED.subject) == func.concat("provider/", delivery.c.party)


def _unusable(codes: frozenset[str]) -> Select[Any]:
    named = func.concat("provider/", col(Contact.party))
    shown: list[Any] = [
        *(col(each) for each in (Contact.id, Contact.party, Contact.label, Contact.address)),
        *(col(each) for each in (UnusableAddress.since, UnusableAddress.code)),
        col(_NAMED.name).label("party_name"),
    ]
    return (
        select(*shown)
        .join(UnusableAddress, col(UnusableAddress.contact) == col(Contact.id))
        .outerjoin(PartyHub, col(PartyHub.party) == col(Contact.party))
        .outerjoin(_NAMED, col(_NAMED.subject) == named)
        .where(
            col(UnusableAddress.since).is_not(None),
            col(Contact.active),
            or_(col(PartyHub.hub).in_(codes), col(Contact.party).in_(codes)),
        )
    )


def _page(
    uow: UnitOfWork,
    wanted: Select[Any],
    conditions: Sequence[ColumnElement[bool]],
    after: UUID | None,
    count: int,
) -> Rows:
    connection = uow.session.connection()
    wanted = wanted.where(*conditions)
    if after is not None:
        there = select(delivery.c.position).where(*conditions, delivery.c.id == after)
        position = connection.execute(there).scalar_one_or_none()
        if position is None:
            raise NotOnThisList
        wanted = wanted.where(delivery.c.position > position)
    return connection.execute(wanted.order_by(delivery.c.position).limit(count)).all()
