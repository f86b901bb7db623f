"""Messages that have nobody to go to yet: they wait a while, and go out when a contact comes.

An event may be here before the listing or the contact that says how its party is reached. So a
message without a contact is a delivery of the channel `NOBODY`, which fails, and is told as a
failure, only after a grace period; and whoever becomes a contact gets what still matters.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, select, update

from services.notifications.domain import NOBODY, Kind, rule_of
from services.notifications.handlers.cases import add, answered, contacts_for, stopped
from services.notifications.handlers.hubs import team_of
from services.notifications.notice import Notice
from services.notifications.tables import deliveries, delivery
from shared.database import UnitOfWork
from shared.delivery import State

FOUND = "contact-found"
"""Why a message to nobody ended: it went to somebody instead."""

_STILL = [State.QUEUED.value, State.SENDING.value, State.FAILED.value]


def cases_of(uow: UnitOfWork, party: str) -> Sequence[UUID]:
    """The cases about which a party could not be told."""
    return uow.session.scalars(select(delivery.c.case).where(*_waiting(party)).distinct()).all()


def tell(uow: UnitOfWork, party: str) -> None:
    """Tell a party what it could not be told; the caller has locked its cases, and commits."""
    found = select(delivery).where(*_waiting(party)).order_by(delivery.c.position)
    for row in uow.session.connection().execute(found.with_for_update()).all():
        tell_somebody(uow, row)


def tell_somebody(uow: UnitOfWork, row: Row[*tuple[Any, ...]]) -> bool:
    """Send a message that had nobody to whoever is a contact by now; the caller commits.

    Args:
        uow: the transaction, which holds the case's lock and the row's.
        row: the delivery to nobody.

    Returns:
        False when there still is nobody, or the message no longer matters.
    """
    notice = Notice.model_validate_json(row.payload)
    rule = rule_of(notice.type, notice.kind)
    contacts = contacts_for(uow, rule, row.party, notice.service)
    if not contacts or no_longer_matters(uow, notice, row.party):
        return False
    for contact in contacts:
        named = notice.model_copy(update={"contact": contact.id})
        add(uow, uuid5(row.id, str(contact.id)), named, contact)
    this = delivery.c.id == row.id
    deliveries.supersede(uow.session, this, FOUND)
    uow.session.connection().execute(
        update(delivery)
        .where(this, delivery.c.state == State.FAILED.value)
        .values(state=State.SUPERSEDED.value, last_error=FOUND)
    )
    return True


def no_longer_matters(uow: UnitOfWork, notice: Notice, party: str) -> bool:
    """Whether what a message says was overtaken while nobody got it; the case is locked.

    Args:
        uow: the transaction.
        notice: what it says.
        party: whom it was for.
    """
    return bool(
        stopped(uow, notice.case, notice.task)
        or (notice.kind is Kind.REQUEST and answered(uow, notice.task))
        or (
            rule_of(notice.type, notice.kind).party == "team"
            and team_of(uow, notice.case) not in {None, party}
        )
    )


def _waiting(party: str) -> tuple[Any, ...]:
    return (
        delivery.c.channel == NOBODY,
        delivery.c.party == party,
        delivery.c.state.in_(_STILL),
    )
