"""The provider's side in a real browser: the link in the mail, the pages, no account."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from rich.console import Console

from deploy.demo.journey import Journey
from deploy.demo.link import CODE, LINK, ByLink
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SMALLEST = {"width": 320, "height": 640}


class ByBrowser(ByLink):
    """Answers as `ByLink` does, but by what a person sees and clicks."""

    def __init__(self, journey: Journey, mails: Path, page: Page) -> None:
        super().__init__(journey, mails)
        self._tab = page

    def accept(self) -> None:
        self._tab.goto(self.awaited(LINK))
        assert urlsplit(self._tab.url).path == "/answer", "the token is gone from the address"
        self._tab.get_by_label("Yes, they can come").check()
        self._tab.get_by_role("button", name="Send my answer").click()
        expect(self._tab.get_by_role("heading", level=1)).to_have_text("You said yes")

    def identity(self) -> str:
        self._tab.get_by_role("button", name="Send me a code").click()
        self._tab.get_by_label("Code", exact=True).fill(self.awaited(CODE))
        self._tab.get_by_role("button", name="See who it is").click()
        agreed = self._journey.agreed()["name"]
        expect(self._tab.get_by_text(agreed).first).to_be_visible()
        return agreed

    def progress(self, action: str) -> None:
        self._tab.goto(f"{self._journey.url}/answer")
        if action == "attend":
            self._note_who_came()
            return
        words = {"start": "They have started", "complete": "They have finished"}
        self._tab.get_by_label(words[action]).check()
        self._fill_today("On which day?")
        self._tab.get_by_role("button", name="Save", exact=True).click()
        expect(self._tab.get_by_role("status").first).to_be_visible()

    def _note_who_came(self) -> None:
        """A day is noted, by a slip as missed, and put right: it is one day all the time."""
        self._tab.get_by_label("Did not come", exact=True).check()
        self._fill_today("Which day was it?")
        self._tab.get_by_role("button", name="Note the day").click()
        expect(self._tab.get_by_role("status").first).to_contain_text("We have noted that")
        self._tab.get_by_role("button", name="Correct it: they came").click()
        expect(self._tab.get_by_role("status").first).to_contain_text("takes the place")
        expect(self._tab.get_by_role("button", name="Correct it")).to_have_count(1)

    def _fill_today(self, asked: str) -> None:
        import time

        today = time.localtime()
        day = self._tab.get_by_role("group", name=asked, exact=True)
        day.get_by_label("Day").fill(str(today.tm_mday))
        day.get_by_label("Month").fill(str(today.tm_mon))
        day.get_by_label("Year").fill(str(today.tm_year))


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def page(request: pytest.FixtureRequest, chromium_path: Path) -> Iterator[Page]:
    """A tab on the smallest phone, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        context = browser.new_context(viewport=SMALLEST, java_script_enabled=request.param)  # type: ignore[arg-type]
        yield context.new_page()
        browser.close()


def test_a_provider_answers_on_a_small_phone(running: Running, page: Page) -> None:
    complaints: list[str] = []
    hosts: set[str | None] = set()
    wide: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: hosts.add(urlsplit(sent.url).hostname))
    page.on("load", lambda loaded: wide.extend(_wider_than_the_screen(loaded)))

    Journey(
        Console(file=StringIO()),
        running.url,
        bundle=None,
        answering=lambda journey: ByBrowser(journey, running.folder / "mail", page),
        listen=False,
    ).play()

    assert hosts == {"127.0.0.1"}
    assert complaints == []
    assert wide == []


def _wider_than_the_screen(page: Page) -> list[str]:
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"{page.url} is {width} wide"] if width > SMALLEST["width"] else []
