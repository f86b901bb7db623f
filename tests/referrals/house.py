"""The referrals service on a database of its own, its clients, and short words for what they do."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from joserfc import jwk, jwt
from pydantic import SecretStr
from sqlalchemy import Engine, text

from deploy.demo.bundle import referral_bundle
from deploy.demo.clients import CLIENTS, PROVIDER, PROVIDER_2
from deploy.demo.consortium import PRACTICES, declaration, hub_of
from deploy.demo.people import DemoPerson, people
from services.referrals import deadlines
from services.referrals.app import create_app, desk_of
from services.referrals.desk import Desk
from services.referrals.handlers.consortium import load_consortium
from services.referrals.handlers.listings import take_listing
from services.referrals.settings import ReferralsSettings
from shared.auth import TokenVerifier
from shared.database import create_engine
from shared.messaging.events import (
    Envelope,
    Event,
    ProviderPublished,
    ServicePublished,
    ServiceWithdrawn,
    parse,
)
from shared.messaging.events import (
    Sequence as Numbered,
)
from shared.migrate import migrate
from shared.worker import Wake
from tests.infrastructure.within import within

URL = "http://kersey.test"
SERVICE = UUID("51000000-0000-4000-8000-000000000001")
SERVICE_2 = UUID("51000000-0000-4000-8000-000000000002")
SERVICE_3 = UUID("51000000-0000-4000-8000-000000000003")
SIGNPOST = UUID("51000000-0000-4000-8000-000000000004")
WITHDRAWN = UUID("51000000-0000-4000-8000-000000000005")
PROVIDER_3 = UUID("51000000-0000-4000-8000-00000000000b")

TEAM = hub_of("bradford").team
TEAM_2 = hub_of("calderdale").team
HUB = hub_of("bradford").organisation

SHARED = {"name": "Kath Feather", "phone": "07700 900111"}
"""What the person agrees to share, unless a test says otherwise."""

Json = dict[str, Any]


class Keys:
    """The issuer's keys, known without asking anybody."""

    def __init__(self) -> None:
        self.signing = jwk.ECKey.generate_key("P-256", {"kid": "tests", "alg": "ES256"})

    def keys(self, *, fresh: bool) -> jwk.KeySet:
        return jwk.KeySet([self.signing])


KEYS = Keys()


@dataclass(frozen=True)
class Who:
    """What a token says of its holder."""

    client_id: str
    organisation: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    account: str = ""
    """Of the person who acts for it; none where it acts by itself."""
    proved: int = 0
    """Minutes since the person proved who they are; see `auth_time`."""
    methods: tuple[str, ...] = ("pwd", "otp", "mfa")
    called: str = ""


def _known() -> dict[str, Who]:
    demo = {
        name: Who(each.client_id, str(each.organisation), each.roles, each.scopes)
        for name, each in CLIENTS.items()
    }
    worker, provider, hub = demo["link-worker"], demo["provider"], demo["coordinator"]
    return demo | {
        "link-worker-2": replace(worker, client_id="worker-2", organisation=str(TEAM_2)),
        "provider-3": replace(provider, client_id="provider-3", organisation=str(PROVIDER_3)),
        "coordinator-2": replace(
            hub, client_id="hub-2", organisation=str(hub_of("calderdale").organisation)
        ),
        "duty-lead": Who(
            "pages",
            hub.organisation,
            ("duty-lead",),
            ("cases.break-glass",),
            account=str(uuid4()),
            called="Bev Thackray",
        ),
        "navigator": Who(
            "pages",
            demo["ehr"].organisation,
            ("care-navigator", "referral-sender"),
            ("referrals.practice",),
            account=str(uuid4()),
            called="Carol Firth",
        ),
        "researcher": Who("pages", str(uuid4()), ("researcher", "analyst"), ("figures.read",)),
        "front-door": Who("front-door", str(uuid4()), ("service",), ("referrals.front-door",)),
        "notifications": Who("notifications", str(uuid4()), ("service",), ("referrals.requests",)),
        "person-messages": Who(
            "notifications", str(uuid4()), ("service",), ("referrals.person-messages",)
        ),
    }


WHO = _known()


