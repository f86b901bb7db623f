"""The provider's side in a real browser: the link in the mail, the pages, no account."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright
from rich.console import Console

from deploy.demo.journey import Journey
from deploy.demo.link import CODE, LINK, ByLink
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.running import Running
from tests.journey.pages import Watched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SMALLEST = {"width": 320, "height": 640}


class ByBrowser(ByLink):
    """Answers as `ByLink` does, but by what a person sees and clicks."""

    def __init__(self, journey: Journey, mails: Path, watched: Watched) -> None:
        super().__init__(journey, mails)
        self._watched = watched
        self._tab = watched.page

    def accept(self) -> None:
        self._tab.goto(self.awaited(LINK))
        assert urlsplit(self._tab.url).path == "/answer", "the token is gone from the address"
        self._watched.judged()
        self._press("Send my answer")
        expect(self._tab.get_by_role("alert")).to_contain_text("Choose yes, waiting list or no")
        self._tab.get_by_label("Yes, they can come").check()
        self._press("Send my answer")
        expect(self._tab.get_by_role("heading", level=1)).to_have_text("You said yes")

    def identity(self) -> str:
        self._press("Send me a code")
        self._tab.get_by_label("Code", exact=True).fill(self.awaited(CODE))
        self._press("See who it is")
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
        self._press("Save")
        expect(self._tab.get_by_role("status").first).to_be_visible()

    def _note_who_came(self) -> None:
        """A day is noted, by a slip as missed, and put right: it is one day all the time."""
        self._tab.get_by_label("Did not come", exact=True).check()
        self._fill_today("Which day was it?")
        self._press("Note the day")
        expect(self._tab.get_by_role("status").first).to_contain_text("We have noted that")
        self._tab.get_by_role("button", name="Correct it: they came").click()
        expect(self._tab.get_by_role("status").first).to_contain_text("takes the place")
        expect(self._tab.get_by_role("button", name="Correct it")).to_have_count(1)

    def _press(self, name: str) -> None:
        self._watched.click("button", name)

    def _fill_today(self, asked: str) -> None:
        import time

        today = time.localtime()
        day = self._tab.get_by_role("group", name=asked, exact=True)
        day.get_by_label("Day").fill(str(today.tm_mday))
        day.get_by_label("Month").fill(str(today.tm_mon))
        day.get_by_label("Year").fill(str(today.tm_year))


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def watched(request: pytest.FixtureRequest, chromium_path: Path) -> Iterator[Watched]:
    """A tab on the smallest phone, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        scripts: bool = request.param
        context = browser.new_context(viewport=SMALLEST, java_script_enabled=scripts)  # type: ignore[arg-type]
        yield Watched(context.new_page(), SMALLEST["width"], scripts=scripts)
        browser.close()


def test_a_provider_answers_on_a_small_phone(running: Running, watched: Watched) -> None:
    Journey(
        Console(file=StringIO()),
        running.url,
        bundle=None,
        answering=lambda journey: ByBrowser(journey, running.folder / "mail", watched),
        listen=False,
    ).play()
    assert watched.found == []
