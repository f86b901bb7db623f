"""The referrals service, composed."""

from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from sqlalchemy import Engine

from services.referrals.api.cases import case_routes
from services.referrals.api.merging import merging_routes
from services.referrals.api.record import record_routes
from services.referrals.api.refusals import install_refusals
from services.referrals.api.requests import request_routes
from services.referrals.api.subscriptions import subscription_routes
from services.referrals.api.teams import team_routes
from services.referrals.clock import Clock
from services.referrals.desk import Desk
from services.referrals.disclosure import UnwatchedReader, access_of, reading
from services.referrals.handlers import arrivals, listings
from services.referrals.served import CAPABILITY_DATE, SERVED
from services.referrals.settings import ReferralsSettings
from services.referrals.subject import confirming
from services.referrals.subscriptions.dispatching import Dispatcher
from services.referrals.subscriptions.notifying import Notifier, schedule
from services.referrals.tables.subscription import deliveries
from services.referrals.writing.writer import ReferralWriter
from shared.auth import TokenVerifier
from shared.delivery import DeliveryWorker
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.http import refused
from shared.fhir.quick_route import QuickReads
from shared.fhir.router import FhirRouter, fhir_router
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.messaging.broker import Broker
from shared.messaging.outbox import Outbox, consuming_once
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.smart import smart_routes
from shared.worker import Wake, Worker

SOURCE = "kersey/referrals"
"""How referrals names itself as the source of events."""

SUBSCRIPTIONS = (listings.SUBSCRIPTION, arrivals.SUBSCRIPTION, confirming.SUBSCRIPTION)
"""What the workers consume, so that an operator can declare the queues."""


def create_app(
    settings: ReferralsSettings,
    *,
    engine: Engine,
    broker: Broker | None = None,
    wake: Wake | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """The app of referrals.

    Args:
        settings: its settings.
        engine: its own database.
        broker: where its workers publish and consume; without one no worker runs in this process.
        wake: wakes the relay after a commit.
        verifier: of bearer tokens; by default against the issuer of the settings.
    """
    desk = desk_of(settings, engine, wake or Wake())
    checks: dict[str, Check] = {"schema": partial(schema_fault, "referrals", engine)}
    sources = [of_database("referrals", engine, deliveries)]
    if broker is not None:
        checks |= of_background(settings, engine, broker)
        sources.append(of_broker("referrals", broker, SUBSCRIPTIONS))
    quick = UnwatchedReader(engine.url, application_name="kersey referrals reads")
    fhir = _fhir(desk)
    app = service_app(
        settings,
        name="referrals",
        title="Kersey referrals",
        # Asked for most comes first: a route is found by trying one after the other.
        routers=(
            smart_routes(settings, "/fhir"),
            subscription_routes(desk),
            fhir,
            case_routes(desk),
            request_routes(desk),
            record_routes(desk),
            merging_routes(desk),
            team_routes(desk),
        ),
        workers=_workers(desk, broker, wake) if broker is not None else (),
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/referrals",
        measures_bodies=("/fhir",),
        words_refusals={"/fhir": refused},
        held_open=(quick,),
        compresses=("/fhir",),
        public=("/fhir/metadata", "/fhir/.well-known/smart-configuration"),
        shared=("/fhir",),
        origins=settings.origins,
        before_all=(QuickReads(quick, types=desk.types, access=access_of), *fhir.before_all),
    )
    install_refusals(app)
    return app


def workers(
    settings: ReferralsSettings, engine: Engine, broker: Broker, wake: Wake | None
) -> list[Worker]:
    """Its background work: relay, copies of listings, Subscriptions, clocks."""
    return _workers(desk_of(settings, engine, wake or Wake()), broker, wake)


def desk_of(settings: ReferralsSettings, engine: Engine, wake: Wake) -> Desk:
    """What the use cases work with."""
    return Desk(
        engine=engine,
        outbox=Outbox(SOURCE, wake),
        types=SERVED,
        settings=settings,
        clock=lambda: datetime.now(UTC),
        changed=Wake(),
    )


def outgoing(settings: ReferralsSettings) -> OutgoingHttp:
    """Posts to subscribers; private addresses only outside production or by decision."""
    private = settings.allow_private_endpoints or settings.environment != "production"
    return OutgoingHttp(allow_private=private)


def _workers(desk: Desk, broker: Broker, wake: Wake | None) -> list[Worker]:
    engine, sending = desk.engine, Wake()
    notifier = Notifier(desk, outgoing(desk.settings))
    return [
        Relay(
            engine, broker, service="referrals", wake=wake, poll=desk.settings.relay_poll_seconds
        ),
        broker.consumer(
            listings.SUBSCRIPTION,
            consuming_once(
                engine, listings.SUBSCRIPTION.consumer, partial(listings.take_listing, desk)
            ),
        ),
        broker.consumer(
            arrivals.SUBSCRIPTION,
            consuming_once(engine, arrivals.SUBSCRIPTION.consumer, arrivals.note_arrival),
        ),
        broker.consumer(
            confirming.SUBSCRIPTION,
            consuming_once(engine, confirming.SUBSCRIPTION.consumer, confirming.note_confirmation),
        ),
        Dispatcher(desk, desk.changed, sending),
        DeliveryWorker(
            name="referrals.notifier",
            engine=engine,
            tables=deliveries,
            send=notifier.send,
            schedule=schedule,
            wake=sending,
            on_delivered=notifier.delivered,
            on_failed=notifier.failed,
            lock_first=notifier.lock_first,
        ),
        Clock(desk),
    ]


def _fhir(desk: Desk) -> FhirRouter:
    writer = ReferralWriter(desk, outgoing(desk.settings))
    return fhir_router(
        desk.types,
        reader=partial(reading, desk),
        writer=writer,
        at_once=writer,
        base_url=desk.base_url,
        page_secret=desk.settings.paging_key.get_secret_value().encode(),
        capability_date=CAPABILITY_DATE,
        version=version("kersey"),
        zone=desk.settings.timezone,
        access=access_of,
        cors=bool(desk.settings.origins),
    )