def token(who: Who) -> str:
    """An access token as the issuer would sign it; of this minute, because a run takes longer than
    a token lives, and than a proof of who somebody is counts."""
    return _signed(who, int(time.time()) // 60)


@lru_cache(maxsize=1000)
def _signed(who: Who, minute: int) -> str:
    now = minute * 60
    claims = {
        "iss": f"{URL}/identity",
        "aud": "kersey",
        "sub": who.account or who.client_id,
        "client_id": who.client_id,
        "iat": now,
        "exp": now + 3600,
        "scope": " ".join(who.scopes),
        "organisation": who.organisation,
        "roles": list(who.roles),
    }
    if who.account:
        claims |= {"auth_time": now - who.proved * 60, "amr": list(who.methods)}
        claims |= {"name": who.called} if who.called else {}
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "tests"}, claims, KEYS.signing)


def settings_for(database_url: str, **more: Any) -> ReferralsSettings:
    """Settings of the service for tests."""
    values: Json = {
        "environment": "test",
        "public_url": URL,
        "database_url": SecretStr(database_url),
        "paging_key": SecretStr("a key for the tests' pages"),
        "pool_size": 30,
    }
    return ReferralsSettings(**(values | more))


def prepare(database_url: str) -> None:
    """Schema, consortium and five listed services: the state that every test starts from."""
    migrate("referrals", database_url)
    engine = create_engine(database_url, pool_size=2, application_name="prepare")
    desk = desk_of(settings_for(database_url), engine, Wake())
    load_consortium(desk, declaration())
    for provider, name in (
        (PROVIDER, "Saltaire Slow Stitch"),
        (PROVIDER_2, "Manningham Sitar House"),
        (PROVIDER_3, "Shipley Glen Striders"),
    ):
        hear(desk, ProviderPublished(provider=provider, listing={"name": name}))
    for service, provider, listing in (
        (SERVICE, PROVIDER, {"name": "Sunday stitching", "kersey": {"tier": 2}}),
        (SERVICE_2, PROVIDER_2, {"name": "Sitar for beginners", "kersey": {"tier": 2}}),
        (SERVICE_3, PROVIDER_3, {"name": "Walks on the glen"}),
        (SIGNPOST, PROVIDER, {"name": "Open door café", "kersey": {"tier": 1}}),
        (WITHDRAWN, PROVIDER, {"name": "Winter coats", "kersey": {"tier": 2}}),
    ):
        hear(desk, ServicePublished(service=service, provider=provider, listing=listing))
    gone: Json = {"name": "Winter coats", "kersey": {"tier": 2}}
    hear(desk, ServiceWithdrawn(service=WITHDRAWN, provider=PROVIDER, listing=gone), sequence=2)
    engine.dispose()


def hear(desk: Desk, event: Event, *, sequence: int = 1, replay: bool = False) -> None:
    """The directory says something, or says it again."""
    envelope = Envelope(
        id=uuid4(),
        source="kersey/providers",
        time=datetime.now(UTC),
        sequence=Numbered(sequence),
        data=event,
        replay=replay,
    )
    with desk.work() as uow:
        take_listing(desk, uow, envelope)
        uow.session.flush()
        uow.commit()


def a_person(number: int = 1, practice: str = "ZZK01", **changes: Any) -> DemoPerson:
    """One of the demo's people, registered at a practice."""
    found = next(each for each in PRACTICES if each.ods_code == practice)
    return replace(people(number)[number - 1], practice=found, **changes)


def a_bundle(
    reference: str | None = None, *, number: int = 1, practice: str = "ZZK01", **how: Any
) -> Json:
    """The example referral of one of the demo's people."""
    person = how.pop("person", None) or a_person(number, practice)
    authored = datetime(2026, 6, 1, 9, tzinfo=UTC)
    return referral_bundle(person, reference or str(uuid4()), authored, **how)


