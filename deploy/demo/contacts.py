"""Who is told in the demo: hubs, duty roles and link-worker teams; providers by their listings."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from deploy.demo.clients import PROVIDER, PROVIDER_2
from deploy.demo.consortium import HUBS
from deploy.demo.ids import demo_id
from deploy.demo.scripts import SERVICES
from services.notifications.channels.email import EMAIL
from services.notifications.domain import Role, Source
from services.notifications.handlers.directory import listed_contact, take
from services.notifications.handlers.hubs import declare_hubs
from services.notifications.tables import Contact, UnusableAddress
from services.providers import hsds
from services.providers.loading import Dataset
from shared.database import UnitOfWork

VERIFIED = {
    PROVIDER: "hello@saltaireslowstitch.example",
    PROVIDER_2: "hello@manninghamsitarhouse.example",
}
"""Providers whose address the hub has verified, so that identity may follow (care 6)."""


def load_contacts(engine: Engine, listings: Dataset) -> None:
    """Add the demo's contacts; one that is there already, changed or not, is left alone.

    Providers are there before anybody is asked, whether or not the directory's events have come.
    """
    declare_hubs(
        engine, {hub.code: hub.organisation for hub in HUBS}, {hub.team: hub.code for hub in HUBS}
    )
    with UnitOfWork(engine) as uow:
        for contact in _contacts():
            if uow.session.get(Contact, contact.id) is None:
                uow.session.add(contact)
        uow.session.flush()
        for provider in listings.organizations:
            _listed(uow, _id(provider), None, _listing(provider))
        for service in listings.services:
            new = _listed(uow, service.organization_id, _id(service), _listing(service))
            if new and service.name == SERVICES["unreached"]:
                _comes_back(uow, service.organization_id, _id(service))
        uow.commit()


def _comes_back(uow: UnitOfWork, provider: UUID, service: UUID) -> None:
    """Mails to one group came back, so that its hub has an address to put right."""
    uow.session.flush()
    for contact in (listed_contact(provider, None), listed_contact(provider, service)):
        there = uow.session.get(Contact, contact) is not None
        if there and uow.session.get(UnusableAddress, contact) is None:
            gone = UnusableAddress(
                contact=contact, bounces=1, since=datetime.now(UTC), code="bounce-5.1.1"
            )
            uow.session.add(gone)


def _listed(uow: UnitOfWork, provider: UUID, service: UUID | None, listing: dict[str, Any]) -> bool:
    """Take the contacts of a listing; whether it had none before."""
    new = uow.session.get(Contact, listed_contact(provider, service)) is None
    if new:
        take(uow, provider, service, listing, usable=())
    return new


def _listing(entry: hsds.Organization | hsds.Service) -> dict[str, Any]:
    """What of a listing says how its provider is reached, in the shape that events carry."""
    own: dict[str, Any] = {"hub": entry.kersey.hub}
    if isinstance(entry, hsds.Service):
        own["referral"] = {
            "ask_by": str(entry.kersey.ask_by),
            "email": entry.kersey.referral_email,
            "phone": entry.kersey.referral_phone,
        }
    return {"email": entry.email, "kersey": own}


def _id(entry: hsds.Organization | hsds.Service) -> UUID:
    assert entry.id  # the demo's listings have ids
    return entry.id


def _contacts() -> list[Contact]:
    contacts = []
    for hub in HUBS:
        domain = f"{hub.code}.kersey.example"
        contacts += [
            _contact(hub.code, Role.COORDINATOR, f"coordinator@{domain}", "Hub coordinator"),
            _contact(hub.code, Role.DUTY, f"duty@{domain}", "Duty role"),
            _contact(str(hub.team), Role.TEAM, f"link-workers@{domain}", hub.team_name),
        ]
    for provider, address in VERIFIED.items():
        contacts.append(_provider(provider, address))
    return contacts


def _contact(party: str, role: Role, address: str, label: str) -> Contact:
    return Contact(
        id=demo_id("contact", f"{party}/{role.value}"),
        party=party,
        role=role.value,
        label=label,
        means=EMAIL.means,
        address=address,
        source=Source.HUB.value,
        verified_by_hub=True,
    )


def _provider(provider: UUID, address: str) -> Contact:
    return _contact(str(provider), Role.REQUESTS, address, "The group's inbox")
