"""Whoever signs in can go everywhere that their pages lead to, and back, on the smallest screen."""

import html
import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from deploy.demo.accounts import PEOPLE
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

LINKS = re.compile(r'<a [^>]*href="([^"#][^"]*)"')
BACK = re.compile(r'<nav [^>]*aria-label="Main"|class="nhsuk-back-link"|href="/home"|href="/"')


def kind_of(path: str) -> str:
    """What a page is, whatever it is about."""
    named = re.sub(r"[0-9a-f-]{36}|\d{4}-(\d\d-\d\d|q\d)", "*", urlsplit(path).path)
    return re.sub(r"^(/refer/|/take-down/).+", r"\1*", named)


def links_of(page: httpx.Response) -> list[str]:
    """The addresses of this Kersey that a page leads to, in its order."""
    at = str(page.url)
    found = (urlsplit(urljoin(at, html.unescape(each))) for each in LINKS.findall(page.text))
    ours = (each for each in found if each.netloc == urlsplit(at).netloc)
    return list(dict.fromkeys(f"{each.path}?{each.query}".rstrip("?") for each in ours))


def crawled(visitor: Visitor) -> tuple[list[str], list[str]]:
    """The pages that somebody comes to, one of each kind, and what is wrong with any of them."""
    kinds: dict[str, int] = {}
    shown: list[str] = []
    wrong: list[str] = []
    seen = {"/home"}
    ring = ["/home"]
    for depth in range(DEEPEST + 1):
        further: list[str] = []
        for path in ring:
            kind = kind_of(path)
            if kinds.get(kind, 0) >= OF_ONE_KIND:
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
def signed_in(request: pytest.FixtureRequest, running: Running) -> Callable[[str], Visitor]:
    def visitor(role: str) -> Visitor:
        if role in KNOWN:
            known: Visitor = request.getfixturevalue(KNOWN[role])
            return known
        http = httpx.Client(base_url=running.url, timeout=120)
        request.addfinalizer(http.close)
        return Visitor(http, role, judging=False)

    return visitor


@pytest.mark.parametrize("role", [each.role for each in PEOPLE])
def test_every_link_leads_on_and_every_page_leads_back_and_fits(
    running: Running, browser: Browser, signed_in: Callable[[str], Visitor], role: str
) -> None:
    """No page is missing or broken; each is whole for eyes, keyboard and screen reader."""
    visitor = signed_in(role)
    shown, wrong = crawled(visitor)
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
