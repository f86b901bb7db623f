"""Every page that a case offers opens, in each state of the demo, for each who works on it."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def http(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=60) as made:
        yield made


@pytest.fixture(params=["team-lead", "hub-coordinator"])
def visitor(request: pytest.FixtureRequest, http: httpx.Client) -> Visitor:
    """Somebody who works on cases; a code is good once, so there is one coordinator for all."""
    if request.param == "hub-coordinator":
        coordinator: Visitor = request.getfixturevalue("coordinator")
        return coordinator
    return Visitor(http, request.param)


def test_every_page_that_a_case_offers_opens(visitor: Visitor) -> None:
    cases = visitor.cases()
    assert len(cases) >= 10, "the demo has cases in every state"
    if visitor.role == "hub-coordinator":
        called = [re.search(r"<h1>(.*?)</h1>", visitor.get(case).text) for case in cases]
        names = [found[1] for found in called if found]
        assert len(names) == len(set(names)) == len(cases), "nobody tells two of them apart"
    broken = []
    for case in cases:
        page = visitor.get(case)
        story = page.text.partition("What happened</h2>")[2].partition("<h2")[0]
        days = re.findall(r"<li>(\d{1,2} \w+ \d{4})[,:]", story)
        assert days == sorted(days, key=lambda day: time.strptime(day, "%d %B %Y")), case
        assert page.status_code == 200
        assert "cannot be shown just now" not in page.text
        for link in set(re.findall(rf'href="({case}/[^"]+)"', page.text)):
            opened = visitor.get(link)
            if opened.status_code != 200:
                broken.append((link, opened.status_code))
            elif opened.headers["content-type"].startswith("text/html"):
                check_page(Page(opened))
        check_page(Page(page))
    assert broken == []
    assert visitor.get("/cases/team").status_code == 200
    lead = visitor.role == "team-lead"
    assert ("Give them" in visitor.get("/cases/team").text) == lead
    assert any("<polyline" in visitor.get(case).text for case in cases) == lead, "shown to the team"


FIRST_PAGES = {
    "care-navigator": "/our-referrals",
    "administrator": "/people",
    "organisation-administrator": "/people",
    "commissioner": "/figures",
    "researcher": "/figures",
    "lived-experience-partner": "/what-there-is",
}
"""Where each begins who works on no case."""


@pytest.mark.parametrize("role", FIRST_PAGES)
def test_whoever_works_on_no_case_sees_none(request: pytest.FixtureRequest, role: str) -> None:
    named = {"organisation-administrator": "chief"}.get(role, role.rpartition("-")[2])
    visitor: Visitor = request.getfixturevalue(named)
    assert visitor.get("/home").url.path == FIRST_PAGES[role]
    nowhere = visitor.get("/nowhere")
    assert nowhere.status_code == 404
    assert 'href="/home"' in nowhere.text
    others = set(FIRST_PAGES.values()) - {FIRST_PAGES[role]}
    for page in ("/cases", "/requests", "/hub", "/emergency", "/take-down", *others):
        assert visitor.get(page).status_code == 403, page


@pytest.mark.parametrize("whose", FIRST_PAGES)
def test_whoever_works_on_cases_has_none_of_the_pages_of_others(
    manager: Visitor, coordinator: Visitor, whose: str
) -> None:
    for visitor in (manager, coordinator):
        assert visitor.get(FIRST_PAGES[whose]).status_code == 403, visitor.role


def test_every_page_of_a_provider_opens_on_the_smallest_phone(
    running: Running, browser: Browser, manager: Visitor
) -> None:
    """From the links of its first page on, as far as they lead; axe, the width and the console."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies(manager.cookies)
    tab = Watched(context.new_page(), 320, scripts=True)
    seen: set[str] = set()
    kinds: set[str] = set()
    waiting = ["/requests"]
    while waiting:
        path = waiting.pop(0)
        # Of the pages of one kind two are enough.
        kind = re.sub(r"[0-9a-f-]{36}|\d{4}-\d\d-\d\d", "*", path.partition("?after=")[0])
        if path in seen or (kind in kinds and any(kind + "#" == each for each in kinds)):
            continue
        kinds.add(kind + "#" if kind in kinds else kind)
        seen.add(path)
        opened = tab.page.goto(running.url + path)
        assert opened is not None
        assert opened.status == 200, path
        tab.judged()
        links = tab.page.locator("main a[href^='/'], nav a[href^='/']").evaluate_all(
            "found => found.map(each => each.getAttribute('href'))"
        )
        waiting += [each for each in links if each not in seen]
    context.close()
    assert tab.found == []
    assert kinds >= PROVIDER_PAGES


PROVIDER_PAGES = {
    "/announcements",
    "/requests",
    "/requests/walk-in",
    "/requests/*",
    "/requests/*/messages",
    "/registers",
    "/registers/*",
    "/registers/*/*",
    "/closing-days/*",
    "/notices",
    "/services",
    "/services/*",
    "/services/*/capacity",
    "/services/*/listing",
    "/what-we-did",
    "/how-we-are-asked",
    "/how-we-are-asked/*",
    "/how-we-are-asked/quiet-hours",
}
"""What the demo's provider can come to by links: a page without anything to show is not seen."""
