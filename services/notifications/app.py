"""The notifications service, composed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import anyio.to_thread
from fastapi import FastAPI
from sqlalchemy import Engine

from services.notifications.api import (
    answers,
    bounces,
    capacity,
    contacts,
    deliveries,
    meetings,
    quiet_hours,
    receipts,
    visits,
    webhooks,
)
from services.notifications.bounces.mailbox import Mailbox
from services.notifications.bounces.taking import Bounces
from services.notifications.channels import registry
from services.notifications.channels.email import made as mail
from services.notifications.directory import SCOPE as DIRECTORY_SCOPE
from services.notifications.directory import Directory
from services.notifications.escalation import limits_of
from services.notifications.handlers import cases, directory, erasing
from services.notifications.handlers.answering import Answering, Refused
from services.notifications.handlers.escalating import Escalating
from services.notifications.handlers.not_arrived import NotArrived
from services.notifications.handlers.telling import Teller
from services.notifications.keys import Keys
from services.notifications.listings import telling
from services.notifications.listings.capacity_links import CapacityLinks
from services.notifications.listings.sending import ListingSender
from services.notifications.person.asking import SCOPE as PERSON_SCOPE
from services.notifications.person.asking import Persons
from services.notifications.person.meetings import Meetings
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
    contact_deliveries,
    listing_deliveries,
    person_deliveries,
)
from services.notifications.tables import deliveries as delivery_tables
from shared.auth import TokenVerifier
from shared.database import UnitOfWork
from shared.delivery import Delivery, DeliveryWorker, Receipt
from shared.delivery.ledger import Delivered
from shared.gauges import of_broker, of_database
from shared.health import Check, of_background
from shared.http import ServiceClient
from shared.messaging.broker import Broker, Subscription
from shared.messaging.events import Envelope
from shared.messaging.outbox import ConsumingOnce, Outbox
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.service import service_app
from shared.worker import Wake, Worker
from shared.working_days import WorkingDays

Act = Callable[[UnitOfWork, Envelope], None]

SOURCE = "kersey/notifications"
"""How notifications names itself as the source of events."""

CASES = Subscription("notifications", "cases", cases.TYPES | PERSON_TYPES)
DIRECTORY = Subscription("notifications", "directory", directory.TYPES)
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
    delivery_wake, person_wake = Wake(), Wake()
    templates()  # a fault in one is met here, and not when somebody should be told
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
            persons=asked_of_persons,
        )
        if broker is not None
        else ()
    )
    app = service_app(
        settings,
        name="notifications",
        title="Kersey notifications",
        routers=(
            answers.router,
            bounces.router,
            capacity.router,
            contacts.router,
            deliveries.router,
            meetings.router,
            quiet_hours.router,
            receipts.router,
            visits.router,
            webhooks.router,
        ),
        workers=running,
        checks=checks,
        sources=sources,
        verifier=verifier,
        docs_prefix="/notifications",
    )
    app.add_exception_handler(Refused, answers.refusal)
    keys = Keys(settings.link_key)
    app.state.engine = engine
    app.state.timezone = settings.timezone
    app.state.keys = keys
    app.state.bounce_token = settings.bounce_token
    app.state.bounces = reports(settings, engine, Outbox(SOURCE, wake))
    app.state.notify_receipt_token = settings.notify_receipt_token
    app.state.notify_receipts = NotifyReceipts(app.state.bounces)
    app.state.channels = registry.made(settings)
    app.state.delivery_wake = delivery_wake
    app.state.teller = Teller(Outbox(SOURCE, wake))
    app.state.answering = Answering(engine, keys, settings, delivery_wake)
    client = referrals or referrals_client(settings)
    app.state.requests = Requests(client)
    asked = providers or providers_client(settings)
    app.state.capacity_links = CapacityLinks(
        engine, keys, Directory(asked), days=settings.capacity_link_days
    )
    app.state.visits = Visits(engine, asked_of_persons, hours=settings.answer_session_hours)
    app.state.meetings = Meetings(engine, settings.hours, person_wake)
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
        persons: says what a message to a person needs; by default referrals, as the settings say.
    """
    delivery_wake, person_wake = delivery_wake or Wake(), person_wake or Wake()
    persons = persons or Persons(persons_client(settings))
    wake = wake or Wake()
    outbox = Outbox(SOURCE, wake)
    teller = Teller(outbox, NotArrived(delivery_wake))
    grace = timedelta(minutes=settings.no_contact_minutes)
    act = in_turn(
        cases.CaseEvents(delivery_wake, grace=grace), PersonEvents(person_wake, settings.hours)
    )
    team = TeamHears(outbox, grace=grace, wake=delivery_wake)
    to_persons = person_sender(settings, engine, persons, team)
    listing_wake, reach_wake = Wake(), Wake()
    endpoints = Endpoints(limits(settings), reach_wake)
    tell = telling.ListingEvents(listing_wake)
    refused = RefusedAddresses(addresses_of(settings, reach_wake))
    came_back = reports(settings, engine, outbox, reach_wake)
    mailbox = [Mailbox(settings.bounce_maildir, came_back)] if settings.bounce_maildir else []
    about_cases = Sender(engine, registry.made(settings), Keys(settings.link_key), settings)
    listing_mail, contact_mail = mail(settings), mail(settings)
    return [
        Relay(engine, broker, service="notifications", wake=wake, poll=settings.relay_poll_seconds),
        broker.consumer(CASES, ConsumingOnce(engine, CASES.consumer, act)),
        broker.consumer(DIRECTORY, ConsumingOnce(engine, DIRECTORY.consumer, directory.act)),
        broker.consumer(LISTINGS, ConsumingOnce(engine, LISTINGS.consumer, tell)),
        broker.consumer(
            ERASURES, ConsumingOnce(engine, ERASURES.consumer, erasing.Erasures(outbox))
        ),
        DeliveryWorker(
            name="notifications.deliveries",
            engine=engine,
            tables=delivery_tables,
            send=about_cases,
            rest=about_cases.rest,
            schedule=registry.schedule,
            wake=delivery_wake,
            on_delivered=teller.and_then(
                all_of(endpoints.delivered, escalating(settings).delivered)
            ),
            on_failed=teller.failed,
            judged=refused.and_then(endpoints.judged),
            lock_first=teller.lock_first,
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
        *mailbox,
    ]


def in_turn(*acts: Act) -> Act:
    """Several that act on the same event, in one transaction."""

    def all_of_them(uow: UnitOfWork, envelope: Envelope) -> None:
        for act in acts:
            act(uow, envelope)

    return all_of_them


def all_of(*acts: Delivered) -> Delivered:
    """Several that follow from one delivery, in one transaction."""

    def each_of_them(uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> None:
        for act in acts:
            act(uow, delivery, receipt)

    return each_of_them


def escalating(settings: NotificationsSettings) -> Escalating:
    """What follows when nobody answers, as the settings say."""
    return Escalating(
        WorkingDays(ZoneInfo(settings.timezone)),
        routine=limits_of(settings.escalation_days),
        urgent=limits_of(settings.escalation_days_urgent),
    )


def person_sender(
    settings: NotificationsSettings, engine: Engine, persons: Persons, team: TeamHears
) -> PersonSender:
    """Writes to persons as the settings say."""
    return PersonSender(
        engine,
        registry.made(settings),
        Keys(settings.link_key),
        persons,
        team,
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
    return Bounces(engine, domain, teller, team, telling.ListingTeller(outbox), addresses)


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
