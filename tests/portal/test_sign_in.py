"""Signing in to the pages with the real issuer, behind one address as in every deployment."""

import base64
import re
from asyncio import sleep
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy import Engine, select, update

from deploy.dispatch import AllInOne
from deploy.service_clients import SIGN_IN, sign_in_client
from services.identity.app import create_app as create_issuer
from services.identity.clients import load_clients
from services.identity.people.accounts import disable
from services.identity.settings import IdentitySettings
from services.portal.answer_links import Refusal
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from services.portal.sign_in.doorkeeper import form_of, local, signed_in
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.staff.place import back_to
from services.portal.tables import web_session
from shared.database import UnitOfWork
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

    def come(self, http: httpx.Client, person: Person, at: str = "/trial/who") -> httpx.Response:
        """Ask for a page, sign in as its redirects say, and get the page."""
        page = _led(http, http.get(at))
        page = _led(http, _send(http, page, email=person.email, password=person.password))
        return _led(http, _send(http, page, code=person.code()))

    def rows(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(web_session)))


def _led(http: httpx.Client, answer: httpx.Response) -> httpx.Response:
    while answer.is_redirect:
        answer = http.get(answer.headers["location"])
    return answer


def _send(http: httpx.Client, page: httpx.Response, **given: str) -> httpx.Response:
    """Send the form of a page: the first one behind what every page begins with."""
    main = page.text.partition("<main")[2]
    action = re.search(r'<form[^>]* action="([^"]+)"', main)
    assert action, page.text
    return http.post(action[1], data=fields(main) | given)


@pytest.fixture(scope="module")
def pages(
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


TRIED = ("/trial/who", "/trial/note", "/trial/deed")


@pytest.fixture(autouse=True)
def at_the_right_time(pages: Pages) -> Iterator[None]:
    yield
    pages.ahead = timedelta()


def test_somebody_signs_in_and_comes_back_to_the_page_that_was_asked_for(pages: Pages):
    person, http = pages.person(), pages.browser()
    page = pages.come(http, person, "/trial/who?show=new")
    assert page.status_code == 200
    assert str(page.url) == f"{pages.url}/trial/who?show=new"
    assert page.json()["account"] == str(person.id)
    assert "kersey_signing_in" not in http.cookies, "what was kept on the way is gone"


def test_the_cookie_alone_is_the_key_and_the_table_holds_nothing_to_sign_in_with(pages: Pages):
    http = pages.browser()
    told = pages.come(http, pages.person()).json()
    secret = http.cookies[COOKIE]
    kept = repr([tuple(row) for row in pages.rows()])
    assert secret not in kept
    assert told["access"] not in kept
    cookie = next(each for each in http.cookies.jar if each.name == COOKIE)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.path == "/"
    other = pages.browser()
    other.cookies.set(COOKIE, secret + "x")
    assert other.get("/trial/who").status_code == 303


def test_whoever_is_not_signed_in_is_led_to_the_issuer(pages: Pages):
    answer = pages.browser().get("/trial/who")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?back=%2Ftrial%2Fwho",
    )
    led = pages.browser().get("/sign-in")
    asked = httpx.URL(led.headers["location"])
    assert asked.path == "/identity/authorize"
    assert asked.params["client_id"] == SIGN_IN
    assert asked.params["code_challenge_method"] == "S256"
    assert led.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "back",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "javascript:alert(1)",
        "work",
        "/cases\r\nSet-Cookie: a=b",
        "//[",
        "//\u2100/",
        "/" + "a" * 600,
        "",
    ],
)
def test_nobody_is_led_to_another_site_after_signing_in(back: str):
    assert local(back) == "/home"


def test_a_path_of_the_pages_is_kept():
    assert local("/cases/1?show=new") == "/cases/1?show=new"


def test_a_code_that_another_browser_began_to_ask_for_signs_nobody_in(pages: Pages):
    """Login CSRF: an attacker's code must not sign a victim in as the attacker."""
    attacker = pages.browser()
    page = _led(attacker, attacker.get("/trial/who"))
    person = pages.person()
    page = _led(attacker, _send(attacker, page, email=person.email, password=person.password))
    answer = _send(attacker, page, code=person.code())
    while "/signed-in?" not in answer.headers["location"]:
        answer = attacker.get(answer.headers["location"])
    victim = pages.browser()
    victim.get("/sign-in")
    page = victim.get(answer.headers["location"])
    assert page.status_code == 400
    assert COOKIE not in victim.cookies
    assert "Sign in again" in page.text


