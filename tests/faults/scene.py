"""Whom the storm concerns: the demo's clients and consortium, two providers, and who is told."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import Engine

from deploy.databases import in_database
from deploy.demo.clients import PROVIDER, PROVIDER_2
from deploy.demo.consortium import HUBS, declaration
from deploy.demo.directory import dataset
from deploy.demo_data import demo_clients
from deploy.engines import opened
from services.identity.clients import load_clients
from services.notifications.channels.email import EMAIL
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.domain import Role
from services.notifications.handlers.hubs import declare_hubs
from services.providers import hsds
from services.providers.app import SOURCE as DIRECTORY
from services.providers.loading import load_directory
from services.referrals.app import SOURCE as REFERRALS
from services.referrals.desk import Desk
from services.referrals.handlers.consortium import load_consortium
from services.referrals.served import SERVED
from services.referrals.settings import ReferralsSettings
from shared.messaging.outbox import Outbox
from tests.faults.callers import Caller
from tests.faults.databases import Databases
from tests.infrastructure.processes import Processes

HUB = HUBS[0].code
COORDINATOR = "coordinator@hub.example.org"
"""Where the hub hears of what nobody covers."""


@dataclass(frozen=True)
class Asked:
    """A provider, the service that it is asked for, and where it is told.

    Attributes:
        client: the demo client that answers for it.
        mail: the address of its mails.
        webhook: the address of its system.
    """

    client: str
    provider: UUID
    service: UUID
    mail: str
    webhook: str


@dataclass(frozen=True)
class Scene:
    """What the traffic needs to know.

    Attributes:
        asked: the providers.
        listing: of an organisation, which is edited again and again.
    """

    asked: tuple[Asked, ...]
    listing: hsds.Organization


def set_scene(processes: Processes, databases: Databases, webhooks: str) -> Scene:
    """Bring the scene into the databases, and set the contacts as a coordinator does."""
    whole = dataset()
    names = {PROVIDER: "provider", PROVIDER_2: "provider-2"}
    listings = replace(
        whole,
        organizations=[each for each in whole.organizations if each.id in names],
        services=[each for each in whole.services if each.organization_id in names],
    )
    with ExitStack() as stack:

        def engine(service: str) -> Engine:
            url = in_database(processes.postgres.url, f"kersey_{service}")
            return stack.enter_context(opened(url, 2, "tests"))

        load_clients(engine("identity"), demo_clients())
        load_directory(engine("providers"), Outbox(DIRECTORY), listings)
        load_consortium(_desk(engine("referrals"), processes), declaration())
        hubs = {hub.code: hub.organisation for hub in HUBS}
        declare_hubs(engine("notifications"), hubs)
    databases.wait_for(
        "both providers are known to notifications",
        "notifications",
        "SELECT count(*) >= 2 FROM party_hub",
    )
    databases.wait_for(
        "every service is known to referrals",
        "referrals",
        f"SELECT count(*) = {len(listings.services)} FROM listed_service",
    )
    offered = {each.organization_id: each.id for each in listings.services}
    asked = tuple(
        Asked(
            client=name,
            provider=provider,
            service=_known(offered[provider]),
            mail=f"{name}@providers.example.org",
            webhook=f"{webhooks}/{name}",
        )
        for provider, name in names.items()
    )
    _set_contacts(processes, asked)
    return Scene(asked, listings.organizations[0])


def _desk(engine: Engine, processes: Processes) -> Desk:
    own = processes.environment("referrals")
    settings = ReferralsSettings.model_validate(
        {"database_url": own["KERSEY_DATABASE_URL"], "paging_key": own["KERSEY_PAGING_KEY"]}
    )
    return Desk(
        engine=engine,
        outbox=Outbox(REFERRALS),
        types=SERVED,
        settings=settings,
        clock=lambda: datetime.now(UTC),
    )


def _set_contacts(processes: Processes, asked: tuple[Asked, ...]) -> None:
    coordinator = Caller(processes.url, "coordinator")
    try:
        for each in asked:
            for means, address in ((EMAIL.means, each.mail), (WEBHOOK.means, each.webhook)):
                at = f"/notifications/contacts/{each.provider}/{uuid5(each.provider, means)}"
                coordinator.call("PUT", at, json={"means": means, "address": address})
        at = f"/notifications/contacts/{HUB}/{uuid5(PROVIDER, HUB)}"
        desk = {"means": EMAIL.means, "address": COORDINATOR, "role": Role.COORDINATOR}
        coordinator.call("PUT", at, json=desk)
    finally:
        coordinator.close()


def _known(key: UUID | None) -> UUID:
    assert key
    return key
