"""Whether mails to an address are not sent any more."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, delete, exists, select
from sqlmodel import col

from services.notifications.tables import Contact, UnusableAddress
from shared.database import UnitOfWork


def is_unusable(contact: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Whether mails to a contact do not reach it: a condition.

    Args:
        contact: the column of its id.
    """
    return exists().where(
        col(UnusableAddress.contact) == contact, col(UnusableAddress.since).is_not(None)
    )


def usable_again(uow: UnitOfWork, contact: UUID) -> None:
    """Forget what came back from an address: it is another one, or was verified anew.

    Args:
        uow: the transaction; the caller commits.
        contact: whose.
    """
    forget = delete(UnusableAddress).where(col(UnusableAddress.contact) == contact)
    uow.session.execute(forget)


def unusable_of(uow: UnitOfWork, party: str) -> Mapping[UUID, UnusableAddress]:
    """Which of a party's contacts mails do not reach.

    Args:
        uow: the transaction.
        party: whose contacts.
    """
    found = (
        select(UnusableAddress)
        .join(Contact, col(Contact.id) == col(UnusableAddress.contact))
        .where(col(Contact.party) == party, col(UnusableAddress.since).is_not(None))
    )
    return {each.contact: each for each in uow.session.scalars(found)}
