"""Whom the storm concerns: the demo's clients and consortium, two providers, and who is told."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import Engine

from deploy.databases import in_database
from deploy.demo.clients import PROVIDER, PROVIDER_2
from deploy.demo.consortium import HUBS, declaration, hub_of
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
TEAM = "desk@team.example.org"
"""Where the link workers hear of what was declined, once a day, and whom they are to ask."""
NEWS = "announcement"
TEAM_WISHES = {"gathered": ["declined"]}
WISHES = ({"muted": [NEWS]}, {"gathered": [NEWS]})
"""One provider wants no news, the other has it once a day."""


@dataclass(frozen=True)
class Asked:
    """A provider, the service that it is asked for, and where it is told.

    Attributes:
        client: the demo client that answers for it.
        mail: the address of its mails.
        webhook: the address of its system.
        wishes: how its mails are wanted.
    """

    client: str
    provider: UUID
    service: UUID
    mail: str
    webhook: str
    wishes: Mapping[str, Sequence[str]]

    @property
    def hears_daily(self) -> bool:
        """Whether it has a message of the day."""
        return "gathered" in self.wishes


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
        declare_hubs(engine("notifications"), hubs, {hub_of(HUB).team: HUB})
    databases.wait_for(
        "both providers are known to notifications",
        "notifications",
        "SELECT count(*) >= 2 FROM party_hub WHERE said_by <> 'declared'",
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
            wishes=wishes,
        )
        for (provider, name), wishes in zip(names.items(), WISHES, strict=True)
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
            at = f"/notifications/contacts/{each.provider}"
            mail = {"means": EMAIL.means, "address": each.mail, "wishes": each.wishes}
            system = {"means": WEBHOOK.means, "address": each.webhook}
            for body in (mail, system):
                key = uuid5(each.provider, str(body["means"]))
                coordinator.call("PUT", f"{at}/{key}", json=body)
        at = f"/notifications/contacts/{HUB}/{uuid5(PROVIDER, HUB)}"
        desk = {"means": EMAIL.means, "address": COORDINATOR, "role": Role.COORDINATOR}
        coordinator.call("PUT", at, json=desk)
        team = str(hub_of(HUB).team)
        at = f"/notifications/contacts/{team}/{uuid5(PROVIDER, team)}"
        theirs = {"means": EMAIL.means, "address": TEAM, "role": Role.TEAM, "wishes": TEAM_WISHES}
        coordinator.call("PUT", at, json=theirs)
    finally:
        coordinator.close()


def _known(key: UUID | None) -> UUID:
    assert key
    return key
