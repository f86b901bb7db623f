"""Whoever signs in can go everywhere that their pages lead to, and back, on the smallest screen."""

import html
import re
import time
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser

from deploy.demo.accounts import PEOPLE
from deploy.demo.clients import PROVIDER
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

NARROW = 320
"""Of CSS pixels is a screen of 1,280 at 400% (WCAG 1.4.10)."""
DEEPEST = 3
"""Clicks from the first page."""
OF_ONE_KIND = 2
"""Pages that differ only in what they are about: so many are opened."""
ANYBODY = "anybody"
"""The one without an account."""
ROLES = (ANYBODY, *(each.role for each in PEOPLE))
MAILED = ("answer", "visit", "capacity", "no-more")
"""How the addresses begin that our mails lead to."""
MAILED_WITHIN = 120.0
"""Seconds from the start of a demo to its mails."""
KNOWN = {
    "hub-coordinator": "coordinator",
    "organisation-administrator": "chief",
    "provider-manager": "manager",
} | {
    role: role.rpartition("-")[2]
    for role in (
        "administrator", "care-navigator", "commissioner", "lived-experience-partner", "researcher"
    )
}  # fmt: skip
"""Whose sign-in other tests have too: a code is good once."""

ELSEWHERE = {
    "/emergency/find": "tests/journey/test_emergency.py",
    "/emergency/found": "tests/journey/test_emergency.py",
    "/emergency/{opening}": "tests/journey/test_emergency.py",
    "/emergency/cases/{case}": "tests/journey/test_emergency.py",
    "/cases/emergencies/{opening}": "tests/journey/test_emergency.py",
    "/cases/{case}/talked": "tests/journey/test_team_care.py",
    "/cases/{case}/worries/{worry}/{step}": "tests/journey/test_worries.py",
    "/cases/{case}/compare": "tests/journey/test_link_worker.py",
    "/cases/{case}/close/check": "tests/journey/test_link_worker.py",
    "/cases/{case}/ask/{service}/check": "tests/journey/test_link_worker.py",
    "/hub/gaps/{action}": "tests/journey/test_coordinator.py",
    "/hub/reached/{provider}/{contact}": "tests/journey/test_reaching_a_group.py",
}
"""Pages that only a form leads to, or a state that the demo has not; the test that judges each. The
tests before may have made such a state, as they share one Kersey: then it is judged here too."""

USED_UP = {
    "/hub/calls/{call}": "tests/journey/test_coordinator.py",
    "/hub/claims/{claim}": "tests/journey/test_coordinator.py",
    "/hub/matches/{kind}/{match}": "tests/journey/test_coordinator.py",
}
"""Pages of which the demo has one until another test has dealt with it; that test, which judges
it before."""

LINKS = re.compile(r'<a [^>]*href="([^"#][^"]*)"')
BACK = re.compile(r'<nav [^>]*aria-label="Main"|class="nhsuk-back-link"|href="/home"|href="/"')


def kind_of(path: str) -> str:
    """What a page is, whatever it is about."""
    named = re.sub(r"[0-9a-f-]{36}|\d{4}-(\d\d-\d\d|q\d)", "*", urlsplit(path).path)
    named = re.sub(r"^/refer/[^/]+", "/refer/*", named)
    return re.sub(r"^(/refer/\*/|/take-down/).+", r"\1*", named)


def links_of(page: httpx.Response) -> list[str]:
    """The addresses of this Kersey that a page leads to, in its order."""
    at = str(page.url)
    found = (urlsplit(urljoin(at, html.unescape(each))) for each in LINKS.findall(page.text))
    ours = (each for each in found if each.netloc == urlsplit(at).netloc)
    return list(dict.fromkeys(f"{each.path}?{each.query}".rstrip("?") for each in ours))