def test_a_stopped_sign_in_says_so_and_begins_nothing(pages: Pages):
    http = pages.browser()
    led = http.get("/sign-in?back=/trial/who")
    state = httpx.URL(led.headers["location"]).params["state"]
    page = http.get("/signed-in", params={"error": "access_denied", "state": state})
    assert page.status_code == 403
    assert "You are not signed in" in page.text
    assert "/sign-in?back=%2Ftrial%2Fwho" in page.text
    assert COOKIE not in http.cookies
    made_up = http.get("/signed-in", params={"code": "made-up", "state": state})
    assert made_up.status_code == 403


def test_tokens_are_renewed_before_they_end_and_once_for_many_requests(pages: Pages):
    http = pages.browser()
    first = pages.come(http, pages.person()).json()["access"]
    pages.ahead = timedelta(minutes=4, seconds=30)
    secret = http.cookies[COOKIE]
    with ThreadPoolExecutor(8) as several:
        found = list(several.map(lambda _: pages.sessions.of(secret), range(8)))
    assert all(found), "a second use of the refresh token would have ended the sign-in"
    renewed = http.get("/trial/who").json()["access"]
    assert renewed != first
    assert {each.granted.access for each in found if each} <= {first, renewed}


def test_whose_account_is_disabled_is_out_when_the_token_ends(pages: Pages):
    person, http = pages.person(), pages.browser()
    pages.come(http, person)
    with UnitOfWork(pages.issuer) as uow:
        disable(uow, person.id, by="test")
        uow.commit()
    pages.ahead = timedelta(minutes=5)
    assert http.get("/trial/who").status_code == 303
    assert str(person.id) not in [row.account for row in pages.rows()]


@pytest.mark.parametrize(
    ("later", "status"),
    [(timedelta(minutes=29), 200), (timedelta(minutes=31), 303), (timedelta(hours=13), 303)],
)
def test_a_session_ends_when_nobody_uses_it(pages: Pages, later: timedelta, status: int):
    http = pages.browser()
    pages.come(http, pages.person())
    pages.ahead = later
    assert http.get("/trial/who").status_code == status


def test_a_session_ends_after_its_hours_even_if_it_is_used(pages: Pages):
    http = pages.browser()
    pages.come(http, pages.person())
    with pages.engine.begin() as connection:
        row = web_session.c.ends
        connection.execute(update(web_session).values(ends=row - timedelta(hours=11, minutes=59)))
    pages.ahead = timedelta(minutes=2)
    assert http.get("/trial/who").status_code == 303


def test_signing_in_again_in_a_browser_ends_what_was_there_before(pages: Pages):
    person, http = pages.person(), pages.browser()
    pages.come(http, person)
    before = http.cookies[COOKIE]
    _led(http, http.get("/sign-in?back=/trial/who"))
    assert http.cookies[COOKIE] != before
    http.cookies.set(COOKIE, before)
    assert pages.sessions.of(before) is None


def test_signing_out_ends_it_here_and_at_the_issuer(pages: Pages):
    person, http = pages.person(), pages.browser()
    key = pages.come(http, person).json()["key"]
    before = http.cookies[COOKIE]
    page = _led(http, http.post("/sign-out", data={"key": key}))
    assert urlsplit(str(page.url)).path == "/signed-out"
    assert "You are signed out" in page.text
    assert pages.sessions.of(before) is None
    asked = _led(http, http.get("/trial/who"))
    assert asked.url.path == "/identity/authorize", "the issuer asks for the password again"


def test_signing_out_needs_a_form_of_the_pages(pages: Pages):
    http = pages.browser()
    pages.come(http, pages.person())
    assert http.post("/sign-out", data={"key": "made up"}).status_code == 403
    assert http.get("/trial/who").status_code == 200


