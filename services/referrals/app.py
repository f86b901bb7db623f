"""The referrals service, composed."""

from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from sqlalchemy import Engine

from services.referrals.api import messages
from services.referrals.api.break_glass import break_glass_routes
from services.referrals.api.case_page import case_page_routes
from services.referrals.api.cases import case_routes
from services.referrals.api.figures import figure_routes
from services.referrals.api.front_door import front_door_routes
from services.referrals.api.gp import gp_routes
from services.referrals.api.limits import limit_routes
from services.referrals.api.merging import merging_routes
from services.referrals.api.messages import DEFINITIONS, OPERATION, PROCESS, message_routes
from services.referrals.api.person_messages import person_message_routes
from services.referrals.api.plan import caseload_routes, plan_routes, team_care_routes
from services.referrals.api.practice import practice_routes
from services.referrals.api.record import record_routes
from services.referrals.api.refusals import install_refusals
from services.referrals.api.register import register_routes
from services.referrals.api.requests import request_routes
from services.referrals.api.subscriptions import subscription_routes
from services.referrals.api.talk import talk_routes
from services.referrals.api.teams import team_routes
from services.referrals.api.visits import visit_routes
from services.referrals.api.waiting import waiting_routes
from services.referrals.api.worries import worry_routes
from services.referrals.bars import errors as bars
from services.referrals.bars import sending as answering
from services.referrals.bars.searching import meant
from services.referrals.bars.sending import AnswerSender
from services.referrals.bars.taking import MessageTaker
from services.referrals.clock import Clock
from services.referrals.desk import Desk
from services.referrals.disclosure import NotingReader, access_of, reading
from services.referrals.gp import posting
from services.referrals.gp.mesh.inbox import MeshInbox
from services.referrals.gp.mesh.mailbox import MeshMailbox
from services.referrals.handlers import arrivals, clients, listings, waiting
from services.referrals.served import CAPABILITY_DATE, SERVED
from services.referrals.settings import ReferralsSettings
from services.referrals.subject import confirming
from services.referrals.subscriptions.dispatching import Dispatcher
from services.referrals.subscriptions.notifying import Notifier, schedule
from services.referrals.tables.bars import bars_deliveries
from services.referrals.tables.gp import gp_deliveries
from services.referrals.tables.subscription import deliveries
from services.referrals.writing.writer import ReferralWriter
from shared.auth import TokenVerifier
from shared.delivery import DeliveryWorker
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.conformance import public_paths
from shared.fhir.http import refused
from shared.fhir.quick_route import QuickReads
from shared.fhir.router import FhirRouter, fhir_router
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.messaging.broker import Broker
from shared.messaging.outbox import ConsumingOnce, Outbox
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.smart import SmartDiscovery, smart_routes
from shared.worker import Wake, Worker

DOCUMENT = "/openapi.json"
"""Where tools look for the document of a FHIR server; also below `/referrals`."""

SOURCE = "kersey/referrals"
"""How referrals names itself as the source of events."""

SUBSCRIPTIONS = (
    listings.SUBSCRIPTION,
    waiting.SUBSCRIPTION,
    arrivals.SUBSCRIPTION,
    confirming.SUBSCRIPTION,
    clients.SUBSCRIPTION,
)
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
    sources = [of_database("referrals", engine, deliveries, bars_deliveries, gp_deliveries)]
    if broker is not None:
        checks |= of_background(settings, engine, broker)
        sources.append(of_broker("referrals", broker, SUBSCRIPTIONS))
    quick = NotingReader(desk.accesses, engine.url, application_name="kersey referrals reads")
    http = outgoing(settings)
    writer = ReferralWriter(desk, http)
    discovery = SmartDiscovery(settings)
    fhir = _fhir(desk, writer, discovery)
    app = service_app(
        settings,
        name="referrals",
        title="Kersey referrals",
        # Asked for most comes first: a route is found by trying one after the other.
        routers=(
            smart_routes(discovery, "/fhir"),
            subscription_routes(desk),
            message_routes(desk, MessageTaker(desk, writer, http)),
            fhir,
            case_routes(desk),
            case_page_routes(desk),
            waiting_routes(desk),
            plan_routes(desk),
            team_care_routes(desk),
            caseload_routes(desk),
            front_door_routes(desk),
            practice_routes(desk),
            figure_routes(desk),
            request_routes(desk),
            visit_routes(desk),
            register_routes(desk),
            talk_routes(desk),
            worry_routes(desk),
            record_routes(desk),
            person_message_routes(desk),
            merging_routes(desk),
            team_routes(desk),
            limit_routes(desk),
            break_glass_routes(desk),
            gp_routes(desk),
        ),
        workers=(desk.accesses, *(_workers(desk, broker, wake) if broker is not None else ())),
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/referrals",
        measures_bodies=("/fhir",),
        words_refusals={PROCESS: bars.refused, "/fhir": refused},
        held_open=(quick,),
        compresses=("/fhir",),
        public=(
            "/fhir/metadata",
            "/fhir/.well-known/smart-configuration",
            *public_paths("/fhir"),
            *messages.public_paths(),
        ),
        shared=("/fhir",),
        origins=settings.origins,
        before_all=(QuickReads(quick, types=desk.types, access=access_of), *fhir.before_all),
    )
    app.add_api_route(DOCUMENT, app.openapi, include_in_schema=False)
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
    return OutgoingHttp(allow_private=settings.private_endpoints)


