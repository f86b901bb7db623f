"""Who is told in the demo: hubs, duty roles and link-worker teams; providers by their listings."""

from uuid import UUID

from sqlalchemy import Engine

from deploy.demo.clients import PROVIDER, PROVIDER_2
from deploy.demo.consortium import HUBS
from deploy.demo.ids import demo_id
from services.notifications.domain import Means, Role, Source
from services.notifications.tables import Contact
from shared.database import UnitOfWork

VERIFIED = {
    PROVIDER: "hello@saltaireslowstitch.example",
    PROVIDER_2: "hello@manninghamsitarhouse.example",
}
"""Providers whose address the hub has verified, so that identity may follow (care 6)."""


def load_contacts(engine: Engine) -> None:
    """Add the demo's contacts; one that is there already, changed or not, is left alone."""
    with UnitOfWork(engine) as uow:
        for contact in _contacts():
            if uow.session.get(Contact, contact.id) is None:
                uow.session.add(contact)
        uow.session.flush()
        uow.commit()


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
        means=Means.EMAIL.value,
        address=address,
        source=Source.HUB.value,
        verified_by_hub=True,
    )


def _provider(provider: UUID, address: str) -> Contact:
    return _contact(str(provider), Role.REQUESTS, address, "The group's inbox")
