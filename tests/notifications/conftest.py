"""Notifications on a real database, with a mail sink, a webhook sink and a referrals service."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, select, text, update

from deploy.demo.notify.serving import LETTER as LETTER_TEMPLATE
from deploy.demo.notify.serving import SMS as SMS_TEMPLATE
from deploy.demo.notify.serving import demo_stand_in
from services.notifications.app import (
    CASES,
    DIRECTORY,
    LISTINGS,
    InTurn,
    create_app,
    limits,
    person_sender,
)
from services.notifications.channels import Channel
from services.notifications.channels.email import EMAIL
from services.notifications.channels.email import made as mail
from services.notifications.channels.registry import made as channels
from services.notifications.channels.registry import schedule
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.digests.ending import Digests
from services.notifications.digests.sending import DigestSender
from services.notifications.domain import Role, Source
from services.notifications.handlers import directory
from services.notifications.handlers.cases import CaseEvents
from services.notifications.handlers.hubs import declare_hubs
from services.notifications.handlers.pacing import Pacing
from services.notifications.handlers.telling import Teller
from services.notifications.keys import Keys, MuteLinks
from services.notifications.listings.sending import ListingSender
from services.notifications.listings.telling import ListingEvents, ListingTeller
from services.notifications.person.asking import Persons
from services.notifications.person.meetings import VisitEvents
from services.notifications.person.team import TeamHears
from services.notifications.person.telling import PersonEvents
from services.notifications.reach.endpoints import Endpoints
from services.notifications.reach.sending import ReachSender
from services.notifications.sending import Sender
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    Contact,
    attempt,
    contact_deliveries,
    deliveries,
    delivery,
    digest_deliveries,
    listing_deliveries,
    person_deliveries,
)
from shared.auth import Principal, TokenVerifier, Unauthenticated
from shared.database import UnitOfWork, create_engine
from shared.delivery import DeliveryWorker
from shared.messaging.events import Envelope, Event, ReferralRequested, Sequence, parse
from shared.messaging.outbox import ConsumingOnce, Outbox, outbox
from shared.migrate import migrate
from shared.worker import Wake
from tests.notifications.serving import serving

PROVIDER = UUID("11111111-1111-4111-8111-111111111111")
SERVICE = UUID("22222222-2222-4222-8222-222222222222")
TEAM = UUID("33333333-3333-4333-8333-333333333333")
HUB = UUID("44444444-4444-4444-8444-444444444444")
OTHER_HUB = UUID("55555555-5555-4555-8555-555555555555")
PERSON = {
    "name": "Testina Fictional",
    "contact": [{"system": "phone", "value": "07700 900123", "note": "after 2 pm"}],
    "agreed_items": ["name", "phone"],
}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class HttpSink:
    """A real HTTP receiver that remembers what it got and answers what the test says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.status = 204
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                request = Request(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                status, body = sink.answer(request)
                sink.requests.append(request)
                content = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _take  # noqa: N815 - http.server's own names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> tuple[int, Any]:
        known = self.answers.get((request.method, request.path))
        return known or (self.status, None)

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Referrals(HttpSink):
    """What the referrals service and the issuer answer."""

    def __init__(self) -> None:
        super().__init__()
        self.views: dict[str, dict[str, Any]] = {}
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.person: dict[str, Any] = {}
        self.said: list[str] = []
        self.talks: dict[str, list[dict[str, Any]]] = {}
        self.kept_back: dict[str, int] = {}
        self.marks: dict[str, dict[str, list[dict[str, str]]]] = {}

    def answer(self, request: Request) -> tuple[int, Any]:
        if request.path == "/identity/token":
            return 200, {"access_token": "service", "token_type": "Bearer", "expires_in": 300}
        assert request.headers["authorization"] == "Bearer service"
        if self.refusal:
            return self.refusal
        if request.path.startswith("/directory/"):
            return 200, {}
        _, _, _, task, *step = request.path.partition("?")[0].split("/")
        if step[:1] == ["person"]:
            return self._of_person(request, task)
        view = self.views.setdefault(task, self._new(task))
        if step[:1] in (["attendance"], ["messages"]):
            return self._beside(request, task, step)
        if step == ["identity"]:
            return 200, PERSON
        if step == ["answer"]:
            view["status"] = {"accept": "accepted", "decline": "rejected"}.get(
                request.json["decision"], "received"
            )
            view["business_status"] = {
                "accepted": "selected", "rejected": "provider-declined", "received": "waiting-list",
            }[view["status"]]  # fmt: skip
            view["answerable"] = view["status"] == "received"  # a place may come free
        if step == ["first-visit"] and view["business_status"] != "selected":
            return 409, {"title": "Not possible", "detail": "There is no place.", "element": "task"}
        if step == ["first-visit"]:
            view["first_visit"] = {"starts": request.json["starts"], "status": "booked"}
        if step == ["progress"]:
            view["status"] = "in-progress"
        return 200, view

    def _beside(self, request: Request, task: str, step: list[str]) -> tuple[int, Any]:
        if step[0] == "messages":
            return self._talk(request, task)
        return self._attendance(request, task, step[1:])

    def _talk(self, request: Request, task: str) -> tuple[int, Any]:
        """What was written about a request, as the real service says it to the provider's side."""
        talk = self.talks.setdefault(task, [])
        if request.method == "POST":
            said = {"from": "provider", "text": request.json["text"]}
            talk.append(said | {"written": "2026-03-02T10:00:00.000Z"})
        told = {
            "you": "provider", "messages": talk, "kept_back": self.kept_back.get(task, 0),
            "feedback": {}, "points": ["not-for-us"],
        }  # fmt: skip
        return (201 if request.method == "POST" else 200), told

    def _of_person(self, request: Request, task: str) -> tuple[int, Any]:
        """What a message to the person needs, as the real service says it."""
        if request.method == "POST":
            self.said.append(request.json["said"])
            return 204, None
        by = parse_qs(request.path.partition("?")[2]).get("by", [])
        told: dict[str, Any] = {
            "task": task,
            "case": str(uuid4()),
            "stops": [],
            "business_status": "selected",
            "ended": False,
            "service": {"id": str(SERVICE), "name": "Clay on Canal Street"},
            "places": ["Canal House, 12 Canal Street, Sowerby Bridge, HX6 2AB"],
            "link_worker": {"name": "Beckside link workers", "phone": "01632 960101"},
            "sharing": ["name", "phone"],
            "may": ["cancel", "stop-sharing"],
            "given": "Testina",
            "language": "en",
            "easy_read": False,
            "way": {"channel": "email", "address": "testina@mail.example"},
            "instead": None,
        } | self.person
        if told["way"] and told["way"]["channel"] not in by:
            told |= {"way": None, "instead": "by-team"}
        if request.path.partition("?")[0].endswith("/hears"):
            nobody = told["stops"] or told["instead"] == "nothing"
            hears = "nobody" if nobody else "message" if told["way"] else "team"
            return 200, {"hears": hears}
        return 200, told

    def _attendance(self, request: Request, task: str, day: list[str]) -> tuple[int, Any]:
        """The register of one request, as the real service keeps it."""
        marks = self.marks.setdefault(task, {})
        if not day:
            days = [{"day": on, "mark": marks[on][-1]["mark"]} for on in sorted(marks)]
            return 200, {"days": days}
        made = [{name: request.json[name] for name in ("mark", "key")}]
        held = marks.setdefault(day[0], [])
        before = [each for each in held if each["key"] != made[0]["key"]]
        held[:] = held if len(before) < len(held) else [*held, *made]
        before_it = before[-1]["mark"] if before else None
        return 200, {"day": day[0], "mark": made[0]["mark"], "before": before_it}

    def asked(self, step: str) -> list[Request]:
        return [each for each in self.requests if each.path.endswith(step)]

    @staticmethod
    def _new(task: str) -> dict[str, Any]:
        return {
            "task": task,
            "status": "requested",
            "business_status": "awaiting-answer",
            "service": {"id": str(SERVICE), "name": "Clay on Canal Street"},
            "need": {"codes": ["loneliness"], "text": "Would like company"},
            "when": "Tuesday afternoons",
            "where": "Sowerby Bridge",
            "access_needs": ["step-free entrance"],
            "priority": "routine",
            "answerable": True,
            "identity_available": True,
        }


@dataclass
class House:
    """The service, its workers called by hand, and what it sent."""

    engine: Engine
    settings: NotificationsSettings
    maildir: Path
    verifier: "Tokens"
    wake: Wake = field(default_factory=Wake)

    def __post_init__(self) -> None:
        self.keys = Keys(self.settings.link_key)
        self.teller = Teller(Outbox("kersey/notifications", self.wake))
        self.endpoints = Endpoints(limits(self.settings), self.wake)
        self.team = TeamHears(
            Outbox("kersey/notifications", self.wake), grace=timedelta(minutes=10), wake=Wake()
        )
        self._consume = {
            CASES: ConsumingOnce(
                self.engine,
                CASES.consumer,
                InTurn(
                    CaseEvents(Wake(), grace=timedelta(minutes=10)),
                    PersonEvents(Wake(), self.settings.hours),
                    VisitEvents(Wake(), self.settings.hours),
                ),
            ),
            DIRECTORY: ConsumingOnce(
                self.engine,
                DIRECTORY.consumer,
                InTurn(
                    directory.Listings(channels(self.settings, self.engine)),
                    Pacing(ZoneInfo(self.settings.timezone), Wake()),
                ),
            ),
            LISTINGS: ConsumingOnce(self.engine, LISTINGS.consumer, ListingEvents(Wake())),
        }
        self.app: FastAPI = create_app(
            self.settings,
            engine=self.engine,
            verifier=self.verifier,
        )
        declare_hubs(
            self.engine,
            {"calder": HUB, "aire": OTHER_HUB},
            {PROVIDER: "calder", TEAM: "calder"},
        )

    def happens(self, event: Event, *, sequence: int = 1, replay: bool = False) -> Envelope:
        envelope = Envelope(
            id=uuid4(),
            source="kersey/referrals",
            time=datetime.now(UTC),
            sequence=Sequence(sequence),
            data=event,
            replay=replay,
        )
        self.consume(envelope)
        return envelope

    def consume(self, envelope: Envelope) -> None:
        for subscription, handler in self._consume.items():
            if envelope.type in subscription.types:
                handler(parse(envelope.to_json()))

    def ask(self, **ids: Any) -> ReferralRequested:
        event = requested(**ids)
        self.happens(event)
        return event

    def contact(self, **values: Any) -> UUID:
        filled: dict[str, Any] = {
            "id": uuid4(), "party": str(PROVIDER), "role": Role.REQUESTS.value,
            "means": EMAIL.means, "address": "desk@clay.example.org",
            "source": Source.HUB.value, "label": "Front desk",
        } | values  # fmt: skip
        with UnitOfWork(self.engine) as uow:
            uow.session.add(Contact(**filled))
            uow.commit()
        key: UUID = filled["id"]
        return key

    def webhook(self, url: str, secret: str, **values: Any) -> UUID:
        return self.contact(
            means=WEBHOOK.means,
            address=url,
            sealed_secret=self.keys.seal(secret),
            **values,
        )

    def worker(self, **changes: Any) -> DeliveryWorker:
        sender = Sender(self.engine, channels(self.settings, self.engine), self.keys, self.settings)
        parts: dict[str, Any] = {
            "name": "notifications.deliveries",
            "engine": self.engine,
            "tables": deliveries,
            "send": sender,
            "rest": sender.rest,
            "schedule": schedule,
            "wake": Wake(),
            "on_delivered": self.teller.and_then(self.endpoints.delivered),
            "on_failed": self.teller.failed,
            "judged": self.endpoints.judged,
            "lock_first": self.teller.lock_first,
        }
        return DeliveryWorker(**(parts | changes))

    def send(self) -> int:
        return self.worker().deliver_due()

    def of_the_day(self, by_means: Mapping[str, Channel]) -> DigestSender:
        mutes = MuteLinks(self.keys, self.settings.public_url)
        return DigestSender(self.engine, by_means, mutes, ZoneInfo(self.settings.timezone))

    def send_digests(self, **changes: Any) -> int:
        digests = Digests(self.teller)
        return self.worker(
            name="notifications.digests",
            tables=digest_deliveries,
            on_delivered=digests.delivered,
            on_failed=digests.failed,
            judged=digests.judged,
            lock_first=digests.lock_first,
            **({"send": self.of_the_day(channels(self.settings, self.engine))} | changes),
        ).deliver_due()

    def send_to_persons(self, persons: Persons) -> int:
        worker = self.worker(
            name="notifications.person-messages",
            tables=person_deliveries,
            send=person_sender(self.settings, self.engine, persons),
            on_delivered=self.team.delivered,
            on_failed=self.team.failed,
            judged=self.team.judged,
            lock_first=self.team.lock_first,
        )
        return worker.deliver_due()

    def send_about_listings(self) -> int:
        worker = self.worker(
            name="notifications.listing-messages",
            tables=listing_deliveries,
            send=ListingSender(
                self.engine, mail(self.settings), self.keys, self.settings.public_url
            ),
            on_delivered=ListingTeller(Outbox("kersey/notifications", self.wake)).delivered,
            on_failed=lambda *_: None,
            judged=lambda uow, delivery, met: met,
            lock_first=lambda *_: None,
        )
        return worker.deliver_due()

    def send_about_contacts(self) -> int:
        worker = DeliveryWorker(
            name="notifications.contact-messages",
            engine=self.engine,
            tables=contact_deliveries,
            send=ReachSender(self.engine, mail(self.settings), days=5),
            schedule=schedule,
            wake=Wake(),
        )
        return worker.deliver_due()

    def about_listings(self, *columns: str) -> list[tuple[Any, ...]]:
        row = listing_deliveries.delivery.c
        wanted = [row[name] for name in columns or ("address", "kind", "state")]
        with self.engine.connect() as connection:
            found = connection.execute(select(*wanted).order_by(row.position))
            return [tuple(each) for each in found]

    def rows(self, *columns: str, **where: Any) -> list[Any]:
        wanted = [delivery.c[name] for name in columns or ("channel", "kind", "state")]
        found = select(*wanted).order_by(delivery.c.position)
        for name, value in where.items():
            found = found.where(delivery.c[name] == value)
        with self.engine.connect() as connection:
            return [row[0] if len(row) == 1 else tuple(row) for row in connection.execute(found)]

    def attempts(self) -> list[tuple[int, str | None, str | None]]:
        found = select(attempt.c.number, attempt.c.outcome, attempt.c.code)
        with self.engine.connect() as connection:
            rows = connection.execute(found.order_by(attempt.c.started, attempt.c.number))
            return [tuple(row) for row in rows]

    def told(self) -> list[Event]:
        """The events that notifications itself emitted, in order."""
        with self.engine.connect() as connection:
            found = connection.execute(select(outbox.c.envelope).order_by(outbox.c.position))
            return [parse(envelope).data for envelope in found.scalars()]

    def mails(self) -> list[EmailMessage]:
        """The mails in the sink, in the order in which they were put there."""
        files = sorted(
            (self.maildir / "new").glob("*"), key=lambda each: (each.stat().st_mtime_ns, each.name)
        )
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(each.read_bytes()) for each in files]

    def links(self) -> list[str]:
        """The hashes of the answer links that were made."""
        with self.engine.connect() as connection:
            return list(connection.execute(text("select hash from answer_link")).scalars())

    def pass_time(self, words: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                update(delivery).values(due=delivery.c.due - text(f"interval '{words}'"))
            )

    def scalar(self, statement: str, **values: Any) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(statement), values).scalar_one()

    def execute(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)