def test_over_https_the_cookie_of_a_session_is_taken_away_as_browsers_want_it(pages: Pages):
    """They take nothing of a `__Host-` cookie that comes without Secure."""
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    app = pages.portal
    app.state.secure = True
    try:
        gone = http.post(
            "/sign-out",
            data={"key": key},
            headers={"cookie": f"__Host-kersey={http.cookies[COOKIE]}"},
        )
    finally:
        app.state.secure = False
    (cookie,) = gone.headers.get_list("set-cookie")
    assert cookie.startswith('__Host-kersey="";')
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_what_was_typed_is_kept_when_the_sign_in_ended_meanwhile(pages: Pages):
    http, person = pages.browser(), pages.person()
    key = pages.come(http, person).json()["key"]
    pages.ahead = timedelta(hours=13)
    page = http.post("/trial/note", data={"key": key, "words": "rang <b>twice</b>"})
    assert page.status_code == 401
    assert "rang" not in page.text, "who is not signed in cannot read it"
    assert key not in page.text
    page = _send(http, page)
    assert page.status_code == 401, "and it is kept for as long as nobody has signed in"
    pages.ahead = timedelta()
    _led(http, http.get("/sign-in?back=/trial/who"))
    again = _send(http, page)
    assert again.status_code == 409, "a form of another session is shown before it is sent"
    assert "Look at it once more" in again.text
    assert "rang &lt;b&gt;twice&lt;/b&gt;" in again.text
    sent = _send(http, again)
    assert (sent.status_code, sent.json()) == (200, {"words": "rang <b>twice</b>"})


def test_what_somebody_typed_is_not_shown_to_another_who_signs_in_in_that_browser(pages: Pages):
    http, first, second = pages.browser(), pages.person(), pages.person()
    key = pages.come(http, first).json()["key"]
    typed = {"key": key, "words": "not for everybody"}
    pages.ahead = timedelta(hours=13)
    ended = http.post("/trial/note", data=typed)
    pages.ahead = timedelta()
    http.cookies.clear()
    pages.come(http, second)
    for page in (_send(http, ended), http.post("/trial/note", data=typed)):
        assert page.status_code == 403
        assert "This was not sent" in page.text
        assert "not for everybody" not in page.text


@pytest.mark.parametrize("key", ["", "made up", "made.up", "." + "0" * 64])
def test_a_form_of_another_site_is_neither_sent_nor_shown(pages: Pages, key: str):
    forged = {"key": key, "words": "not mine"} if key else {"words": "not mine"}
    stranger = pages.browser().post("/trial/note", data=forged)
    assert "not mine" not in stranger.text
    http = pages.browser()
    pages.come(http, pages.person())
    page = http.post("/trial/note", data=forged)
    assert page.status_code == 403
    assert "not mine" not in page.text


def test_what_was_sealed_is_not_opened_when_it_was_changed(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    changed = {"key": "." + key.partition(".")[2], "sealed": "gAAAAAB-made-up"}
    assert http.post("/trial/note", data=changed).status_code == 403


def test_a_button_that_is_pressed_twice_does_it_once(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "number": "one", "words": "twice"}
    with ThreadPoolExecutor(3) as several:
        answers = list(several.map(lambda _: http.post("/trial/deed", data=form), range(3)))
    assert {each.headers["location"] for each in answers} == {"/trial/who?done=1"}
    assert DONE.count("twice") == 1
    later = http.post("/trial/deed", data=form)
    assert later.headers["location"] == "/trial/who?done=1", "nor is it by going back"
    for other in ({"number": "two"}, {"words": "twice, and more"}):
        assert http.post("/trial/deed", data=form | other).status_code == 303
    assert DONE.count("twice") == 2, "a new form, or other words, are another sending"
    assert DONE.count("twice, and more") == 1


def test_what_failed_may_be_sent_again(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "number": "three", "words": "broken"}
    assert http.post("/trial/deed", data=form).status_code == 503
    assert http.post("/trial/deed", data=form).status_code == 303


@pytest.mark.parametrize("charset", ["unicode_escape", "undefined", "utf-16"])
def test_a_form_in_a_charset_that_is_none_of_ours_is_not_read(pages: Pages, charset: str):
    http = pages.browser()
    pages.come(http, pages.person())
    body = b'--a\r\nContent-Disposition: form-data; name="key"\r\n\r\n\\ud800\r\n--a--\r\n'
    kind = f"multipart/form-data; boundary=a; charset={charset}"
    page = http.post("/trial/note", content=body, headers={"content-type": kind})
    assert page.status_code == 400
    assert "We could not read that" in page.text


def test_without_the_issuer_the_page_says_that_the_sign_in_cannot_be_reached(tmp_path: Path):
    app = create_app(
        PortalSettings(environment="test", database_url="postgresql://not-used", session_key=""),
        static=tmp_path,
    )
    with listening() as at, served_at(app, at):
        page = httpx.get(f"http://127.0.0.1:{at.getsockname()[1]}/sign-in", timeout=30)
    assert page.status_code == 503
    assert "The sign-in cannot be reached" in page.text
