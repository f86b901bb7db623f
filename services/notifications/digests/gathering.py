"""A notice joins the next digest of its contact."""

from datetime import datetime
from uuid import UUID, uuid5

import orjson
from sqlalchemy import bindparam, select

from services.notifications.channels.registry import IN_WORDS
from services.notifications.domain import Kind
from services.notifications.tables import Contact, digest_deliveries
from services.notifications.wishes.rules import OPTIONAL, digest_after, wishes_of
from shared.database import UnitOfWork
from shared.delivery import State

GATHERED = "gathered"
"""Why a delivery waits: it goes with others, once a day."""

digest = digest_deliveries.delivery
_STANDS = (
    select(digest.c.state, digest.c.attempts)
    .where(digest.c.id == bindparam("of"))
    .with_for_update(read=True)
)
"""Shared with whoever else gathers; no worker takes up the digest before they have committed."""


def is_gathered(contact: Contact, kind: Kind) -> bool:
    """Whether a contact hears of this once a day: as it wished, and only what need not be heard."""
    return (
        kind in OPTIONAL
        and contact.means in IN_WORDS
        and bool(contact.wishes)
        and kind in wishes_of(contact).gathered
    )


def gather(uow: UnitOfWork, contact: Contact, at: datetime) -> UUID:
    """The digest that a notice goes with, made if there is none; the caller commits.

    A digest that was taken up takes no more: what comes then goes with the next.

    Args:
        uow: the transaction, which holds the notice's case.
        contact: whose.
        at: the moment.
    """
    wishes = wishes_of(contact)
    while True:
        at = digest_after(wishes, at)
        key = uuid5(contact.id, f"digest/{at.timestamp():.0f}")
        digest_deliveries.add(
            uow.session,
            key=key,
            order_key=f"{contact.id}/digest",
            channel=contact.means,
            address=contact.address,
            payload=orjson.dumps({"contact": contact.id}).decode(),
            due=at,
            extra={"party": contact.party, "contact": contact.id},
        )
        stands = uow.session.connection().execute(_STANDS, {"of": key}).one()
        if stands.state == State.QUEUED and not stands.attempts:
            return key