class Tokens(TokenVerifier):
    """Takes a principal's name for its token; verification itself is tested elsewhere."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    def verified_recently(self, token: str) -> bool:
        return False

    def verify(self, token: str) -> Principal:
        if token not in self.principals:
            raise Unauthenticated("invalid")
        return self.principals[token]

    def add(
        self, name: str, *, roles: str = "", scopes: str = "", organisation: UUID | None = None
    ) -> dict[str, str]:
        self.principals[name] = Principal(
            subject=name,
            client_id=name,
            organisation=str(organisation or uuid4()),
            roles=frozenset(roles.split()),
            scopes=frozenset(scopes.split()),
        )
        return {"authorization": f"Bearer {name}"}


def requested(**ids: Any) -> ReferralRequested:
    filled = {
        "case": uuid4(), "task": uuid4(), "service_request": uuid4(),
        "service": SERVICE, "provider": PROVIDER, "team": TEAM,
    } | ids  # fmt: skip
    return ReferralRequested(**filled)


@pytest.fixture
def engine(database: Callable[..., str]) -> Iterator[Engine]:
    made = create_engine(
        database("notifications", partial(migrate, "notifications")),
        pool_size=10,
        application_name="test",
    )
    yield made
    made.dispose()


@pytest.fixture
def referrals() -> Iterator[Referrals]:
    sink = Referrals()
    yield sink
    sink.close()


@pytest.fixture
def receiver() -> Iterator[HttpSink]:
    sink = HttpSink()
    yield sink
    sink.close()


def notify_that_is_away() -> dict[str, Any]:
    """Settings with which texts and letters can be sent, were there somebody to take them."""
    return {
        "notify_key": SecretStr(demo_stand_in().key),
        "notify_url": "http://127.0.0.1:9",
        "notify_sms_template": SMS_TEMPLATE,
        "notify_letter_template": LETTER_TEMPLATE,
    }


@pytest.fixture
def settings(tmp_path: Path, referrals: Referrals) -> NotificationsSettings:
    return NotificationsSettings(
        environment="test",
        public_url="https://kersey.example.org",
        database_url=SecretStr("postgresql://unused"),
        link_key=SecretStr("k" * 40),
        maildir=tmp_path / "mail",
        mail_from="kersey@hub.example.org",
        referrals_url=referrals.url,
        providers_url=referrals.url,
        token_url=f"{referrals.url}/identity/token",
        client_id="notifications",
        client_secret=SecretStr("secret"),
        **notify_that_is_away(),
    )


@pytest.fixture
def house(engine: Engine, settings: NotificationsSettings) -> House:
    return House(engine, settings, settings.maildir, Tokens())


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with serving(house.app) as url, httpx.Client(base_url=url, timeout=30) as http:
        yield http
