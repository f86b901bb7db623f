"""Who is reached how: set by a party itself or by its hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlmodel import col

from services.notifications.channels.webhook import new_secret
from services.notifications.domain import Kind, Means, Source
from services.notifications.handlers.cases import add
from services.notifications.handlers.telling import locked
from services.notifications.keys import Keys
from services.notifications.notice import Notice
from services.notifications.tables import AnswerLink, Contact, deliveries, delivery
from shared.database import UnitOfWork


@dataclass(frozen=True)
class Wanted:
    """A contact as somebody wants it to be. See `Contact`."""

    id: UUID
    party: str
    role: str
    service: UUID | None
    label: str
    means: Means
    address: str
    verified_by_hub: bool
    active: bool
    preferences: dict[str, object]
    new_secret: bool


class BelongsToAnother(Exception):
    """The id is that of another party's contact."""


def of_party(uow: UnitOfWork, party: str) -> Sequence[Contact]:
    """A party's contacts, active or not."""
    found = select(Contact).where(col(Contact.party) == party).order_by(col(Contact.id))
    return uow.session.scalars(found).all()


def put(uow: UnitOfWork, keys: Keys, wanted: Wanted, *, by_hub: bool) -> tuple[Contact, str | None]:
    """Create or change a contact; the caller commits.

    What the hub verified was an address: another address is unverified until the hub says
    otherwise, its links stop working, and what is still open is told to the new one.

    Args:
        uow: the transaction.
        keys: seal a webhook's secret.
        wanted: what it shall be.
        by_hub: whether a coordinator says so; only then `verified_by_hub` is taken over.

    Returns:
        The contact, and its webhook secret if that is new: it can be read this once.

    Raises:
        BelongsToAnother: nothing was changed.
    """
    found = uow.session.get(Contact, wanted.id, with_for_update=True)
    if found and found.party != wanted.party:
        raise BelongsToAnother
    moved = found is not None and (found.address, found.means) != (wanted.address, wanted.means)
    contact = found or Contact(
        id=wanted.id, party=wanted.party, role=wanted.role, means=wanted.means,
        address=wanted.address, source=Source.OWN,
    )  # fmt: skip
    contact.role = wanted.role
    contact.service = wanted.service
    contact.label = wanted.label
    contact.means = wanted.means.value
    contact.address = wanted.address
    contact.source = (Source.HUB if by_hub else Source.OWN).value
    if by_hub:
        contact.verified_by_hub = wanted.verified_by_hub
    elif moved:
        contact.verified_by_hub = False
    contact.active = wanted.active
    contact.preferences = dict(wanted.preferences)
    secret = _secret(contact, keys, wanted)
    if moved:
        contact.revision += 1
    if found:
        contact.changed = datetime.now(UTC)
    uow.session.add(contact)
    uow.session.flush()
    if moved:
        tell_again(uow, contact)
    return contact, secret


def _secret(contact: Contact, keys: Keys, wanted: Wanted) -> str | None:
    if wanted.means is not Means.WEBHOOK or (contact.sealed_secret and not wanted.new_secret):
        return None
    secret = new_secret()
    contact.sealed_secret = keys.seal(secret)
    return secret


def tell_again(uow: UnitOfWork, contact: Contact) -> None:
    """A contact has moved: its links end, and open requests go to where it is now."""
    open_links = (
        select(AnswerLink)
        .where(
            col(AnswerLink.contact) == contact.id,
            col(AnswerLink.revoked).is_(None),
            col(AnswerLink.expires) > func.now(),
        )
        .order_by(col(AnswerLink.case), col(AnswerLink.hash))
    )
    for link in uow.session.scalars(open_links).all():
        locked(uow, link.case)
        link.revoked = datetime.now(UTC)
        link.revoked_for = "contact-changed"
        uow.session.add(link)
        deliveries.supersede(uow.session, delivery.c.id == link.delivery, "contact-changed")
        asked = select(delivery.c.payload).where(
            delivery.c.id == link.delivery, delivery.c.kind == Kind.REQUEST.value
        )
        notice = Notice.model_validate_json(uow.session.scalars(asked).one())
        add(uow, uuid5(link.delivery, f"moved/{contact.revision}"), notice, contact)
    uow.session.flush()
