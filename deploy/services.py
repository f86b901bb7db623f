"""The services, in one table: names, addresses, ports, databases, and how each is composed.

Everything that knows more than one service is derived from here: the all-in-one, `kersey serve` and
`kersey worker`, the databases, and the tests of the proxy's and compose's files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from deploy.refusal import Refusal
from shared.delivery import DeliveryTables
from shared.messaging.broker import Broker, Subscription
from shared.messaging.republishing import OwnState
from shared.retention import Retention
from shared.settings import ServiceSettings
from shared.worker import Wake, Worker

NOTHING_KEPT = Retention((), lambda *_: {})


@dataclass(frozen=True)
class Composition:
    """How a service is put together; loaded only when it is needed.

    Parameters:
        settings: the class of its settings.
        app: makes its app from its settings and its engine; with a broker the
            app also runs the workers, without one it does not.
        beside: makes its app where the services that it asks for whoever is at a page are in the
            same process, from its settings, its engine, and what reaches them; None where it asks
            none on anybody's behalf.
        workers: makes its workers, for a process of their own.
        subscriptions: what its workers consume, so that an operator can declare the queues.
        retention: how long it keeps what.
        deliveries: its delivery tables.
        state: what it owns and can tell again to whoever keeps a copy.
    """

    settings: type[ServiceSettings]
    app: Callable[[Any, Any, Broker | None, Wake], FastAPI]
    workers: Callable[[Any, Engine, Broker, Wake], Sequence[Worker]]
    subscriptions: Sequence[Subscription]
    retention: Retention = NOTHING_KEPT
    deliveries: tuple[DeliveryTables, ...] = ()
    state: Sequence[OwnState] = ()
    beside: Callable[[Any, Engine, httpx.AsyncClient], FastAPI] | None = None


@dataclass(frozen=True)
class Service:
    """One service as the deployment sees it.

    Parameters:
        name: its folder under `services/`.
        prefixes: the paths that it serves, the same in every deployment.
        port: its web process's usual port.
        connections: of its database in the all-in-one; with the broker's they sum to at most 80.
        compose: loads its composition.
        works: whether it has background work, for `kersey worker`.
        asks: scopes of the tokens with which it calls other services; empty if it calls none.
    """

    name: str
    prefixes: tuple[str, ...]
    port: int
    connections: int
    compose: Callable[[], Composition]
    works: bool = True
    asks: tuple[str, ...] = ()

    @property
    def database_name(self) -> str:
        """Its database and, alike, the role that owns it."""
        return f"kersey_{self.name}"


def _identity() -> Composition:
    from services.identity import app
    from services.identity.retention import RETENTION
    from services.identity.settings import IdentitySettings
    from services.identity.telling import STATE
    from services.portal.assets import STATIC

    return Composition(
        IdentitySettings,
        # One style sheet is made, and both who have pages serve it.
        lambda settings, engine, broker, wake: app.create_app(
            settings, engine=engine, broker=broker, wake=wake, static=STATIC
        ),
        app.workers,
        (),
        RETENTION,
        state=STATE,
    )


def _providers() -> Composition:
    from services.providers import app
    from services.providers.republishing import STATE
    from services.providers.retention import RETENTION
    from services.providers.settings import ProvidersSettings

    return Composition(
        ProvidersSettings,
        lambda settings, engine, broker, wake: app.create_app(
            settings, engine=engine, broker=broker, wake=wake
        ),
        app.workers,
        app.SUBSCRIPTIONS,
        RETENTION,
        state=STATE,
    )


def _referrals() -> Composition:
    from services.referrals import app
    from services.referrals.republishing import STATE
    from services.referrals.retention import RETENTION
    from services.referrals.settings import ReferralsSettings
    from services.referrals.tables.bars import bars_deliveries
    from services.referrals.tables.gp import gp_deliveries
    from services.referrals.tables.subscription import deliveries

    return Composition(
        ReferralsSettings,
        lambda settings, engine, broker, wake: app.create_app(
            settings, engine=engine, broker=broker, wake=wake
        ),
        app.workers,
        app.SUBSCRIPTIONS,
        RETENTION,
        deliveries=(deliveries, bars_deliveries, gp_deliveries),
        state=STATE,
    )


def _notifications() -> Composition:
    from services.notifications import app
    from services.notifications.republishing import STATE
    from services.notifications.retention import RETENTION
    from services.notifications.settings import NotificationsSettings
    from services.notifications.tables import (
        announcement_deliveries,
        contact_deliveries,
        deliveries,
        digest_deliveries,
        listing_deliveries,
        person_deliveries,
    )

    return Composition(
        NotificationsSettings,
        lambda settings, engine, broker, wake: app.create_app(
            settings, engine=engine, broker=broker, wake=wake
        ),
        app.workers,
        app.SUBSCRIPTIONS,
        RETENTION,
        deliveries=(
            deliveries,
            person_deliveries,
            listing_deliveries,
            contact_deliveries,
            digest_deliveries,
            announcement_deliveries,
        ),
        state=STATE,
    )


def _portal() -> Composition:
    from services.portal.app import create_app
    from services.portal.retention import RETENTION
    from services.portal.settings import PortalSettings

    return Composition(
        PortalSettings,
        lambda settings, engine, _broker, _wake: create_app(settings, engine=engine),
        lambda *_: (),
        (),
        RETENTION,
        beside=lambda settings, engine, http: create_app(settings, engine=engine, http=http),
    )


SERVICES: tuple[Service, ...] = (
    Service(
        "identity",
        (
            "/identity",
            "/.well-known/oauth-authorization-server",
            "/.well-known/smart-configuration",
        ),
        8001,
        5,
        _identity,
    ),
    Service("providers", ("/directory",), 8002, 12, _providers),
    Service("referrals", ("/fhir", "/referrals", "/openapi.json"), 8003, 26, _referrals),
    Service(
        "notifications",
        ("/notifications",),
        8004,
        14,
        _notifications,
        asks=("directory.capacity", "referrals.person-messages", "referrals.requests"),
    ),
    Service(
        "portal",
        ("/", "/answer", "/capacity", "/no-more", "/practice", "/refer", "/static", "/visit"),
        8005,
        3,
        _portal,
        works=False,
        asks=("referrals.front-door",),
    ),
)
"""In the order in which they start: those that others ask come first."""

BROKER_DATABASE = "kersey_broker"
"""Where the embedded broker keeps its messages."""

BROKER_CONNECTIONS = 20
"""Each publisher and consumer of the embedded broker holds one while it works."""


class NoSuchService(Refusal):
    """There is no service of that name; the message lists those there are."""


def service(name: str) -> Service:
    """The service called `name`.

    Raises:
        NoSuchService: there is none.
    """
    for each in SERVICES:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in SERVICES)
    raise NoSuchService(f"there is no service {name!r}; there are: {names}")
