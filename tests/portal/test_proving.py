"""Proving anew who one is: only then has a token what opens a case in an emergency."""

import base64
import json
from typing import Any

import httpx

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    led,
    send,
    with_pages,
)

PROVE = "/sign-in?back=/trial/who&prove=true"


def claims(http: httpx.Client) -> dict[str, Any]:
    body = http.get("/trial/who").json()["access"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return found


def test_whoever_is_signed_in_is_asked_for_both_factors_again(pages: Pages):
    http, person = pages.browser(), pages.person("duty-lead")
    pages.come(http, person)
    before = claims(http)
    assert "cases.break-glass" not in before["scope"].split(), "no everyday token has it"
    assert led(http, http.get("/sign-in?back=/trial/who")).url.path == "/trial/who", "still there"

    page = led(http, http.get(PROVE))
    assert 'type="password"' in page.text
    page = led(http, send(http, page, email=person.email, password=person.password))
    led(http, send(http, page, code=person.code()))
    after = claims(http)
    assert "cases.break-glass" in after["scope"].split()
    assert after["auth_time"] >= before["auth_time"]
    assert "mfa" in after["amr"]
    assert after["sub"] == before["sub"]


def test_it_gives_nobody_what_their_role_has_not(pages: Pages):
    http, person = pages.browser(), pages.person("hub-coordinator")
    page = led(http, http.get(PROVE))
    page = led(http, send(http, page, email=person.email, password=person.password))
    led(http, send(http, page, code=person.code()))
    assert "cases.break-glass" not in claims(http)["scope"].split()


def test_the_page_of_another_host_is_not_where_it_leads(pages: Pages):
    http, person = pages.browser(), pages.person("duty-lead")
    page = led(http, http.get("/sign-in?back=//evil.example/&prove=true"))
    page = led(http, send(http, page, email=person.email, password=person.password))
    page = led(http, send(http, page, code=person.code()))
    assert page.url.host == "127.0.0.1"
    assert http.get("/sign-in?prove=perhaps").status_code == 404
