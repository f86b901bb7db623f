"""From an event about a listing to deliveries, and from a delivery to what the directory hears."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, update

from services.notifications.channels.email import EMAIL
from services.notifications.channels.registry import SYSTEMS
from services.notifications.domain import NOBODY, Role, to_tell
from services.notifications.handlers.cases import active
from services.notifications.handlers.waiting import FOUND
from services.notifications.listings.notice import ListingNotice
from services.notifications.listings.rules import DECISIONS, RULES, Kind, Side, Told, told_of
from services.notifications.tables import Contact, listing_deliveries
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt, State
from shared.messaging.events import (
    CapacityAsked,
    Envelope,
    ListingClaimDecided,
    ListingEvent,
    ListingNoticeBounced,
    ListingNoticeDelivered,
)
from shared.messaging.outbox import Outbox
from shared.worker import Wake

TYPES = frozenset(event.type for event in RULES)


class ListingEvents:
    """Acts on the events of listings, within the transaction that consumes them.

    Args:
        wake: of the delivery worker.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Add a delivery for each contact that is told. A replay tells nobody anything."""
        event = envelope.data
        if not isinstance(event, ListingEvent) or envelope.replay:
            return
        for told in told_of(event):
            if isinstance(event, CapacityAsked):
                _ask(uow, envelope, event)
            else:
                _tell(uow, envelope, event, told)
        uow.on_commit(self._wake.set)


def _tell(uow: UnitOfWork, envelope: Envelope, event: ListingEvent, told: Told) -> None:
    if told.to is Side.HUB and event.hub is None:
        return  # no hub looks after it
    party = _party(event, told.to)
    notice = ListingNotice(
        kind=told.kind,
        event=envelope.id,
        time=envelope.time,
        listing=event.listing,
        provider=event.provider,
        days=getattr(event, "days", None),
        tier=getattr(event, "tier", None),
    )
    # Whoever claimed a listing has no contacts of that listing's: it is told as an organisation.
    about = event.listing if told.to is Side.PROVIDER else None
    contacts = reached_by_mail(uow, party, told.to, about)
    for contact in contacts:
        add(uow, uuid5(envelope.id, f"{told.kind}/{contact.id}"), notice, contact)
    if not contacts:
        _nobody(uow, uuid5(envelope.id, f"{told.kind}/{NOBODY}/{party}"), notice, party)


def _party(event: ListingEvent, side: Side) -> str:
    if isinstance(event, ListingClaimDecided) and side is Side.CLAIMANT:
        return str(event.claimant)
    return str(event.provider if side is Side.PROVIDER else event.hub)


def _ask(uow: UnitOfWork, envelope: Envelope, event: CapacityAsked) -> None:
    """One mail for each contact, with those of the services that it is a contact of. What it was
    asked earlier, and did not get yet, need not come any more."""
    asked: dict[UUID, tuple[Contact, list[UUID]]] = {}
    for service in event.services:
        for contact in reached_by_mail(uow, str(event.provider), Side.PROVIDER, service):
            asked.setdefault(contact.id, (contact, []))[1].append(service)
    row = listing_deliveries.delivery.c
    for contact, services in asked.values():
        earlier = (
            (row.contact == contact.id)
            & (row.kind == Kind.CAPACITY.value)
            & (row.event != envelope.id)
        )
        listing_deliveries.supersede(uow.session, earlier, "asked-anew")
        notice = ListingNotice(
            kind=Kind.CAPACITY,
            event=envelope.id,
            time=envelope.time,
            listing=event.listing,
            provider=event.provider,
            services=tuple(services),
        )
        add(uow, uuid5(envelope.id, f"{Kind.CAPACITY}/{contact.id}"), notice, contact)


def reached_by_mail(
    uow: UnitOfWork, party: str, side: Side, listing: UUID | None
) -> Sequence[Contact]:
    """Contacts that get messages about listings: by e-mail. Whoever is rung hears from its hub."""
    role = Role.COORDINATOR if side is Side.HUB else Role.REQUESTS
    told = to_tell(active(uow, party, role), listing, systems=SYSTEMS)
    return [each for each in told if each.means == EMAIL.means]


def add(uow: UnitOfWork, key: UUID, notice: ListingNotice, contact: Contact) -> bool:
    """Add a delivery to a contact; the same key makes it once."""
    addressed = notice.model_copy(update={"contact": contact.id})
    return listing_deliveries.add(
        uow.session,
        key=key,
        order_key=str(contact.id),
        channel=contact.means,
        address=contact.address,
        payload=addressed.model_dump_json(exclude_none=True),
        extra=_columns(notice, contact.party) | {"contact": contact.id},
    )


def _nobody(uow: UnitOfWork, key: UUID, notice: ListingNotice, party: str) -> None:
    """Note that there was nobody to tell."""
    listing_deliveries.add(
        uow.session,
        key=key,
        order_key=str(key),
        channel=NOBODY,
        address="",
        payload=notice.model_dump_json(exclude_none=True),
        ended=State.FAILED,
        reason="no-contact",
        extra=_columns(notice, party),
    )


def tell_somebody(uow: UnitOfWork, row: Row[*tuple[Any, ...]]) -> bool:
    """Send a message that had nobody to go to to whoever is told by mail by now.

    Args:
        uow: the transaction, which holds the row's lock; the caller commits.
        row: the delivery to nobody.

    Returns:
        False where there still is nobody.
    """
    notice = ListingNotice.model_validate_json(row.payload)
    side = _side_of(notice.kind, row.party)
    about = notice.listing if side is Side.PROVIDER else None
    contacts = reached_by_mail(uow, row.party, side, about)
    for contact in contacts:
        add(uow, uuid5(row.id, str(contact.id)), notice, contact)
    if contacts:
        this = listing_deliveries.delivery.c.id == row.id
        ended = {"state": State.SUPERSEDED.value, "last_error": FOUND}
        uow.session.connection().execute(
            update(listing_deliveries.delivery).where(this).values(ended)
        )
    return bool(contacts)


def _side_of(kind: Kind, party: str) -> Side:
    """Whose contacts a message was for: some are told to a provider and to its hub, whose code is
    no id."""
    if kind in DECISIONS.values():
        return Side.CLAIMANT
    try:
        UUID(party)
    except ValueError:
        return Side.HUB
    return Side.PROVIDER


def _columns(notice: ListingNotice, party: str) -> dict[str, object]:
    return {
        "event": notice.event,
        "kind": notice.kind.value,
        "listing": notice.listing,
        "party": party,
    }


class ListingTeller:
    """Says that a message arrived, or came back, in the transaction that records it: the directory
    takes nothing off its list of which nobody was asked."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def delivered(self, uow: UnitOfWork, delivery: Delivery, _receipt: Receipt) -> None:
        """A channel took it."""
        self._tell(uow, ListingNoticeDelivered, delivery.id, delivery.channel, delivery.payload)

    def bounced(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """A channel took it, and it came back."""
        self._tell(uow, ListingNoticeBounced, key, channel, payload)

    def _tell(
        self,
        uow: UnitOfWork,
        what: type[ListingNoticeDelivered | ListingNoticeBounced],
        key: UUID,
        channel: str,
        payload: str,
    ) -> None:
        notice = ListingNotice.model_validate_json(payload)
        event = what(
            listing=notice.listing,
            provider=notice.provider,
            delivery=key,
            channel=channel,
            kind=notice.kind.value,
        )
        self._outbox.add(uow, event, version=1)
