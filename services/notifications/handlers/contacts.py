"""Who is reached how: set by a party itself or by its hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlmodel import col

from services.notifications.channels.webhook import WEBHOOK, new_secret
from services.notifications.domain import Kind, Source
from services.notifications.handlers import waiting
from services.notifications.handlers.cases import add, answered
from services.notifications.handlers.telling import locked
from services.notifications.keys import Keys
from services.notifications.notice import Notice
from services.notifications.reach.unusable import usable_again
from services.notifications.tables import (
    CONTACT_CHANGED,
    AnswerLink,
    Contact,
    deliveries,
    delivery,
)
from services.notifications.wishes.keeping import check_asked, check_heard
from services.notifications.wishes.rules import Kept as KeptWishes
from shared.database import UnitOfWork

NOT_ITS_KEY = {"key_share": True}
"""Locks a contact's row without getting in the way of a delivery that is just added for it."""


@dataclass(frozen=True)
class Wanted:
    """A contact as somebody wants it to be. See `Contact`."""

    id: UUID
    party: str
    role: str
    service: UUID | None
    label: str
    means: str
    address: str
    verified_by_hub: bool
    active: bool
    preferences: dict[str, object]
    wishes: KeptWishes
    new_secret: bool
    secret_overlap: timedelta


@dataclass(frozen=True)
class Kept:
    """A contact as it is now.

    Attributes:
        contact: the contact.
        secret: its webhook secret if that is new: it can be read this once.
        moved: whether it has another address than before.
    """

    contact: Contact
    secret: str | None
    moved: bool


class BelongsToAnother(Exception):
    """The id is that of another party's contact."""


class There(Exception):
    """The party is reached at this address already, in this role.

    Args:
        contact: the id of the contact that it has.
    """

    def __init__(self, contact: UUID) -> None:
        super().__init__()
        self.contact = contact


def of_party(uow: UnitOfWork, party: str) -> Sequence[Contact]:
    """A party's contacts, active or not."""
    found = select(Contact).where(col(Contact.party) == party).order_by(col(Contact.id))
    return uow.session.scalars(found).all()


def put(uow: UnitOfWork, keys: Keys, wanted: Wanted, *, by_hub: bool, by_party: bool) -> Kept:
    """Create or change a contact; the caller commits. See `keep` for what a change entails.

    Args:
        uow: the transaction.
        keys: seal a webhook's secret.
        wanted: what it shall be.
        by_hub: whether a coordinator of the party's own hub says so; only then `verified_by_hub`
            is taken over.
        by_party: whether the party itself says so; see `keep`.

    Raises:
        BelongsToAnother: the id is another party's; nothing was changed.
        There: the party has it already, and would hear everything twice; nothing was changed.
        Unheard: what somebody must hear would be heard by nobody; nothing was changed.
        Unasked: the party itself stops the last contact that it is asked by; nothing was changed.
    """
    found = uow.session.get(Contact, wanted.id, with_for_update=NOT_ITS_KEY)
    if found and found.party != wanted.party:
        raise BelongsToAnother
    if found is None:
        _refuse_twice(uow, wanted)
    check_heard(uow, wanted.id, wanted.party, wanted.role, wanted.wishes)
    if by_party and found and found.active and not (wanted.active and wanted.role == found.role):
        check_asked(uow, found.id, found.party, found.role)
    contact = found or Contact(
        id=wanted.id, party=wanted.party, role=wanted.role, means=wanted.means,
        address=wanted.address, source=Source.OWN,
    )  # fmt: skip
    stopped = bool(found and found.active and not wanted.active)
    contact.role = wanted.role
    contact.service = wanted.service
    contact.label = wanted.label
    contact.source = (Source.HUB if by_hub else Source.OWN).value
    contact.active = wanted.active
    contact.preferences = dict(wanted.preferences)
    contact.wishes = wanted.wishes.stored if wanted.wishes.any else {}
    verified = by_hub and wanted.verified_by_hub
    moved = keep(
        uow, contact, wanted.means, wanted.address, by_party=by_party, verified=verified,
        stopped=stopped,
    )  # fmt: skip
    if by_hub:
        contact.verified_by_hub = wanted.verified_by_hub
    secret = _secret(contact, keys, wanted, moved=moved)
    uow.session.flush()
    return Kept(contact, secret, moved)


def _refuse_twice(uow: UnitOfWork, wanted: Wanted) -> None:
    same = select(col(Contact.id)).where(
        col(Contact.party) == wanted.party,
        col(Contact.means) == wanted.means,
        col(Contact.address) == wanted.address,
        col(Contact.role) == wanted.role,
        col(Contact.service) == wanted.service,
        col(Contact.active),
    )
    already = uow.session.scalars(same.limit(1)).first()
    if wanted.active and already is not None:
        raise There(already)


