"""A tab of a browser whose every page is looked at, and tokens beside it."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.infrastructure.axe import violations
from tests.infrastructure.outline import outline_faults
from tests.infrastructure.running import Running
from tests.markup.html_validate import faults


def token_of(running: Running, client: str) -> str:
    """An access token of a demo client."""
    return running.kersey("token", "--as", client, "--url", running.url).stdout.strip()


expect.set_options(timeout=60_000)
"""Milliseconds in which a page shows what is expected, on a machine that is busy with others."""


_OURS = """() => {
  const page = document.documentElement.cloneNode(true);
  const map = page.querySelector("#map");
  map?.replaceChildren();
  map?.removeAttribute("style");
  return `<!DOCTYPE html>${page.outerHTML}`;
}"""
"""The page as it stands, without what Leaflet draws: that markup is not ours."""


class Watched:
    """A tab whose every page is looked at."""

    def __init__(self, page: Page, width: int, *, scripts: bool) -> None:
        self.page = page
        self.found: list[str] = []
        self.scripts = scripts
        self._width = width
        page.on("console", lambda message: self._said(message.text))
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("request", lambda sent: self._host(sent.url))
        page.on("load", lambda _: self.look())

    def _said(self, words: str) -> None:
        # A page that answers a form with something wrong in it has such a status.
        if "the server responded with a status of 4" not in words:
            self.found.append(words)

    def _host(self, url: str) -> None:
        if urlsplit(url).hostname not in ("127.0.0.1", None):
            self.found.append(f"asks another host: {url}")

    def look(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self._width:
            self.found.append(f"{self.page.url} is {wide} wide")

    def judged(self) -> None:
        """What html-validate says of the page as it stands; and axe and `outline_faults`, which
        need scripts."""
        self.found += [f"{self.page.url}: {each}" for each in faults(self.page.evaluate(_OURS))]
        if self.scripts:
            said = [*violations(self.page), *outline_faults(self.page)]
            self.found += [f"{self.page.url}: {each}" for each in said]

    def click(self, role: Any, name: str) -> None:
        """Click what leads to another page, and look at that."""
        with self.page.expect_navigation(timeout=60_000):
            self.page.get_by_role(role, name=name, exact=True).first.click()
        self.judged()

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)
