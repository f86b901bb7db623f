"""Loads the demo: its clients, directory, consortium and referrals. Safe to repeat."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import Engine

from deploy.demo import hub_day, news, story
from deploy.demo.accounts import PEOPLE
from deploy.demo.clients import CLIENTS
from deploy.demo.consortium import declaration
from deploy.demo.contacts import load_contacts
from deploy.demo.directory import dataset
from deploy.demo.story_clock import StoryClock, present
from services.identity.clients import ClientSpec, load_clients
from services.identity.people.demo import load_demo_people
from services.identity.settings import IdentitySettings
from services.providers.app import SOURCE as DIRECTORY
from services.providers.loading import Dataset, load_directory
from services.referrals.app import SOURCE as REFERRALS
from services.referrals.app import outgoing
from services.referrals.desk import Desk
from services.referrals.handlers.consortium import load_consortium
from services.referrals.served import SERVED
from services.referrals.settings import ReferralsSettings
from services.referrals.writing.writer import ReferralWriter
from shared.messaging.outbox import Outbox
from shared.worker import Wake

Progress = Callable[[str, int, int], None]
"""Told what is being loaded, how many are done, and of how many."""


def load(
    engines: Mapping[str, Engine],
    settings: ReferralsSettings,
    progress: Progress | None = None,
    *,
    identity: IdentitySettings | None = None,
) -> None:
    """Bring the demo into migrated databases; what is there already is left alone.

    Parameters:
        engines: each service's database by the service's name.
        settings: of the referrals service, whose addresses stand in the referrals.
        progress: told how far it has come.
        identity: settings of the issuer, for people to sign in as; without them there are none.
    """
    tell = progress or (lambda *_: None)
    load_clients(engines["identity"], demo_clients())
    if identity is not None:
        load_demo_people(engines["identity"], identity, PEOPLE)
    listings = dataset()
    load_directory(
        engines["providers"],
        Outbox(DIRECTORY, Wake()),
        listings,
        lambda done, total: tell("directory", done, total),
    )
    hub_day.load(engines["providers"])
    load_contacts(engines["notifications"], listings)
    news.load(engines["notifications"], settings.timezone)
    load_referrals(
        engines["referrals"],
        settings,
        listings,
        datetime.now(UTC),
        lambda done, total: tell("referrals", done, total),
    )


def load_referrals(
    engine: Engine,
    settings: ReferralsSettings,
    listings: Dataset,
    now: datetime,
    progress: story.Progress | None = None,
) -> None:
    """The consortium, the directory's listings as referrals knows them, and the story.

    Parameters:
        engine: of the referrals service's migrated database.
        settings: of the referrals service.
        listings: the demo's directory.
        now: the day on which the story is told, if it is not there already.
        progress: told how many referrals are played, and of how many.
    """
    clock = StoryClock(present(now))
    desk = Desk(
        engine=engine,
        outbox=Outbox(REFERRALS, Wake()),
        types=SERVED,
        settings=settings,
        clock=clock,
    )
    load_consortium(desk, declaration())
    story.load_listings(desk, listings)
    writer = ReferralWriter(desk, outgoing(settings))
    story.play(desk, writer, clock, progress)


def demo_clients() -> list[ClientSpec]:
    """The demo's clients as the issuer registers them; it refuses them in production."""
    return [
        ClientSpec(
            client_id=client.client_id,
            name=client.about,
            organisation=client.organisation,
            roles=client.roles,
            scopes=client.scopes,
            secret=SecretStr(client.secret),
            demo=True,
        )
        for client in CLIENTS.values()
    ]
