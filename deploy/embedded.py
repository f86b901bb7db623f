"""Everything in one process on an embedded PostgreSQL: `kersey run`, and so `make run`."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from deploy.data_folder import ISSUER_KEYS, LINKS, DataFolder
from deploy.demo.accounts import shown
from deploy.demo.clients import CLIENTS
from deploy.dispatch import AllInOne
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.engines import opened, opened_for
from deploy.inside import Inside
from deploy.service_clients import client_id, service_clients, sign_in_client
from deploy.services import (
    BROKER_CONNECTIONS,
    BROKER_DATABASE,
    SERVICES,
    Service,
)
from services.identity.clients import load_clients
from services.identity.settings import IdentitySettings
from services.referrals.settings import ReferralsSettings
from shared.messaging.broker import Broker
from shared.messaging.embedded import EmbeddedBroker
from shared.migrate import migrate
from shared.settings import ServiceSettings
from shared.trust import system_authorities
from shared.worker import Wake

LOOKING = 1.5
"""Seconds between two looks for work that nobody in this process told of, such as what a command
asked for: some twenty workers look, and looking often would keep the machine busy."""


@dataclass(frozen=True)
class House:
    """What runs in one process.

    Parameters:
        app: serves everything; its lifespan starts and stops the workers.
        engines: each service's own database.
        settings: each service's settings.
    """

    app: AllInOne
    engines: Mapping[str, Engine]
    settings: Mapping[str, ServiceSettings]

    @property
    def referrals_settings(self) -> ReferralsSettings:
        """Those of the referrals service, whose addresses stand in its documents."""
        settings = self.settings["referrals"]
        assert isinstance(settings, ReferralsSettings)
        return settings

    @property
    def identity_settings(self) -> IdentitySettings:
        """Those of the issuer, under whose key second factors are kept."""
        settings = self.settings["identity"]
        assert isinstance(settings, IdentitySettings)
        return settings


@contextmanager
def all_in_one(
    folder: DataFolder, public_url: str, *, broker: Broker | None = None, **settings: Any
) -> Iterator[House]:
    """Start the database, migrate it, and compose all services; the database ends with the block.

    Parameters:
        folder: the entered data folder.
        public_url: under which the app will be served.
        broker: by default one that lives in the same database server.
        settings: values for every service's settings, e.g. `environment="test"`.

    Raises:
        ClusterError: the database does not start.
    """
    names = [*(service.database_name for service in SERVICES), BROKER_DATABASE]
    with ExitStack() as stack:
        database = stack.enter_context(EmbeddedPostgres(folder, names))
        for service in SERVICES:
            migrate(service.name, database.url(service.database_name))
        compositions = {service.name: service.compose() for service in SERVICES}
        broker = broker or EmbeddedBroker(
            stack.enter_context(
                opened(database.url(BROKER_DATABASE), BROKER_CONNECTIONS, "broker")
            ),
            poll=LOOKING,
        )
        broker.declare([each for one in compositions.values() for each in one.subscriptions])
        apps: dict[str, FastAPI] = {}
        prefixes = {path: service.name for service in SERVICES for path in service.prefixes}
        house = AllInOne(apps, prefixes)
        engines: dict[str, Engine] = {}
        settled: dict[str, ServiceSettings] = {}
        for service in SERVICES:
            composition = compositions[service.name]
            given = {
                "environment": "development",
                "public_url": public_url,
                # Who writes an event wakes its relay, and who changes what subscribers hear of its
                # dispatcher.
                "relay_poll_seconds": LOOKING,
                "subscription_poll_seconds": LOOKING,
                # The pages ask notifications from this machine, for whoever opened a link.
                "trusted_proxies": "127.0.0.1,::1",
                **_database(service, database),
                **_secrets(service, folder),
                **settings,
            }
            settled[service.name] = composition.settings(**given)
            # Requests and workers share it, as a worker begins again what was given up.
            engines[service.name] = stack.enter_context(
                opened_for(settled[service.name], service.name, for_requests=True)
            )
            made = settled[service.name], engines[service.name]
            apps[service.name] = (
                composition.beside(*made, _inside(house, public_url))
                if composition.beside
                else composition.app(*made, broker, Wake())
            )
        load_clients(
            engines["identity"],
            [
                *service_clients(lambda service: folder.password(f"{service.name}.client")),
                sign_in_client(folder.password("portal.sign-in"), public_url),
            ],
        )
        yield House(house, engines, settled)


def _inside(house: AllInOne, url: str) -> httpx.AsyncClient:
    """Reaches every service of this process under the address that the house has outside."""
    over_http = httpx.AsyncHTTPTransport(verify=system_authorities())
    return httpx.AsyncClient(base_url=url, timeout=20.0, transport=Inside(house, over_http))


def _database(service: Service, database: EmbeddedPostgres) -> dict[str, Any]:
    url = database.url(service.database_name)
    return {"database_url": url, "pool_size": service.connections}


def _secrets(service: Service, folder: DataFolder) -> dict[str, Any]:
    """What a service must keep secret; made once, kept in the data folder."""
    values: dict[str, Any] = {}
    if service.asks:
        values["client_id"] = client_id(service)
        values["client_secret"] = folder.password(f"{service.name}.client")
    match service.name:
        case "identity":
            values["key_encryption_key"] = folder.encryption_key(ISSUER_KEYS)
            values["maildir"] = folder.mail
        case "notifications":
            values["link_key"] = folder.password(LINKS)
            values["maildir"] = folder.mail
        case "portal":
            values["sign_in_client_secret"] = folder.password("portal.sign-in")
            values["session_key"] = folder.encryption_key("portal.sessions")
            values["demo_sign_ins"] = {name: each.about for name, each in CLIENTS.items()}
            values["demo_people"] = shown()
        case "referrals":
            values["paging_key"] = folder.password("referrals.paging")
    return values
