"""The front door in a real browser: phone and desktop, with scripts and without."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from services.portal import assets
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.serving import serving
from tests.portal.door import KATH, Through
from tests.referrals.house import House, house_at, prepare

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def referring(module_database: NewDatabase) -> Iterator[House]:
    with house_at(module_database("referrals", prepare)) as made:
        yield made


@pytest.fixture(scope="module")
def at(referring: House) -> Iterator[str]:
    made = (assets.STATIC / "portal.css").is_file()
    assert made, "the style sheet is not made: make services/portal/static/.made"
    settings = PortalSettings(
        environment="test",
        database_url="postgresql://not-used",
        front_door_seconds=0,
        front_door_rate="",
    )
    app = create_app(settings, referrals=Through(referring.by("front-door")))
    with serving(app) as url:
        yield url


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        browser.close()


class Watched:
    """A tab whose complaints, hosts and too wide pages are written down."""

    def __init__(self, page: Page, width: int) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str | None] = set()
        self._width = width
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda sent: self.hosts.add(urlsplit(sent.url).hostname))

    def measure(self) -> None:
        """Note it where the page is wider than the screen."""
        self.page.wait_for_load_state()
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self._width:
            self.complaints.append(f"{self.page.url} is {wide} wide")

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()
        self.measure()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).click()
        self.measure()


@pytest.fixture(
    params=[(PHONE, True), (PHONE, False), (DESKTOP, True), (DESKTOP, False)],
    ids=["phone", "phone, no scripts", "desktop", "desktop, no scripts"],
)
def tab(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Watched]:
    size, scripts = request.param
    context = chromium.new_context(viewport=size, java_script_enabled=scripts)
    yield Watched(context.new_page(), size["width"])
    context.close()


def fill_in(page: Page) -> None:
    for label, value in (
        ("What would you like help with?", KATH["words"]),
        ("First name", KATH["given"]),
        ("Last name", KATH["family"]),
        ("Day", KATH["day"]),
        ("Month", KATH["month"]),
        ("Year", KATH["year"]),
        ("Phone number", KATH["phone"]),
        ("Is there anyone who must not know?", KATH["keep_from"]),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Feeling lonely").check()
    page.get_by_role("group", name="Is it safe to ring this number?").get_by_label(
        "Yes", exact=True
    ).check()
    page.get_by_label("Large print").check()
    page.get_by_label("GP practice (if you like)").select_option(label="Thornbeck Surgery")


def test_from_the_start_page_to_the_receipt(tab: Watched, at: str, referring: House) -> None:
    page, before = tab.page, referring.scalar("select count(*) from referral_case")
    page.goto(at)
    tab.measure()
    tab.follow("Bradford place hub")
    crisis = page.get_by_text("116 123").bounding_box()
    rest = page.get_by_role("heading", name="Who it is for").bounding_box()
    assert crisis is not None
    assert rest is not None
    assert crisis["y"] < rest["y"]
    tab.follow("I want help for myself")
    decoy = page.locator(".kersey-decoy").bounding_box()
    assert decoy is not None
    assert (decoy["width"], decoy["height"]) == (1, 1)
    fill_in(page)
    tab.press("Check your answers")

    summary = page.get_by_role("alert")
    assert "Tick the box if you agree" in summary.inner_text()
    summary.get_by_role("link", name="Tick the box if you agree").click()
    assert page.get_by_label("First name").input_value() == KATH["given"]
    page.get_by_label("I agree that a link worker reads this").check()
    tab.press("Check your answers")
    assert tab.heading().endswith("Check your answers")

    tab.press("Change my answers")
    page.get_by_label("Last name", exact=True).fill("Feather-Lees")
    tab.press("Check your answers")
    expect(page.get_by_text("Kath Feather-Lees")).to_be_visible()
    page.get_by_role("button", name="Send").dblclick()
    # Not `wait_for_url`, which fails where the second press takes the place of the first's answer.
    expect(page).to_have_url(re.compile("/received/"))
    page.wait_for_load_state()
    tab.measure()
    assert tab.heading().startswith("We have it")
    # What was typed stays in no cache, for whoever sits at this computer next.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()

    assert referring.scalar("select count(*) from referral_case") == before + 1
    assert tab.hosts == {"127.0.0.1"}
    # Chromium says in the console that a form came back with its faults; nothing else.
    assert [each for each in tab.complaints if "422" not in each] == []


def test_the_form_and_the_receipt_print(tab: Watched, at: str) -> None:
    tab.page.goto(f"{at}/practice/ZZK01")
    tab.page.emulate_media(media="print")
    assert not tab.page.get_by_role("button", name="Check your answers").is_visible()
    assert tab.page.get_by_label("Where you work").input_value() == "Thornbeck Surgery"
    assert not tab.page.get_by_text("Skip to main content").is_visible()