def _workers(desk: Desk, broker: Broker, wake: Wake | None) -> list[Worker]:
    engine, sending = desk.engine, Wake()
    http = outgoing(desk.settings)
    notifier = Notifier(desk, http)
    return [
        Relay(
            engine, broker, service="referrals", wake=wake, poll=desk.settings.relay_poll_seconds
        ),
        broker.consumer(
            listings.SUBSCRIPTION,
            ConsumingOnce(
                engine, listings.SUBSCRIPTION.consumer, partial(listings.take_listing, desk)
            ),
        ),
        broker.consumer(
            waiting.SUBSCRIPTION,
            ConsumingOnce(
                engine, waiting.SUBSCRIPTION.consumer, partial(waiting.note_opening, desk)
            ),
        ),
        broker.consumer(
            arrivals.SUBSCRIPTION,
            ConsumingOnce(engine, arrivals.SUBSCRIPTION.consumer, arrivals.Arrivals()),
        ),
        broker.consumer(
            confirming.SUBSCRIPTION,
            ConsumingOnce(engine, confirming.SUBSCRIPTION.consumer, confirming.note_confirmation),
        ),
        broker.consumer(
            clients.SUBSCRIPTION,
            ConsumingOnce(
                engine, clients.SUBSCRIPTION.consumer, partial(clients.take_client, desk)
            ),
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
        _answerer(desk, http),
        *_practices(desk),
        Clock(desk),
    ]


def _practices(desk: Desk) -> list[Worker]:
    """Messages go to practices, and answers come back."""
    if desk.settings.mesh is None:
        return [_poster(desk, None)]
    mailbox = MeshMailbox(desk.settings.mesh, desk.clock)
    return [_poster(desk, mailbox), MeshInbox(desk, mailbox)]


def _poster(desk: Desk, mailbox: posting.Mailbox | None) -> DeliveryWorker:
    poster = posting.Poster(desk, mailbox)
    return DeliveryWorker(
        name="referrals.gp",
        engine=desk.engine,
        tables=gp_deliveries,
        send=poster.send,
        schedule=posting.schedule,
        wake=desk.posting,
        on_delivered=poster.delivered,
        on_failed=poster.failed,
        lock_first=poster.lock_first,
        threads=2,
    )


def _answerer(desk: Desk, http: OutgoingHttp) -> DeliveryWorker:
    """Answers go to the senders of messages."""
    answers = AnswerSender(desk, http)
    return DeliveryWorker(
        name="referrals.answers",
        engine=desk.engine,
        tables=bars_deliveries,
        send=answers.send,
        schedule=lambda _: answering.SCHEDULE,
        wake=desk.answering,
        on_delivered=answers.delivered,
        on_failed=answers.failed,
        threads=2,
    )


def _fhir(desk: Desk, writer: ReferralWriter, discovery: SmartDiscovery) -> FhirRouter:
    return fhir_router(
        desk.types,
        reader=partial(reading, desk),
        writer=writer,
        at_once=writer,
        gathering=writer,
        base_url=desk.base_url,
        page_secret=desk.settings.paging_key.get_secret_value().encode(),
        capability_date=CAPABILITY_DATE,
        version=version("kersey"),
        operations=(OPERATION,),
        beside=(DEFINITIONS,),
        messaging=messages.messaging(desk),
        spelling=meant,
        on_refusal=desk.accesses.refused,
        zone=desk.settings.timezone,
        access=access_of,
        cors=bool(desk.settings.origins),
        oauth_uris=discovery.oauth_uris,
    )
