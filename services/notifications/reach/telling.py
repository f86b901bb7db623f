"""Telling whoever can do something about a contact that is not reached: the party, and its hub."""

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import col

from services.notifications.channels.email import EMAIL
from services.notifications.domain import NOBODY, Role
from services.notifications.handlers.cases import active
from services.notifications.reach.notice import Kind, ReachNotice
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import Contact, PartyHub, contact_deliveries
from shared.database import UnitOfWork
from shared.delivery import State


def tell(uow: UnitOfWork, about: Contact, cause: UUID, *, party: Kind, hub: Kind) -> None:
    """Tell the party by its other verified addresses, and its hub's coordinators; by e-mail.

    Where neither has an address that is noted as a failure: `kersey deliveries list` shows it.

    Args:
        uow: the transaction that found it out; the caller commits.
        about: the contact that is not reached.
        cause: made of what happened; the same makes each message once.
        party: what the party is told.
        hub: what the hub is told.
    """
    told = [(party, each) for each in _others(uow, about)]
    told += [(hub, each) for each in _of_the_hub(uow, about)]
    for kind, contact in told:
        notice = ReachNotice(kind=kind, about=about.id, contact=contact.id)
        _add(uow, uuid5(cause, str(contact.id)), notice, contact.party, contact)
    if not told:
        notice = ReachNotice(kind=hub, about=about.id)
        _add(uow, uuid5(cause, NOBODY), notice, about.party, None)


def _others(uow: UnitOfWork, about: Contact) -> Sequence[Contact]:
    """The party's other verified addresses: what anybody could have set is told nothing."""
    others = select(Contact).where(
        col(Contact.party) == about.party,
        col(Contact.id) != about.id,
        col(Contact.means) == EMAIL.means,
        col(Contact.verified_by_hub),
        col(Contact.active),
        ~is_unusable(col(Contact.id)),
    )
    return _distinct(uow.session.scalars(others.order_by(col(Contact.id))).all())


def _of_the_hub(uow: UnitOfWork, about: Contact) -> Iterator[Contact]:
    hub = uow.session.scalars(
        select(col(PartyHub.hub)).where(col(PartyHub.party) == about.party)
    ).first()
    coordinators = active(uow, hub or about.party, Role.COORDINATOR)
    mailed = [each for each in coordinators if each.means == EMAIL.means]
    return (each for each in _distinct(mailed) if each.id != about.id)


def _distinct(contacts: Sequence[Contact]) -> list[Contact]:
    """One contact for each address: it may stand there in several roles."""
    return list({each.address: each for each in reversed(contacts)}.values())


def _add(
    uow: UnitOfWork, key: UUID, notice: ReachNotice, party: str, contact: Contact | None
) -> None:
    nobody = {"ended": State.FAILED, "reason": "no-contact"} if contact is None else {}
    contact_deliveries.add(
        uow.session,
        key=key,
        order_key=str(contact.id if contact else key),
        channel=contact.means if contact else NOBODY,
        address=contact.address if contact else "",
        payload=notice.model_dump_json(exclude_none=True),
        extra={
            "kind": notice.kind.value,
            "about": notice.about,
            "party": party,
            "contact": notice.contact,
        },
        **nobody,  # type: ignore[arg-type]
    )