class Caller:
    """One client's calls; every answer is checked against the status that the test expects."""

    def __init__(self, http: httpx.Client, who: Who) -> None:
        self._http = http
        self.who = who

    def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call, and take whatever is answered."""
        headers = {"Authorization": f"Bearer {token(self.who)}"} | arguments.pop("headers", {})
        answer: httpx.Response = self._http.request(method, path, headers=headers, **arguments)
        return answer

    def call(self, method: str, path: str, *, status: int | None = None, **arguments: Any) -> Any:
        """Call, and expect success, or `status`."""
        answer = self.send(method, path, **arguments)
        right = answer.status_code == status if status else answer.is_success
        assert right, f"{method} {path}: {answer.status_code} {answer.text[:1500]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **arguments: Any) -> Any:
        return self.call("GET", path, **arguments)

    def post(self, path: str, body: Any = None, **arguments: Any) -> Any:
        return self.call("POST", path, json=body, **arguments)

    def put(self, path: str, body: Any, **arguments: Any) -> Any:
        return self.call("PUT", path, json=body, **arguments)

    def patch(self, path: str, *operations: Json, **arguments: Any) -> Any:
        kind = {"Content-Type": "application/json-patch+json"} | arguments.pop("headers", {})
        return self.call("PATCH", path, json=list(operations), headers=kind, **arguments)


def replaced(path: str, value: Any) -> Json:
    """One operation of a JSON Patch."""
    return {"op": "replace", "path": path, "value": value}


@dataclass(frozen=True)
class Referral:
    """What came of a Bundle that was sent."""

    request: str
    patient: str
    answer: Json
    case: str
    triage: str

    @property
    def at(self) -> str:
        """Where the case API has it."""
        return f"/referrals/cases/{self.case}"


@dataclass
class House:
    """The running service and those who use it."""

    engine: Engine
    settings: ReferralsSettings
    app: FastAPI
    http: httpx.Client
    desk: Desk
    callers: dict[Who, Caller] = field(default_factory=dict)

    def by(self, name: str, **changes: Any) -> Caller:
        """One of `WHO`, perhaps with another role or scope."""
        who = replace(WHO[name], **changes)
        return self.callers.setdefault(who, Caller(self.http, who))

    @property
    def ehr(self) -> Caller:
        return self.by("ehr")

    @property
    def worker(self) -> Caller:
        return self.by("link-worker")

    @property
    def provider(self) -> Caller:
        return self.by("provider")

    # --- the loop, step by step -------------------------------------------------------------------

    def refer(self, bundle: Json | None = None, *, by: str = "ehr", **how: Any) -> Referral:
        """Send a referral."""
        answer = self.by(by).post("/fhir", bundle or a_bundle(**how))
        located = [each["response"]["location"].split("/fhir/")[1] for each in answer["entry"]]
        ids = {each.split("/")[0]: each.split("/")[1] for each in located}
        request = ids["ServiceRequest"]
        case, triage = self.row(
            "select c.id, t.id from referral_case c join case_task t on t.case = c.id"
            " where c.service_request = :request and t.kind = 'triage'",
            request=request,
        )
        return Referral(request, ids.get("Patient", ""), answer, str(case), triage)

    def taken_on(self, **how: Any) -> Referral:
        """A referral whose person said yes."""
        referral = self.refer(**how)
        self.worker.post(f"{referral.at}/accept")
        self.worker.post(f"{referral.at}/person-accepts")
        return referral

    def ask(self, referral: Referral, service: UUID = SERVICE, **more: Any) -> str:
        """Ask a service for a place; the id of the provider's Task."""
        asked = self.worker.post(f"{referral.at}/requests", wish(service, **more))
        return str(asked["task"])

    def asked(self, service: UUID = SERVICE, **more: Any) -> tuple[Referral, str]:
        """A referral for which a provider is being asked."""
        referral = self.taken_on()
        return referral, self.ask(referral, service, **more)

    def accepted(self, service: UUID = SERVICE, **more: Any) -> tuple[Referral, str]:
        """A referral that the provider accepted."""
        referral, task = self.asked(service, **more)
        self.answer(task, "accept")
        return referral, task

    def answer(self, task: str, decision: str, *, by: str = "provider", **more: Any) -> Any:
        """The provider answers."""
        body = {"decision": decision} | {k: v for k, v in more.items() if k != "status"}
        return self.by(by).post(
            f"/referrals/requests/{task}/answer", body, status=more.get("status")
        )

    def progress(self, task: str, action: str, *, by: str = "provider", **more: Any) -> Any:
        """What came of it."""
        body = {"action": action} | {k: v for k, v in more.items() if k != "status"}
        return self.by(by).post(
            f"/referrals/requests/{task}/progress", body, status=more.get("status")
        )

    def withdraw(self, referral: Referral) -> None:
        """The sender revokes its request."""
        self.ehr.patch(f"/fhir/ServiceRequest/{referral.request}", replaced("/status", "revoked"))

    # --- what is so now ---------------------------------------------------------------------------

    def state(self, task: str) -> str:
        """A Task's status/businessStatus, as the document says that its readers get."""
        row, told = self.row(
            "select t.status || '/' || t.business, (d.body::json->>'status') || '/' ||"
            " (d.body::json#>>'{businessStatus,coding,0,code}')"
            " from case_task t join document d on d.type = 'Task' and d.id = t.id"
            " where t.id = :id",
            id=task,
        )
        assert told == row, "row and document differ"
        found: str = told
        return found

    def events(self, after: int = 0) -> list[Event]:
        """What the outbox holds, in order, from the given count on."""
        found = self.rows("select envelope from outbox order by position")
        return [parse(row[0]).data for row in found][after:]

    def told(self, after: int = 0) -> list[str]:
        """The short names of those events."""
        names = [event.type for event in self.events(after)]
        return [name.removeprefix("kersey.").removesuffix(".v1") for name in names]

    def everything(self) -> Json:
        """Counts and states of all that a refused step must leave alone.

        That somebody was refused is written as well, but later and by a thread of its own.
        """
        return {
            "documents": self.rows("select type, id, version from document order by pk"),
            "versions": self.scalar("select count(*) from document_version"),
            "tasks": self.rows("select id, status, business, note from case_task order by id"),
            "cases": self.rows("select id, version, outcome from referral_case order by key"),
            "events": self.scalar("select count(*) from outbox"),
            "readers": self.rows("select * from document_reader order by 1, 2, 3"),
            "worklist": self.rows("select * from worklist order by 1"),
            "audit": self.scalar(
                "select count(*) from audit_entry where action not like 'refused-%'"
            ),
        }

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing at all may change in this block."""
        before = self.everything()
        yield
        assert self.everything() == before

    def pass_days(self, days: int) -> None:
        """Let what was asked be older, and be planned as what was asked then."""
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "update case_task set created = created - :time, updated = updated - :time,"
                    " silent_from = null, closes = null"
                ),
                {"time": timedelta(days=days)},
            )
            connection.execute(
                text("update triage_told set told = told - :time"), {"time": timedelta(days=days)}
            )
        deadlines.fill(self.desk)

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def row(self, statement: str, **values: Any) -> tuple[Any, ...]:
        found = self.rows(statement, **values)
        assert len(found) == 1, f"{len(found)} rows"
        return found[0]

    def scalar(self, statement: str, **values: Any) -> Any:
        return self.row(statement, **values)[0]

    def execute(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)


def wish(service: UUID = SERVICE, **more: Any) -> Json:
    """The body of a request to a provider."""
    return {
        "service": str(service),
        "needs": [{"code": "loneliness", "display": "Loneliness"}],
        "text": "A friendly face at the first visit would help.",
        "when": "Sunday afternoons",
        "where": "Saltaire",
        "access_needs": ["step-free"],
        "share": SHARED,
    } | more


@contextmanager
def house_at(database_url: str, **settings: Any) -> Iterator[House]:
    """The service on a database that `prepare` made ready."""
    compose = _composed.__wrapped__ if settings else _composed
    chosen, engine, app = compose(database_url, **settings)
    try:
        with within(app, URL) as http:
            yield House(engine, chosen, app, http, desk_of(chosen, engine, Wake()))
    finally:
        engine.dispose()


@lru_cache(maxsize=2)
def _composed(database_url: str, **settings: Any) -> tuple[ReferralsSettings, Engine, FastAPI]:
    """The app, kept for the next test on a database with the same URL: composing takes long."""
    chosen = settings_for(database_url, **settings)
    engine = create_engine(
        database_url,
        pool_size=chosen.pool_size,
        application_name="tests",
        statement_seconds=settings.get("statement_seconds"),
    )
    verifier = TokenVerifier(chosen, KEYS)
    return chosen, engine, create_app(chosen, engine=engine, verifier=verifier)


def warnings(issues: Sequence[Json]) -> list[tuple[str, list[str]]]:
    """The severities and elements of an OperationOutcome's issues."""
    return [(each["severity"], each.get("expression", [])) for each in issues]
