"""The copy of the directory's listings: how a provider says in public that it is reached."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels.email import EMAIL
from services.notifications.channels.registry import asking
from services.notifications.domain import Role, Source
from services.notifications.handlers import contacts, hubs
from services.notifications.tables import Contact, ListingSeen
from shared.database import UnitOfWork
from shared.messaging.events import (
    Envelope,
    ProviderChanged,
    ProviderEvent,
    ProviderPublished,
    ProviderWithdrawn,
    ServiceChanged,
    ServiceEvent,
    ServicePublished,
    ServiceWithdrawn,
)

log = structlog.get_logger(__name__)

TYPES = frozenset(
    event.type
    for event in (
        ProviderPublished, ProviderChanged, ProviderWithdrawn,
        ServicePublished, ServiceChanged, ServiceWithdrawn,
    )
)  # fmt: skip

MOST_ADDRESS = 500


class Listings:
    """Keeps what listings say, within the transaction that consumes their events.

    Args:
        usable: means of programs that the settings say how to use.
    """

    def __init__(self, usable: Collection[str]) -> None:
        self._usable = frozenset(usable)

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Keep the newest listing of a provider or a service as a contact that nobody verified."""
        event = envelope.data
        if not isinstance(event, ProviderEvent | ServiceEvent):
            return
        name = _text(event.listing.get("name"))
        if not _is_news(uow, envelope, name):
            if envelope.replay:
                _name(uow, envelope, name)
            return
        service = event.service if isinstance(event, ServiceEvent) else None
        if isinstance(event, ProviderWithdrawn | ServiceWithdrawn):
            _end(uow, listed_contact(event.provider, service))
        else:
            take(uow, event.provider, service, event.listing, self._usable)


def listed_contact(provider: UUID, service: UUID | None) -> UUID:
    """The id of the contact that a provider's or a service's listing makes.

    The two kinds are kept apart: whoever lists something chooses its id, and might choose that of
    a service of somebody else's for an organisation, to have its requests sent to themselves.
    """
    return uuid5(service, "service listing") if service else uuid5(provider, "provider listing")


def take(
    uow: UnitOfWork,
    provider: UUID,
    service: UUID | None,
    listing: Mapping[str, Any],
    usable: Collection[str],
) -> None:
    """Take what a listing says: how its provider is reached, and to which hub it belongs.

    Args:
        uow: the transaction; the caller commits.
        provider: whose listing it is.
        service: which service is listed; None for the provider itself.
        listing: the public listing, as events carry it.
        usable: as of `Listings`.
    """
    hub = _text(_mapping(listing.get("kersey")).get("hub"))
    if hub:
        hubs.belongs(uow, provider, hub, said_by=hubs.SERVICE if service else hubs.PROVIDER)
    means, address = reached_by(service, listing, usable)
    key = listed_contact(provider, service)
    if address:
        _keep(uow, key, provider, service, means, address)
    else:
        _end(uow, key)


def reached_by(
    service: UUID | None, listing: Mapping[str, Any], usable: Collection[str]
) -> tuple[str, str]:
    """How and where a listing says that its provider is reached; an empty address if it does not.

    Args:
        service: which service is listed; None for the provider itself.
        listing: the public listing.
        usable: as of `Listings`.
    """
    if service:
        means, address = _service_asks(listing, usable)
    else:
        means, address = EMAIL.means, EMAIL.listed({}, listing)
    return means, address[:MOST_ADDRESS]


def _end(uow: UnitOfWork, key: UUID) -> None:
    uow.session.execute(update(Contact).where(col(Contact.id) == key).values(active=False))


def name_of(uow: UnitOfWork, listing: UUID) -> str | None:
    """What a listed service or provider is called in public, if that is known here."""
    subjects = [f"service/{listing}", f"provider/{listing}"]
    named = select(col(ListingSeen.name)).where(col(ListingSeen.subject).in_(subjects))
    return uow.session.scalars(named.order_by(col(ListingSeen.subject).desc())).first()


def name_of_party(uow: UnitOfWork, party: str) -> str | None:
    """What an organisation is called in public, if that is known here; a hub goes by its code."""
    named = select(col(ListingSeen.name)).where(col(ListingSeen.subject) == f"provider/{party}")
    return uow.session.scalars(named).first()


def _name(uow: UnitOfWork, envelope: Envelope, name: str) -> None:
    """Take no more than the name of what is told again: how somebody is reached may have been put
    right since by their hub."""
    same = (
        col(ListingSeen.subject) == envelope.subject,
        col(ListingSeen.sequence) == str(envelope.sequence),
    )
    uow.session.execute(update(ListingSeen).where(*same).values(name=name or None))


def _is_news(uow: UnitOfWork, envelope: Envelope, name: str) -> bool:
    """Whether this is later than what was taken of its subject; remembers it if so."""
    seen = {"subject": envelope.subject, "sequence": str(envelope.sequence), "name": name or None}
    statement = insert(ListingSeen).values(seen)
    kept = statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={"sequence": statement.excluded.sequence, "name": statement.excluded.name},
        where=col(ListingSeen.sequence) < statement.excluded.sequence,
    ).returning(col(ListingSeen.subject))
    return uow.session.execute(kept).first() is not None


def _service_asks(listing: Mapping[str, Any], usable: Collection[str]) -> tuple[str, str]:
    """How a service wants to be asked, and where; an empty address where it does not say."""
    kersey = _mapping(listing.get("kersey"))
    asks = _mapping(kersey.get("referral"))
    declared = asking(usable).get(_text(asks.get("ask_by")), EMAIL)
    return declared.means, declared.listed(asks, listing)


def _keep(
    uow: UnitOfWork, key: UUID, provider: UUID, service: UUID | None, means: str, address: str
) -> None:
    found = uow.session.get(Contact, key, with_for_update=contacts.NOT_ITS_KEY)
    if found and found.party != str(provider):
        log.warning("listing.of-another-party", contact=str(key), provider=str(provider))
        return
    contact = found or Contact(
        id=key, party=str(provider), role=Role.REQUESTS, service=service, label="as listed",
        means=means, address=address, source=Source.LISTING,
    )  # fmt: skip
    contact.active = True
    # Who changed the listing is not known here: it may not have been the party.
    contacts.keep(uow, contact, means, address, by_party=False)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
