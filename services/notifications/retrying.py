"""A delivery that failed, once more: whether that can help, and what does where it cannot."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import col

from services.notifications.domain import NOBODY
from services.notifications.handlers.tracking import FAILED, lock_case_of
from services.notifications.handlers.waiting import no_longer_matters, tell_somebody
from services.notifications.listings import telling
from services.notifications.notice import Notice
from services.notifications.reach.unusable import is_unusable
from services.notifications.sending import reachable
from services.notifications.tables import Contact, deliveries, listing_deliveries
from shared.database import UnitOfWork
from shared.delivery import DeliveryTables


class Hindrance(StrEnum):
    """Why a delivery is not tried again, and what helps instead."""

    UNKNOWN = "There is no such delivery."
    NOT_FAILED = "It has not failed: only what failed, or came back, can be tried again."
    NOBODY = (
        "Nobody is a contact who could be told of this, so there is nowhere to send it. Whoever it"
        " is for says how they are asked, or their hub notes it for them. Then try again."
    )
    NO_LONGER_MATTERS = "What it says was overtaken: nobody needs to hear of it any more."
    INACTIVE = (
        "Its contact is not used any more, so it would fail again. Ring whoever it is for, and have"
        " them or their hub say how they are asked now: what comes next goes there."
    )
    UNUSABLE = (
        "Mails to its contact came back, so none are sent there. Ring whoever it is for; their hub"
        " corrects the address, or says that it was checked anew. Then try again."
    )


def retry(uow: UnitOfWork, tables: DeliveryTables, key: UUID) -> Hindrance | None:
    """Try a failed delivery again, from now; the caller commits.

    One about a case or a listing that had nobody to go to goes to whoever is a contact by now.

    Args:
        uow: the transaction.
        tables: those that may hold it.
        key: the delivery.

    Returns:
        What hinders it; None where it is tried again.
    """
    if tables is deliveries:
        lock_case_of(uow, key)
    wanted = select(tables.delivery).where(tables.delivery.c.id == key).with_for_update()
    row = uow.session.connection().execute(wanted).first()
    if row is None:
        return Hindrance.UNKNOWN
    if row.state not in FAILED:
        return Hindrance.NOT_FAILED
    if row.channel == NOBODY:
        return _retry_nobody(uow, tables, row)
    hindrance = _of_contact(uow, row) if "contact" in tables.delivery.c else None
    if hindrance is None:
        tables.retry(uow.session, tables.delivery.c.id == key, ended_as=FAILED)
    return hindrance


def _retry_nobody(
    uow: UnitOfWork, tables: DeliveryTables, row: Row[*tuple[Any, ...]]
) -> Hindrance | None:
    if tables is listing_deliveries:
        return None if telling.tell_somebody(uow, row) else Hindrance.NOBODY
    if tables is not deliveries:
        return Hindrance.NOBODY
    if no_longer_matters(uow, Notice.model_validate_json(row.payload), row.party):
        return Hindrance.NO_LONGER_MATTERS
    return None if tell_somebody(uow, row) else Hindrance.NOBODY


def _of_contact(uow: UnitOfWork, row: Row[*tuple[Any, ...]]) -> Hindrance | None:
    reached = select(Contact, is_unusable(col(Contact.id))).where(col(Contact.id) == row.contact)
    found = uow.session.execute(reached).first()
    if found is None:
        return Hindrance.NOBODY
    contact, unusable = found
    if not reachable(contact, getattr(row, "kind", None)):
        return Hindrance.INACTIVE
    return Hindrance.UNUSABLE if unusable else None