def keep(
    uow: UnitOfWork,
    contact: Contact,
    means: str,
    address: str,
    *,
    by_party: bool,
    verified: bool = False,
    stopped: bool = False,
) -> bool:
    """Keep a new or changed contact with the address that it has now; the caller commits.

    What a hub verified was an address: another one is unverified, the old one's links end, and
    what is still open is told to the new one. What its party could not be told goes out now.

    Args:
        uow: the transaction.
        contact: the contact, its other fields set.
        means: how it is reached from now on.
        address: where.
        by_party: whether the party itself says so. At anybody else's word no link goes to the new
            address that may lead to who a person is: of a request that was answered already.
        verified: whether its hub says now that it checked the address: then it is used again, if
            it was not any more.
        stopped: whether nothing is sent there from now on: its links end.

    Returns:
        Whether it is another address than before.
    """
    moved = (contact.address, contact.means) != (address, means)
    contact.means = means
    contact.address = address
    contact.changed = datetime.now(UTC)
    if moved:
        contact.verified_by_hub = False
        contact.revision += 1
        _forget_former_secret(contact)
    uow.session.add(contact)
    uow.session.flush()
    _lock_cases(uow, contact, moved=moved or stopped)
    if moved or verified:
        usable_again(uow, contact.id)
    if stopped:
        _end_links(uow, contact)
    elif moved:
        _tell_again(uow, contact, by_party=by_party)
    waiting.tell(uow, contact.party)
    return moved


def rotate(uow: UnitOfWork, keys: Keys, contact: UUID, *, overlap: timedelta) -> str | None:
    """Give a webhook a new secret; the caller commits.

    Args:
        uow: the transaction.
        keys: seal it.
        contact: which webhook.
        overlap: for so long messages are signed with the one before too; none where that became
            known to others.

    Returns:
        The secret, which can be read this once; None where there is no such webhook.
    """
    found = uow.session.get(Contact, contact, with_for_update=NOT_ITS_KEY)
    if found is None or found.means != WEBHOOK.means:
        return None
    secret = _new_secret(found, keys, overlap)
    found.changed = datetime.now(UTC)
    uow.session.flush()
    return secret


def _new_secret(contact: Contact, keys: Keys, overlap: timedelta) -> str:
    secret = new_secret()
    _forget_former_secret(contact)
    if contact.sealed_secret and overlap:
        contact.former_sealed_secret = contact.sealed_secret
        contact.former_secret_until = datetime.now(UTC) + overlap
    contact.sealed_secret = keys.seal(secret)
    return secret


def _secret(contact: Contact, keys: Keys, wanted: Wanted, *, moved: bool) -> str | None:
    """A new secret where one is wanted; the one before is for the receiver that knows it."""
    if wanted.means != WEBHOOK.means or (contact.sealed_secret and not wanted.new_secret):
        return None
    return _new_secret(contact, keys, timedelta() if moved else wanted.secret_overlap)


def _forget_former_secret(contact: Contact) -> None:
    contact.former_sealed_secret = None
    contact.former_secret_until = None


def _lock_cases(uow: UnitOfWork, contact: Contact, *, moved: bool) -> None:
    """Lock the cases that a change may concern, in one order, so that no two wait in a ring."""
    cases = set(waiting.cases_of(uow, contact.party))
    if moved:
        cases.update(link.case for link in _open_links(uow, contact))
    for case in sorted(cases):
        locked(uow, case)


def _open_links(uow: UnitOfWork, contact: Contact) -> Sequence[AnswerLink]:
    open_links = (
        select(AnswerLink)
        .where(
            col(AnswerLink.contact) == contact.id,
            col(AnswerLink.revoked).is_(None),
            col(AnswerLink.expires) > func.now(),
        )
        .order_by(col(AnswerLink.case), col(AnswerLink.hash))
        .execution_options(populate_existing=True)
    )
    return uow.session.scalars(open_links).all()


def _end_links(uow: UnitOfWork, contact: Contact) -> Sequence[AnswerLink]:
    """Let the links of a contact that has moved, or is not asked any more, stop working: whoever
    reads what went there may have left the group."""
    links = _open_links(uow, contact)
    for link in links:
        locked(uow, link.case)  # one may have been made since the others were locked
        link.revoked = datetime.now(UTC)
        link.revoked_for = CONTACT_CHANGED
        uow.session.add(link)
    uow.session.flush()
    return links


def _tell_again(uow: UnitOfWork, contact: Contact, *, by_party: bool) -> None:
    for link in _end_links(uow, contact):
        deliveries.supersede(uow.session, delivery.c.id == link.delivery, CONTACT_CHANGED)
        if not by_party and answered(uow, link.task):
            continue
        asked = select(delivery.c.payload).where(
            delivery.c.id == link.delivery, delivery.c.kind == Kind.REQUEST.value
        )
        request = uow.session.scalars(asked).first()
        if request is None:
            continue  # a nudge: the request itself is asked anew
        notice = Notice.model_validate_json(request)
        add(uow, uuid5(link.delivery, f"moved/{contact.revision}"), notice, contact)
    uow.session.flush()