class Anybody:
    """Somebody without an account, who reads the mails.

    Args:
        http: calls a running Kersey.
        mails: its folder of mails.
    """

    def __init__(self, http: httpx.Client, mails: Path) -> None:
        self._http = http
        self._mails = mails
        self.cookies: list[Any] = []

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path, follow_redirects=True)

    def mailed(self) -> list[str]:
        """One address of each kind that works; looking at one changes nothing."""
        end = time.monotonic() + MAILED_WITHIN
        while True:
            said = "".join(self._texts())
            links = [re.findall(rf"/{kind}/[\w-]+", said) for kind in MAILED]
            works = [next((e for e in found if self.get(e).is_success), "") for found in links]
            if all(works):
                return works
            assert time.monotonic() < end, works
            time.sleep(2)

    def _texts(self) -> Iterator[str]:
        for each in sorted(self._mails.glob("new/*")):
            mail = message_from_bytes(each.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            yield body.get_content() if body else ""


def crawled(visitor: Visitor | Anybody, begin: Sequence[str]) -> tuple[list[str], list[str]]:
    """The pages that somebody comes to, one of each kind, and what is wrong with any of them.

    Args:
        visitor: asks for them.
        begin: where they begin; all of these are opened.
    """
    kinds: dict[str, int] = {}
    shown: list[str] = []
    wrong: list[str] = []
    seen = set(begin)
    ring = list(begin)
    for depth in range(DEEPEST + 1):
        further: list[str] = []
        for path in ring:
            kind = kind_of(path)
            if depth and kinds.get(kind, 0) >= OF_ONE_KIND:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            page = visitor.get(path)
            if page.status_code >= 400:
                wrong.append(f"{path}: {page.status_code}")
            if not page.headers.get("content-type", "").startswith("text/html"):
                continue
            if not BACK.search(page.text):
                wrong.append(f"{path}: no way back")
            if kinds[kind] == 1:
                shown.append(path)
            if depth < DEEPEST:
                further += [each for each in links_of(page) if each not in seen]
                seen.update(further)
        ring = further
    return shown, wrong


@pytest.fixture
def signed_in(
    request: pytest.FixtureRequest, running: Running
) -> Callable[[str], Visitor | Anybody]:
    def visitor(role: str) -> Visitor | Anybody:
        if role in KNOWN:
            known: Visitor = request.getfixturevalue(KNOWN[role])
            return known
        http = httpx.Client(base_url=running.url, timeout=120)
        request.addfinalizer(http.close)
        if role == ANYBODY:
            return Anybody(http, running.folder / "mail")
        return Visitor(http, role, judging=False)

    return visitor


def beginnings(visitor: Visitor | Anybody) -> list[str]:
    """Where somebody begins: on their first page, and where only a form would lead them."""
    if isinstance(visitor, Anybody):
        received = "/refer/bradford/received/KDJ-4F7-X2M"
        known = ["/", "/sign-in", "/signed-out", "/practice/ZZK01", received]
        return [*known, *visitor.mailed(), "/answer", "/visit"]
    begin = ["/home"]
    if visitor.role == "hub-coordinator":
        begin += [f"/hub/sheets/{PROVIDER}"]
    if visitor.role == "provider-manager":
        room, _service = _first(visitor, ["/services"], r'"((/services/[^/"]+)/capacity)"')
        begin += [f"{room}/said"]
    if visitor.role == "team-lead":
        begin += sorted(visitor.cases())
        task, case = _first(visitor, begin, r'"((/cases/[^/]+)/requests/[^/]+)/messages"')
        begin += [f"{task}/renew-agreement", f"{case}/agreement"]
        form, _case = _first(visitor, begin, r'"((/cases/[^/]+)/find)"')
        begin += [urlsplit(str(visitor.fill(visitor.get(form), needs="loneliness").url)).path]
    return begin


def _first(visitor: Visitor, pages: Sequence[str], link: str) -> tuple[str, str]:
    found = (re.search(link, visitor.get(each).text) for each in pages)
    first = next(each for each in found if each)
    return first[1], first[2]


@pytest.fixture(scope="module")
def judged() -> dict[str, list[str]]:
    """The pages that were opened in a browser, by whose they are."""
    return {}


@pytest.mark.parametrize("role", ROLES)
def test_every_link_leads_on_and_every_page_leads_back_and_fits(
    running: Running,
    browser: Browser,
    signed_in: Callable[[str], Visitor | Anybody],
    judged: dict[str, list[str]],
    role: str,
) -> None:
    """No page is missing or broken; each is whole for eyes, keyboard and screen reader."""
    visitor = signed_in(role)
    shown, wrong = crawled(visitor, beginnings(visitor))
    assert wrong == []
    assert len(shown) > 3
    context = browser.new_context(viewport={"width": NARROW, "height": 640})
    context.add_cookies(visitor.cookies)
    tab = Watched(context.new_page(), NARROW, scripts=True)
    for path in shown:
        tab.page.goto(running.url + path)
        tab.judged()
    context.close()
    assert tab.found == []
    judged[role] = shown


def test_no_page_is_forgotten(
    signed_in: Callable[[str], Visitor | Anybody], judged: dict[str, list[str]]
) -> None:
    """A new page is judged above, where a link leads to it, or is named with the test that does."""
    for role in ROLES:
        if role not in judged:  # only some of the tests above ran
            visitor = signed_in(role)
            judged[role], _ = crawled(visitor, beginnings(visitor))
    opened = {urlsplit(each).path for paths in judged.values() for each in paths}
    routes = {route for route in pages() if not _is_among(route, opened)}
    elsewhere = ELSEWHERE | USED_UP
    assert routes - set(elsewhere) == set(), "neither met above nor judged elsewhere"
    assert set(elsewhere) - pages() == set(), "no such page"
    for test in elsewhere.values():
        assert re.search(r"\.judged\(\)|violations\(", Path(test).read_text("utf-8")), test


def _is_among(route: str, opened: set[str]) -> bool:
    like = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)))
    return any(like.fullmatch(each) for each in opened)


def pages() -> set[str]:
    """Every address of a page."""
    settings = PortalSettings(environment="test", database_url="postgresql://not-used")
    routers = [getattr(each, "original_router", None) for each in create_app(settings).routes]
    routes = [each for router in routers if router for each in router.routes]
    found = {
        each.path for each in routes if isinstance(each, APIRoute) and "GET" in (each.methods or ())
    }
    return {each for each in found if not each.endswith((".css", ".csv", "/stream"))} - NO_PAGES


NO_PAGES = {
    "/home", "/signed-in", "/answer/messages/{step}", "/health/live", "/health/ready", "/metrics",
    "/cases/{case}/gp-messages/{message}/letter",
}  # fmt: skip
"""They lead on, are for programs, or are a letter to print."""
