"""The directory service, composed."""

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from sqlalchemy import Engine

from services.providers import api, funding, geography, open_referral, places, replies
from services.providers.asking import asks
from services.providers.assurance import api as assurance
from services.providers.assurance import reached
from services.providers.claims import api as claims
from services.providers.closing import api as closing
from services.providers.consortium import api as consortium
from services.providers.exporting import routes as export_routes
from services.providers.exporting.snapshots import Snapshots
from services.providers.figures import api as figures
from services.providers.gaps import api as gaps
from services.providers.handlers import Directory
from services.providers.importing.api import PATH as IMPORTING
from services.providers.importing.api import imports
from services.providers.importing.background import Background
from services.providers.life import api as life
from services.providers.matches.api import matches
from services.providers.matches.of_services import api as service_matches
from services.providers.onboarding import api as onboarding
from services.providers.overview import api as overview
from services.providers.public import PublicReads
from services.providers.rounds import Rounds, rounds
from services.providers.settings import ProvidersSettings
from shared.auth import TokenVerifier
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.messaging.broker import Broker
from shared.messaging.outbox import ConsumingOnce, Outbox
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.worker import Wake, Worker

SOURCE = "kersey/providers"
"""How the directory names itself as the source of events."""

SUBSCRIPTIONS = (places.SUBSCRIPTION, replies.SUBSCRIPTION, reached.SUBSCRIPTION)
"""What the directory hears of."""


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
        sources.append(of_broker("providers", broker, SUBSCRIPTIONS))
    background = Background()
    app = service_app(
        settings,
        name="providers",
        title="Kersey directory",
        routers=(
            open_referral.reads,
            export_routes.reads,
            api.reads,
            asks,
            geography.reads,
            gaps.routes,
            api.writes,
            life.routes,
            claims.routes,
            closing.routes,
            onboarding.routes,
            assurance.routes,
            funding.routes,
            figures.routes,
            consortium.routes,
            overview.routes,
            imports,
            matches,
            service_matches.routes,
        ),
        workers=workers(settings, engine, broker, wake) if broker is not None else (),
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/directory",
        compresses=("/directory",),
        measures_bodies=(IMPORTING,),
        held_open=(background,),
    )
    app.state.directory = directory(settings, engine, wake)
    app.state.imports = background
    app.add_middleware(PublicReads)
    return app


def directory(settings: ProvidersSettings, engine: Engine, wake: Wake | None) -> Directory:
    """What the use cases work with."""
    return Directory(
        engine,
        Outbox(SOURCE, wake),
        timedelta(days=settings.capacity_days),
        changed_freely=frozenset(settings.changed_freely),
        zone=ZoneInfo(settings.timezone),
    )


def workers(
    settings: ProvidersSettings, engine: Engine, broker: Broker, wake: Wake | None
) -> list[Worker]:
    """The directory's background work: its relay, counting places and replies, what is due by the
    day, a file a day."""
    kept = directory(settings, engine, wake)
    counting = ConsumingOnce(engine, places.SUBSCRIPTION.consumer, partial(places.count, kept))
    found: list[Worker] = [
        Relay(engine, broker, service="providers", wake=wake, poll=settings.relay_poll_seconds),
        broker.consumer(places.SUBSCRIPTION, counting),
        broker.consumer(
            replies.SUBSCRIPTION,
            ConsumingOnce(engine, replies.SUBSCRIPTION.consumer, replies.note),
        ),
        broker.consumer(
            reached.SUBSCRIPTION,
            ConsumingOnce(engine, reached.SUBSCRIPTION.consumer, reached.note),
        ),
        Rounds(kept, rounds(kept, settings), settings.rounds_seconds),
    ]
    if settings.snapshot_dir is not None:
        found.append(Snapshots(engine, settings, kept.clock))
    return found
