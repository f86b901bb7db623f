"""The notifications service, composed."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import anyio.to_thread
from fastapi import FastAPI
from sqlalchemy import Engine

from services.notifications.announcements.sending import AnnouncementSender
from services.notifications.api import (
    announcements,
    answers,
    bounces,
    capacity,
    contacts,
    deliveries,
    meetings,
    mutes,
    notices,
    quiet_hours,
    receipts,
    visits,
    webhooks,
    wordings,
)
from services.notifications.board.following import Following, looking_in
from services.notifications.bounces.imap import imap_of
from services.notifications.bounces.mailbox import Mailbox
from services.notifications.bounces.maildir import MaildirBox
from services.notifications.bounces.taking import Bounces
from services.notifications.channels import registry
from services.notifications.channels.email import made as mail
from services.notifications.digests.ending import Digests
from services.notifications.digests.sending import DigestSender
from services.notifications.directory import SCOPE as DIRECTORY_SCOPE
from services.notifications.directory import Directory
from services.notifications.handlers import cases, directory, erasing
from services.notifications.handlers.answering import Answering, Refused
from services.notifications.handlers.escalating import Escalating
from services.notifications.handlers.not_arrived import NotArrived
from services.notifications.handlers.pacing import TYPES as PACING_TYPES
from services.notifications.handlers.pacing import Pacing
from services.notifications.handlers.telling import Teller
from services.notifications.keys import Keys, MuteLinks
from services.notifications.languages.reading import translations
from services.notifications.listings import telling
from services.notifications.listings.capacity_links import CapacityLinks
from services.notifications.listings.sending import ListingSender
from services.notifications.person.asking import SCOPE as PERSON_SCOPE
from services.notifications.person.asking import Persons
from services.notifications.person.hearing import Hearing
from services.notifications.person.meetings import TYPES as VISIT_TYPES
from services.notifications.person.meetings import VisitEvents
from services.notifications.person.sending import PersonSender
from services.notifications.person.team import TeamHears
from services.notifications.person.telling import TYPES as PERSON_TYPES
from services.notifications.person.telling import PersonEvents
from services.notifications.person.visiting import Visits
from services.notifications.person.words import templates
from services.notifications.reach.addresses import Addresses
from services.notifications.reach.endpoints import Endpoints, Limits
from services.notifications.reach.gauges import of_endpoints
from services.notifications.reach.refused import RefusedAddresses
from services.notifications.reach.sending import ReachSender
from services.notifications.receipts import NotifyReceipts
from services.notifications.referrals import SCOPE, Requests
from services.notifications.sending import Sender
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    announcement_deliveries,
    contact_deliveries,
    digest_deliveries,
    listing_deliveries,
    person_deliveries,
)
from services.notifications.tables import deliveries as delivery_tables
from services.notifications.wishes.muting import Mutes
from shared.auth import TokenVerifier
from shared.database import UnitOfWork
from shared.delivery import Delivery, DeliveryWorker, Receipt, Together
from shared.delivery.ledger import Delivered
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.http import ServiceClient
from shared.mail import forget_mails
from shared.messaging.broker import Broker, Subscription
from shared.messaging.events import Envelope
from shared.messaging.outbox import ConsumingOnce, LooksAhead, Outbox
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.worker import Wake, Worker

Act = Callable[[UnitOfWork, Envelope], None]

SOURCE = "kersey/notifications"
"""How notifications names itself as the source of events."""

CASES = Subscription("notifications", "cases", cases.TYPES | PERSON_TYPES | VISIT_TYPES)
DIRECTORY = Subscription("notifications", "directory", directory.TYPES | PACING_TYPES)
LISTINGS = Subscription("notifications", "listings", telling.TYPES)
ERASURES = Subscription("notifications", "erasures", erasing.TYPES)
SUBSCRIPTIONS = (CASES, DIRECTORY, LISTINGS, ERASURES)
"""What the workers consume, so that an operator can declare the queues."""


def create_app(
    settings: NotificationsSettings,
    *,
    engine: Engine,
    broker: Broker | None = None,
    wake: Wake | None = None,
    referrals: ServiceClient | None = None,
    providers: ServiceClient | None = None,
    persons: ServiceClient | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """The app of notifications.

    Args:
        settings: its settings.
        engine: its own database.
        broker: where its workers publish and consume; without one no worker runs in this process.
        wake: wakes the relay after a commit.
        referrals: calls the referrals service, closed with the app; by default as the settings
            say.
        providers: calls the directory, likewise.
        persons: asks referrals for what a message to a person needs, likewise.
        verifier: of bearer tokens; by default against the issuer of the settings.
    """
    wake = wake or Wake()
    delivery_wake, person_wake, announcement_wake = Wake(), Wake(), Wake()
    templates()  # a fault in one is met here, and not when somebody should be told
    translations()
    told_by = persons or persons_client(settings)
    asked_of_persons = Persons(told_by)
    checks: dict[str, Check] = {"schema": partial(schema_fault, "notifications", engine)}
    sources = [
        of_database(
            "notifications",
            engine,
            delivery_tables,
            person_deliveries,
            listing_deliveries,
            contact_deliveries,
            digest_deliveries,
            announcement_deliveries,
        ),
        of_endpoints(engine),
    ]
    if broker is not None:
        checks |= of_background(settings, engine, broker)
        sources.append(of_broker("notifications", broker, SUBSCRIPTIONS))
    running = (
        workers(
            settings,
            engine,
            broker,
            wake,
            delivery_wake=delivery_wake,
            person_wake=person_wake,
            announcement_wake=announcement_wake,
            persons=asked_of_persons,
        )
        if broker is not None
        else ()
    )
    following = Following(looking_in(engine))
    app = service_app(
        settings,
        name="notifications",
        title="Kersey notifications",
        routers=(
            announcements.router,
            answers.router,
            bounces.router,
            capacity.router,
            contacts.router,
            deliveries.router,
            meetings.router,
            mutes.router,
            notices.router,
            quiet_hours.router,
            wordings.router,
            receipts.router,
            visits.router,
            webhooks.router,
        ),
        workers=running,
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/notifications",
        held_open=[following],
    )
    app.add_exception_handler(Refused, answers.refusal)
    keys = Keys(settings.link_key)
    app.state.engine = engine
    app.state.following = following
    app.state.timezone = settings.timezone
    app.state.sheet_days = settings.sheet_days
    app.state.keys = keys
    app.state.mutes = Mutes(engine, keys, settings.timezone)
    app.state.bounce_token = settings.bounce_token
    app.state.bounces = reports(settings, engine, Outbox(SOURCE, wake))
    app.state.notify_receipt_token = settings.notify_receipt_token
    app.state.notify_receipts = NotifyReceipts(app.state.bounces)
    app.state.channels = registry.made(settings, engine)
    app.state.delivery_wake = delivery_wake
    app.state.announcement_wake = announcement_wake
    app.state.teller = Teller(Outbox(SOURCE, wake))
    app.state.answering = Answering(engine, keys, settings, delivery_wake)
    client = referrals or referrals_client(settings)
    app.state.requests = Requests(client)
    asked = providers or providers_client(settings)
    app.state.capacity_links = CapacityLinks(
        engine, keys, Directory(asked), days=settings.capacity_link_days
    )
    app.state.visits = Visits(engine, asked_of_persons, hours=settings.answer_session_hours)
    app.state.hearing = Hearing(asked_of_persons, app.state.channels)
    app.state.brake = answers.Brake()
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield state
        for each in (client, told_by):
            await anyio.to_thread.run_sync(each.close)
        await anyio.to_thread.run_sync(asked.close)

    app.router.lifespan_context = lifespan
    return app


def referrals_client(settings: NotificationsSettings) -> ServiceClient:
    """Calls the referrals service as this service."""
    return ServiceClient(settings, settings.referrals_url or settings.public_url, scope=SCOPE)


def persons_client(settings: NotificationsSettings) -> ServiceClient:
    """Asks referrals, as this service, for what a message to a person needs, and for no more."""
    at = settings.referrals_url or settings.public_url
    return ServiceClient(settings, at, scope=PERSON_SCOPE)


def providers_client(settings: NotificationsSettings) -> ServiceClient:
    """Calls the directory as this service."""
    at = settings.providers_url or settings.public_url
    return ServiceClient(settings, at, scope=DIRECTORY_SCOPE)


def workers(
    settings: NotificationsSettings,
    engine: Engine,
    broker: Broker,
    wake: Wake | None = None,
    *,
    delivery_wake: Wake | None = None,
    person_wake: Wake | None = None,
    announcement_wake: Wake | None = None,
    persons: Persons | None = None,
) -> list[Worker]:
    """The background work: relay, consumers, and the delivery worker.

    Args:
        settings: the service's settings.
        engine: its database.
        broker: where to publish and consume.
        wake: of the relay.
        delivery_wake: of the delivery worker, which whoever adds deliveries in this process sets.
        person_wake: of the worker that writes to persons, likewise.
        announcement_wake: of the one that tells of urgent announcements, likewise.
        persons: says what a message to a person needs; by default referrals, as the settings say.
    """
    delivery_wake, person_wake = delivery_wake or Wake(), person_wake or Wake()
    persons = persons or Persons(persons_client(settings))
    wake = wake or Wake()
    outbox = Outbox(SOURCE, wake)
    teller = Teller(outbox, NotArrived(delivery_wake))
    grace = timedelta(minutes=settings.no_contact_minutes)
    act = InTurn(
        cases.CaseEvents(delivery_wake, grace=grace),
        PersonEvents(person_wake, settings.hours),
        VisitEvents(person_wake, settings.hours),
    )
    team = TeamHears(outbox, grace=grace, wake=delivery_wake)
    to_persons = person_sender(settings, engine, persons)
    pacing = Pacing(ZoneInfo(settings.timezone), delivery_wake)
    listing_wake, reach_wake = Wake(), Wake()
    endpoints, escalates = Endpoints(limits(settings), reach_wake), escalating(settings)
    tell = telling.ListingEvents(listing_wake)
    refused = RefusedAddresses(addresses_of(settings, reach_wake))
    came_back = reports(settings, engine, outbox, reach_wake)
    usable = registry.made(settings, engine).keys()
    about_cases = Sender(engine, registry.made(settings, engine), Keys(settings.link_key), settings)
    digests = Digests(teller)
    of_the_day = DigestSender(
        engine,
        registry.made(settings, engine),
        MuteLinks(Keys(settings.link_key), settings.public_url),
        ZoneInfo(settings.timezone),
    )
    announces = AnnouncementSender(
        engine,
        registry.made(settings, engine),
        settings.public_url,
        ZoneInfo(settings.timezone),
    )
    listing_mail, contact_mail = mail(settings), mail(settings)
    return [
        Relay(engine, broker, service="notifications", wake=wake, poll=settings.relay_poll_seconds),
        broker.consumer(CASES, ConsumingOnce(engine, CASES.consumer, act)),
        broker.consumer(
            DIRECTORY,
            ConsumingOnce(engine, DIRECTORY.consumer, InTurn(directory.Listings(usable), pacing)),
        ),
        broker.consumer(LISTINGS, ConsumingOnce(engine, LISTINGS.consumer, tell)),
        broker.consumer(
            ERASURES,
            ConsumingOnce(
                engine,
                ERASURES.consumer,
                erasing.Erasures(outbox, partial(forget_mails, settings)),
            ),
        ),
        DeliveryWorker(
            name="notifications.deliveries",
            engine=engine,
            tables=delivery_tables,
            send=about_cases,
            rest=about_cases.rest,
            schedule=registry.schedule,
            wake=delivery_wake,
            on_delivered=teller.and_then(all_of(endpoints.delivered, escalates.delivered)),
            on_failed=teller.failed,
            judged=refused.and_then(endpoints.judged),
            lock_first=teller.lock_first,
            together=Together(
                teller.lock_all_first,
                all_of_all(teller.all_delivered, endpoints.all_delivered, escalates.all_delivered),
            ),
            receiver=of_system,
            threads=settings.delivery_threads,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        DeliveryWorker(
            name="notifications.person-messages",
            engine=engine,
            tables=person_deliveries,
            send=to_persons,
            rest=to_persons.rest,
            schedule=registry.schedule,
            wake=person_wake,
            on_delivered=team.delivered,
            on_failed=team.failed,
            judged=team.judged,
            lock_first=team.lock_first,
            threads=2,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        DeliveryWorker(
            name="notifications.listing-messages",
            engine=engine,
            tables=listing_deliveries,
            send=ListingSender(engine, listing_mail, Keys(settings.link_key), settings.public_url),
            rest=listing_mail.rest,
            schedule=registry.schedule,
            wake=listing_wake,
            on_delivered=telling.ListingTeller(outbox).delivered,
            judged=refused.judged,
            threads=2,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        DeliveryWorker(
            name="notifications.contact-messages",
            engine=engine,
            tables=contact_deliveries,
            send=ReachSender(engine, contact_mail, days=settings.endpoint_hold_days),
            rest=contact_mail.rest,
            schedule=registry.schedule,
            wake=reach_wake,
            judged=refused.judged,
            threads=1,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        DeliveryWorker(
            name="notifications.digests",
            engine=engine,
            tables=digest_deliveries,
            send=of_the_day,
            rest=of_the_day.rest,
            schedule=registry.schedule,
            wake=Wake(),  # nobody waits for one: it goes at its hour
            on_delivered=digests.delivered,
            on_failed=digests.failed,
            judged=refused.and_then(digests.judged),
            lock_first=digests.lock_first,
            threads=1,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        DeliveryWorker(
            name="notifications.announcements",
            engine=engine,
            tables=announcement_deliveries,
            send=announces,
            rest=announces.rest,
            schedule=registry.schedule,
            wake=announcement_wake or Wake(),
            judged=refused.judged,
            threads=1,
            lease_seconds=settings.delivery_lease_seconds,
        ),
        *mailboxes(settings, came_back),
    ]


def mailboxes(settings: NotificationsSettings, bounces: Bounces) -> list[Worker]:
    """Readers of the mailboxes that the settings name, for what comes back.

    Args:
        settings: the service's.
        bounces: takes what they find.
    """
    imap = imap_of(settings)
    found: list[Worker] = []
    if settings.bounce_maildir:
        found.append(Mailbox(MaildirBox(settings.bounce_maildir), bounces))
    if imap is not None:
        found.append(Mailbox(imap, bounces, name="notifications.bounces-by-imap"))
    return found


class InTurn:
    """Several that act on the same event, in one transaction.

    Args:
        acts: in this order.
    """

    def __init__(self, *acts: Act) -> None:
        self._acts = acts

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Have each of them act."""
        for act in self._acts:
            act(uow, envelope)

    @contextmanager
    def ahead(self, uow: UnitOfWork, envelopes: Collection[Envelope]) -> Iterator[None]:
        """See `LooksAhead`: those look ahead who can."""
        acts: tuple[object, ...] = self._acts
        with ExitStack() as stack:
            for each in acts:
                if isinstance(each, LooksAhead):
                    stack.enter_context(each.ahead(uow, envelopes))
            yield


