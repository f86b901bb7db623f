"""The pages with the real issuer, behind one address as in every deployment, and trial pages."""

import base64
import re
from asyncio import sleep
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Engine, select

from deploy.dispatch import AllInOne
from deploy.service_clients import sign_in_client
from services.identity.app import create_app as create_issuer
from services.identity.clients import load_clients
from services.identity.settings import IdentitySettings
from services.portal.answer_links import Refusal
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from services.portal.sign_in.doorkeeper import form_of, signed_in
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.staff.place import back_to
from services.portal.tables import web_session
from shared.migrate import migrate
from tests.identity.conftest import engine_for, listening, prepare, settings_for
from tests.identity.conftest import serving as served_at
from tests.identity.people import Person, add_person, fields
from tests.infrastructure.postgres import NewDatabase

SECRET = "s" * 40
KEY = base64.urlsafe_b64encode(b"p" * 32).decode()
COOKIE = "kersey_session"

trial = APIRouter()


@trial.get("/trial/who")
async def who(who: SignedIn = Depends(signed_in)) -> dict[str, Any]:
    """A page of the staff that only says who asks."""
    return {"account": who.granted.account, "access": who.granted.access, "key": who.key}


@trial.post("/trial/note")
async def note(request: Request, who: SignedIn = Depends(signed_in)) -> dict[str, Any]:
    """One that takes a form."""
    form = await form_of(request, who)
    return {"words": form["words"]}


DONE: list[str] = []


@trial.post("/trial/deed")
async def deed(request: Request, who: SignedIn = Depends(signed_in)) -> Response:
    """One that does something, leads on to another page, and now and then fails."""
    form = await form_of(request, who)
    words = str(form["words"])
    DONE.append(words)
    await sleep(0.3)
    if words == "broken" and DONE.count(words) == 1:
        raise Refusal(503)
    return back_to(f"/trial/who?done={DONE.count(words)}")


BROKEN: set[str] = set()
"""Parts behind the pages that are away just now; `quicker`: somebody else was."""
CASE = "5b0d5e6e-6b6f-4b8e-9a57-0c5f6c1f0a11"
NOTED: list[Any] = []


def _answers(part: str, body: object) -> Response:
    if "quicker" in BROKEN:
        told = {"title": "Not possible", "detail": "This Task has ended", "element": "Task.status"}
        return JSONResponse(told, 409)
    return JSONResponse({"title": "away"}, 503) if part in BROKEN else JSONResponse(body)


ROW: dict[str, Any] = {
    "case": CASE,
    "patient": CASE,
    "service_request": CASE,
    "practice": None,
    "source": "self",
    "team": None,
    "created": "2026-03-02T10:00:00Z",
    "open": True,
    "allocated_to": None,
    "complexity": None,
    "visits_with_care": False,
    "due": None,
    "overdue": False,
    "worried": False,
    "days_left": None,
    "agreement_ends": None,
    "agreement_ending": False,
    "urgent": False,
    "reached": False,
    "state": "triage-accepted",
    "provider_state": None,
    "delivery_state": None,
    "gp_to_do": False,
    "opened": False,
    "since": "2026-03-02T10:00:00Z",
}
"""A case on a list; `tests/referrals/test_worklist.py` holds it to what referrals say."""


WORKER = "0b8f5e8c-6f0e-4d43-8a43-1c0f6a7a5c11"
PAGE: dict[str, Any] = {
    "case": {
        "id": CASE,
        "service_request": CASE,
        "patient": CASE,
        "practice": None,
        "practice_name": None,
        "priority": "routine",
        "source": "self",
        "front_door": None,
        "stops": [],
        "created": "2026-03-02T10:00:00Z",
        "tasks": [
            {
                "id": CASE,
                "kind": "triage",
                "status": "accepted",
                "business_status": "triage-accepted",
                "first_visit": None,
            }
        ],
        "moves": [],
        "attempts": [],
        "activities": [],
        "attendance": [],
        "last_words": {},
        "identity_views": [],
        "emergencies": [],
        "worries": [],
        "allocated_to": WORKER,
        "signposts": [],
        "waiting": [],
        "gp_messages": [],
        "possible": [],
    },
    "request": {"resourceType": "ServiceRequest", "id": CASE},
    "patient": {"resourceType": "Patient", "id": CASE, "name": [{"text": "Kath Feather"}]},
    "record": None,
    "plan": None,
}
"""A page of it; `tests/referrals/test_case_page.py` holds it to what referrals say."""


@trial.get("/referrals/cases/{case}/page")
def page(case: str) -> Response:
    """What referrals would say of the case, in one answer."""
    return _answers("referrals", PAGE)


@trial.get("/notifications/deliveries")
def deliveries() -> Response:
    """What notifications would say: nobody was told anything."""
    return _answers("notifications", {"deliveries": [], "to_person": []})


@trial.get("/referrals/cases")
def cases() -> Response:
    """What referrals would say of a team's list: one case."""
    return _answers("referrals", [ROW])


