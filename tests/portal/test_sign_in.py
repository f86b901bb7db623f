"""Signing in to the pages with the real issuer, behind one address as in every deployment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import update

from deploy.service_clients import SIGN_IN
from services.identity.people.accounts import disable
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from services.portal.sign_in.doorkeeper import local
from services.portal.tables import web_session
from shared.database import UnitOfWork
from tests.identity.conftest import listening
from tests.identity.conftest import serving as served_at
from tests.identity.people import fields
from tests.portal.signing_in import COOKIE, Pages, at_the_right_time, led, send, with_pages  # noqa: F401


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
    page = led(attacker, attacker.get("/trial/who"))
    person = pages.person()
    page = led(attacker, send(attacker, page, email=person.email, password=person.password))
    answer = send(attacker, page, code=person.code())
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
    led(http, http.get("/sign-in?back=/trial/who"))
    assert http.cookies[COOKIE] != before
    http.cookies.set(COOKIE, before)
    assert pages.sessions.of(before) is None


def test_signing_out_ends_it_here_and_at_the_issuer(pages: Pages):
    person, http = pages.person(), pages.browser()
    key = pages.come(http, person).json()["key"]
    before = http.cookies[COOKIE]
    page = led(http, http.post("/sign-out", data={"key": key}))
    assert urlsplit(str(page.url)).path == "/signed-out"
    assert "You are signed out" in page.text
    assert pages.sessions.of(before) is None
    asked = led(http, http.get("/trial/who"))
    assert asked.url.path == "/identity/authorize", "the issuer asks for the password again"


def of_issuer(http: httpx.Client, action: str) -> httpx.Response:
    """Press a button on the issuer's page of one's own sign-ins."""
    page = http.get("/identity/account").text.partition("<main")[2]
    return led(http, http.post(f"/identity/account/{action}", data=fields(page)))


def test_who_signs_out_everywhere_is_out_of_every_browser_at_the_next_click(pages: Pages):
    person, other = pages.person(), pages.person()
    first, second, third = pages.browser(), pages.browser(), pages.browser()
    for http, whose in ((first, person), (second, person), (third, other)):
        pages.come(http, whose)
    page = of_issuer(first, "sign-out-everywhere")
    assert "You are signed out" in page.text
    for http in (first, second):
        assert led(http, http.get("/trial/who")).url.path == "/identity/authorize"
    assert third.get("/trial/who").status_code == 200, "nobody else is"


def test_who_signs_out_of_one_browser_at_the_issuer_is_out_of_its_pages(pages: Pages):
    person, first, second = pages.person(), pages.browser(), pages.browser()
    for http in (first, second):
        pages.come(http, person)
    assert "You are signed out" in of_issuer(first, "sign-out").text
    assert led(first, first.get("/trial/who")).url.path == "/identity/authorize"
    assert second.get("/trial/who").status_code == 200, "it goes on with renewed tokens"


def test_whom_an_administrator_signs_out_is_out_at_the_next_click(pages: Pages):
    person, theirs, http = pages.person(), pages.browser(), pages.browser()
    pages.come(theirs, person)
    page = pages.come(http, pages.person("administrator"), f"/people/{person.id}")
    key = fields(page.text.partition("<main")[2])["key"]
    done = http.post(f"/people/{person.id}/sign-out", data={"key": key})
    assert done.headers["location"].endswith("?done=sign-out"), done.text
    assert led(theirs, theirs.get("/trial/who")).url.path == "/identity/authorize"


def test_that_page_ends_nothing_that_the_issuer_did_not_end(pages: Pages):
    http = pages.browser()
    pages.come(http, pages.person())
    assert http.get("/signed-out").status_code == 200
    assert http.get("/trial/who").status_code == 200


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


def test_without_the_issuer_the_page_says_that_the_sign_in_cannot_be_reached(tmp_path: Path):
    app = create_app(
        PortalSettings(environment="test", database_url="postgresql://not-used", session_key=""),
        static=tmp_path,
    )
    with listening() as at, served_at(app, at):
        page = httpx.get(f"http://127.0.0.1:{at.getsockname()[1]}/sign-in", timeout=30)
    assert page.status_code == 503
    assert "The sign-in cannot be reached" in page.text
