"""The directory service, composed."""

from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from sqlalchemy import Engine

from services.providers import places
from services.providers.api import reads, writes
from services.providers.handlers import Directory
from services.providers.public import PublicReads
from services.providers.settings import ProvidersSettings
from shared.auth import TokenVerifier
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.messaging.broker import Broker
from shared.messaging.outbox import Outbox, consuming_once
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.worker import Wake, Worker

SOURCE = "kersey/providers"
"""How the directory names itself as the source of events."""


def create_app(
    settings: ProvidersSettings,
    *,
    engine: Engine,
    broker: Broker | None = None,
    wake: Wake | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """The directory's app.

    Args:
        settings: the directory's settings.
        engine: its own database.
        broker: where its workers publish and consume; without one no worker runs in this process.
        wake: wakes the relay after a commit.
        verifier: of bearer tokens; by default against the issuer of the settings.
    """
    wake = wake or Wake()
    checks: dict[str, Check] = {"schema": partial(schema_fault, "providers", engine)}
    sources = [of_database("providers", engine)]
    if broker is not None:
        checks |= of_background(settings, engine, broker)
        sources.append(of_broker("providers", broker, (places.SUBSCRIPTION,)))
    app = service_app(
        settings,
        name="providers",
        title="Kersey directory",
        routers=(reads, writes),
        workers=workers(settings, engine, broker, wake) if broker is not None else (),
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/directory",
    )
    app.state.directory = directory(settings, engine, wake)
    app.add_middleware(PublicReads)
    return app


def directory(settings: ProvidersSettings, engine: Engine, wake: Wake | None) -> Directory:
    """What the use cases work with."""
    return Directory(engine, Outbox(SOURCE, wake), timedelta(days=settings.capacity_days))


def workers(
    settings: ProvidersSettings, engine: Engine, broker: Broker, wake: Wake | None
) -> list[Worker]:
    """The directory's background work: its relay, and the counting of places."""
    counting = consuming_once(
        engine,
        places.SUBSCRIPTION.consumer,
        partial(places.count, directory(settings, engine, wake)),
    )
    return [
        Relay(engine, broker, service="providers", wake=wake, poll=settings.relay_poll_seconds),
        broker.consumer(places.SUBSCRIPTION, counting),
    ]
