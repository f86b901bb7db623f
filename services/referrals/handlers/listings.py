"""The directory's events: referrals keeps a copy of what may be asked, and calls nobody."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import col, select

from services.referrals import capacities, codes, deadlines, resources
from services.referrals.casefile import KERSEY, content_of
from services.referrals.desk import Desk
from services.referrals.tables import (
    CaseTask,
    LinkWorkerService,
    ListedProvider,
    ListedService,
    PlaceHub,
    Practice,
)
from shared.closing_days import closed_days
from shared.database import UnitOfWork
from shared.fhir.store import Access, Grant
from shared.messaging.broker import Subscription
from shared.messaging.events import (
    CapacityChanged,
    Envelope,
    ProviderChanged,
    ProviderEvent,
    ProviderPublished,
    ProviderWithdrawn,
    Sequence,
    ServiceChanged,
    ServiceEvent,
    ServicePublished,
    ServiceWithdrawn,
)

log = structlog.get_logger(__name__)

SUBSCRIPTION = Subscription(
    "referrals",
    "listings",
    frozenset(
        event.type
        for event in (
            ProviderPublished,
            ProviderChanged,
            ProviderWithdrawn,
            ServicePublished,
            ServiceChanged,
            ServiceWithdrawn,
            CapacityChanged,
        )
    ),
)
PUBLIC = {Grant(codes.EVERYONE, "listed")}


def take_listing(desk: Desk, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep the copy of one provider or service current; the highest sequence counts."""
    event = envelope.data
    if isinstance(event, ProviderEvent):
        _take_provider(desk, uow, event, envelope)
    elif isinstance(event, ServiceEvent):
        capacities.take(uow.session, envelope)
        _take_service(desk, uow, event, envelope)
    elif isinstance(event, CapacityChanged):
        capacities.take(uow.session, envelope)
        row = uow.session.get(ListedService, event.service, with_for_update=True)
        if row is not None:
            _put_service(desk, uow, row)


def _is_old(known: str, envelope: Envelope) -> bool:
    """Whether the copy knows as much already.

    What is told again counts beside its equal: some of a listing changes by the day alone, such as
    the tier when evidence lapses.
    """
    sequence = Sequence.parse(known)
    return sequence > envelope.sequence or (sequence == envelope.sequence and not envelope.replay)


def _take_provider(desk: Desk, uow: UnitOfWork, event: ProviderEvent, envelope: Envelope) -> None:
    row = uow.session.get(ListedProvider, event.provider, with_for_update=True)
    if row is not None and _is_old(row.sequence, envelope):
        return  # what came late is older than what we know
    row = row or ListedProvider(id=event.provider, name="", listing={})
    before = closed_days(row.listing)
    row.name = str(event.listing.get("name") or row.name)
    row.listed = not isinstance(event, ProviderWithdrawn)
    row.sequence, row.listing = str(envelope.sequence), event.listing
    uow.session.add(row)
    if closed_days(event.listing) != before:
        uow.session.flush()
        deadlines.plan_anew(uow.session, desk, col(CaseTask.owner) == row.id)
        offered = select(ListedService).where(ListedService.provider == row.id)
        for service in uow.session.exec(offered.order_by(col(ListedService.id))).all():
            _put_service(desk, uow, service)
    if _of_consortium(uow, row.id):
        log.warning("listing.of-the-consortium", provider=str(row.id))
    else:
        put_public(desk, uow, resources.organisation(row.id, row.name))


def _of_consortium(uow: UnitOfWork, key: UUID) -> bool:
    """Whether a hub, a link-worker service or a sender has this id: no listing renames them."""
    return any(
        uow.session.exec(select(column).where(column == key).limit(1)).first()
        for column in (
            col(PlaceHub.organisation),
            col(LinkWorkerService.organisation),
            col(Practice.organisation),
        )
    )


def _take_service(desk: Desk, uow: UnitOfWork, event: ServiceEvent, envelope: Envelope) -> None:
    row = uow.session.get(ListedService, event.service, with_for_update=True)
    if row is not None and _is_old(row.sequence, envelope):
        return  # what came late is older than what we know
    row = row or ListedService(id=event.service, provider=event.provider, name="", listing={})
    row.provider = event.provider
    row.name = str(event.listing.get("name") or row.name)
    withdrawn = isinstance(event, ServiceWithdrawn)
    row.listed = not withdrawn and event.listing.get("status", "active") == "active"
    row.tier = _tier(event.listing.get("kersey"))
    row.sequence, row.listing = str(envelope.sequence), event.listing
    uow.session.add(row)
    for key, place in _places(event.listing).items():
        put_public(desk, uow, resources.location(key, row.provider, place))
    _put_service(desk, uow, row)


def _put_service(desk: Desk, uow: UnitOfWork, row: ListedService) -> None:
    """Keep the HealthcareService as the listing and the capacity, each the newest, have it."""
    provider = uow.session.get(ListedProvider, row.provider)
    body = resources.healthcare_service(
        row.id,
        row.provider,
        row.name,
        tuple(_places(row.listing)),
        active=row.listed,
        capacity=capacities.of(uow.session, row.id),
        closed=closed_days(provider.listing) if provider else None,
        now=desk.clock(),
    )
    put_public(desk, uow, body)


def _places(listing: Mapping[str, Any]) -> dict[UUID, Mapping[str, Any]]:
    """The listed places by their id; one without an id cannot be referred to."""
    found: dict[UUID, Mapping[str, Any]] = {}
    for at in listing.get("service_at_locations") or ():
        place = at.get("location") or {}
        if place.get("id"):
            found[UUID(str(place["id"]))] = place
    return found


def _tier(own: object) -> int:
    """The tier in force, which the directory lists beside the Open Referral fields (care 25).

    Another directory says nothing of tiers: its services get named referrals, as most do.
    """
    tier = own.get("tier") if isinstance(own, dict) else None
    return tier if isinstance(tier, int) else 2


def put_public(desk: Desk, uow: UnitOfWork, body: resources.Resource) -> None:
    """Create or update a document that every signed-in client may read; not if it says that now.

    Whoever lists something chooses its id. A document of a client that has the same one is that
    client's, and stays as it is.
    """
    store = desk.store(uow)
    found = store.find(body["resourceType"], body["id"], Access.system())
    if found is None:
        store.create(body, id=body["id"], owner=KERSEY, grants=PUBLIC)
    elif found.owner != KERSEY:
        log.warning("listing.id-taken", document=found.reference)
    elif found.deleted or content_of(found) != body:
        store.update(body)


def organisation_document(desk: Desk, uow: UnitOfWork, key: UUID, name: str) -> None:
    """Make an organisation of the consortium (hub, link-worker service) readable by its id."""
    put_public(desk, uow, resources.organisation(key, name))