def all_of(*acts: Delivered) -> Delivered:
    """Several that follow from one delivery, in one transaction."""

    def each_of_them(uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> None:
        for act in acts:
            act(uow, delivery, receipt)

    return each_of_them


def all_of_all(
    *acts: Callable[[UnitOfWork, Sequence[Delivery]], None],
) -> Callable[[UnitOfWork, Sequence[Delivery]], None]:
    """Several that follow from several deliveries, in one transaction."""

    def each_of_them(uow: UnitOfWork, delivered: Sequence[Delivery]) -> None:
        for act in acts:
            act(uow, delivered)

    return each_of_them


def of_system(delivery: Delivery) -> str | None:
    """The receiver, where it is a party's own system: those may be slow, one by one."""
    return delivery.address if delivery.channel in registry.SYSTEMS else None


def escalating(settings: NotificationsSettings) -> Escalating:
    """What follows when nobody answers, in the place's time."""
    return Escalating(ZoneInfo(settings.timezone))


def person_sender(
    settings: NotificationsSettings, engine: Engine, persons: Persons
) -> PersonSender:
    """Writes to persons as the settings say."""
    return PersonSender(
        engine,
        registry.made(settings, engine),
        Keys(settings.link_key),
        persons,
        settings.hours,
        public_url=settings.public_url,
        days=settings.answer_link_days,
    )


def reports(
    settings: NotificationsSettings, engine: Engine, outbox: Outbox, reach_wake: Wake | None = None
) -> Bounces:
    """Takes what comes back of mails.

    Args:
        settings: the service's.
        engine: its database.
        outbox: takes what others are told.
        reach_wake: of the worker that tells people of addresses; it finds out by itself, later.
    """
    addresses = addresses_of(settings, reach_wake or Wake())
    domain = settings.mail_from.rpartition("@")[2].lower()
    grace = timedelta(minutes=settings.no_contact_minutes)
    team = TeamHears(outbox, grace=grace, wake=Wake())
    teller = Teller(outbox, NotArrived(Wake()))
    return Bounces(
        engine,
        domain,
        teller,
        team,
        telling.ListingTeller(outbox),
        Digests(teller),
        addresses,
    )


def addresses_of(settings: NotificationsSettings, wake: Wake) -> Addresses:
    """Keeps which addresses are not used, as the settings say."""
    return Addresses(settings.bounce_limit, BOUNCING_WITHIN, wake)


BOUNCING_WITHIN = timedelta(days=30)
"""Mails that do not arrive are counted together for so long."""


def limits(settings: NotificationsSettings) -> Limits:
    """When a webhook is switched off."""
    return Limits(
        failures=settings.endpoint_failures,
        span=timedelta(hours=settings.endpoint_failing_hours),
        hold=timedelta(days=settings.endpoint_hold_days),
    )