@trial.get("/referrals/worklist")
def worklist() -> Response:
    """A page of it, with how many there are."""
    return _answers(
        "referrals",
        {"cases": [ROW], "load": {"open": 1, "states": {}, "waiting": {}, "emergencies": 0}},
    )


@trial.post("/referrals/cases/{case}/contacts")
async def contacts(case: str, request: Request) -> Response:
    """A contact is noted."""
    if not BROKEN:
        NOTED.append(await request.json())
    return _answers("referrals", {"case": case})


@trial.post("/referrals/cases/{case}/gp-worries")
def worries(case: str) -> Response:
    """The practice is told."""
    return _answers("referrals", {"case": case})


@trial.get("/notifications/notices/stream", response_class=EventSourceResponse)
async def notices(
    authorization: Annotated[str, Header()], last_event_id: Annotated[str, Header()] = ""
) -> AsyncIterator[ServerSentEvent]:
    """What notifications would say: here what they were asked."""
    asked = {"seen": last_event_id, "token": authorization}
    yield ServerSentEvent(event="unread", id="7-2", data=asked)


@trial.get("/fhir/ServiceRequest")
def requests() -> Response:
    """What was asked for: nobody has a name here."""
    return _answers("fhir", {"resourceType": "Bundle"})


@dataclass
class Pages:
    """The issuer and the pages, and a browser without scripts in front of them."""

    url: str
    issuer: Engine
    issuer_settings: IdentitySettings
    engine: Engine
    portal: FastAPI
    stack: ExitStack
    ahead: timedelta = field(default_factory=timedelta)

    @property
    def sessions(self) -> Sessions:
        found: Sessions = self.portal.state.sessions
        return found

    def browser(self) -> httpx.Client:
        return self.stack.enter_context(httpx.Client(base_url=self.url, timeout=60))

    def person(self, *role: str) -> Person:
        return add_person(self.issuer, self.issuer_settings, *(role or ("link-worker",)))

    def answer_first(self, router: APIRouter) -> None:
        """Have what a module puts in the place of services answer before what all others put."""
        routes = self.portal.router.routes
        before = list(routes)
        self.portal.include_router(router)
        routes[:] = [*routes[len(before) :], *before]

    def come(self, http: httpx.Client, person: Person, at: str = "/trial/who") -> httpx.Response:
        """Ask for a page, sign in as its redirects say, and get the page."""
        page = led(http, http.get(at))
        page = led(http, send(http, page, email=person.email, password=person.password))
        page = led(http, send(http, page, code=person.code()))
        assert COOKIE in http.cookies, page.text
        return page

    def rows(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(web_session)))


def led(http: httpx.Client, answer: httpx.Response) -> httpx.Response:
    while answer.is_redirect:
        answer = http.get(answer.headers["location"])
    return answer


def send(http: httpx.Client, page: httpx.Response, **given: str) -> httpx.Response:
    """Send the form of a page: the first one behind what every page begins with."""
    main = page.text.partition("<main")[2]
    action = re.search(r'<form[^>]* action="([^"]+)"', main)
    assert action, page.text
    return http.post(action[1], data=fields(main) | given)


@pytest.fixture(scope="module", name="pages")
def with_pages(
    module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pages]:
    with ExitStack() as stack:
        at = stack.enter_context(listening())
        url = f"http://127.0.0.1:{at.getsockname()[1]}"
        issuer_url = module_database("identity", prepare)
        issuer = stack.enter_context(engine_for(issuer_url))
        engine = stack.enter_context(
            engine_for(module_database("portal", partial(migrate, "portal")))
        )
        maildir = tmp_path_factory.mktemp("mail") / "box"
        settings = settings_for(issuer_url, public_url=url, maildir=maildir)
        load_clients(issuer, [sign_in_client(SECRET, url)])
        app = create_app(
            PortalSettings(
                environment="test",
                public_url=url,
                database_url="postgresql://not-used",
                sign_in_client_secret=SECRET,
                session_key=KEY,
            ),
            engine=engine,
            static=Path("/nowhere"),
        )
        app.include_router(trial)
        # The pages' own routes are tried in order: those of this test come first.
        app.router.routes.sort(key=lambda route: getattr(route, "path", "") not in TRIED)
        both = AllInOne(
            {"identity": create_issuer(settings, engine=issuer), "portal": app},
            {"/identity": "identity", "/": "portal"},
        )
        stack.enter_context(served_at(both, at))  # type: ignore[arg-type]
        made = Pages(url, issuer, settings, engine, app, stack)
        now = app.state.sessions._clock
        app.state.sessions._clock = lambda: now() + made.ahead
        app.state.issuer._clock = lambda: now() + made.ahead
        yield made


TRIED = frozenset(route.path for route in trial.routes)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def at_the_right_time(pages: Pages) -> Iterator[None]:
    yield
    pages.ahead = timedelta()
    BROKEN.clear()
