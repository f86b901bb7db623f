"""A browser without scripts, in which somebody of the demo is signed in."""

import html
import re
import time
from typing import Any

import httpx
import pyotp

from deploy.demo.accounts import PEOPLE
from tests.markup.html_validate import faults

BY_ROLE = {each.role: each for each in PEOPLE}
STEP = 30
"""Seconds for which a code of an app stands."""

LISTS = ("all", "new", "unrouted", "ended", "gp", "opened", "answer")


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page, or of a part of it; of several by one name the last one's."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


class Visitor:
    """Somebody of the demo before the pages.

    Args:
        http: calls a running Kersey.
        role: whose account; a code is good once, so that each signs in once in a run.
        judging: whether html-validate looks at every page.
    """

    def __init__(self, http: httpx.Client, role: str, *, judging: bool = True) -> None:
        self.http = http
        self._judging = judging
        self.role = role
        who = BY_ROLE[role]
        page = self.get("/sign-in")
        page = self.fill(page, email=who.email, password=who.password)
        first = self.fill(page, code=pyotp.TOTP(who.secret).now())
        while "it was used already" in first.text:  # by whoever signed in as the same person
            time.sleep(STEP - time.time() % STEP)
            first = self.fill(first, code=pyotp.TOTP(who.secret).now())
        self.first = first

    def get(self, path: str) -> httpx.Response:
        answer = self.http.get(path)
        while answer.is_redirect:
            answer = self.http.get(answer.headers["location"])
        return self._judged(answer)

    def fill(self, page: httpx.Response, **given: str) -> httpx.Response:
        """Send the form of a page, the first behind what every page begins with; where it leads."""
        main = page.text.partition("<main")[2]
        action = re.search(r'<form[^>]* action="([^"]+)"', main)
        assert action, page.text
        answer = self.http.post(action[1], data=hidden(main) | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else self._judged(answer)

    def _judged(self, page: httpx.Response) -> httpx.Response:
        if self._judging and page.headers.get("content-type", "").startswith("text/html"):
            assert faults(page.text) == [], page.url
        return page

    def cases(self) -> set[str]:
        """The cases on any of the lists."""
        found: set[str] = set()
        for show in LISTS:
            page = self.get(f"/cases?show={show}")
            assert page.status_code == 200, show
            found |= set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', page.text))
        return found

    def send(self, path: str, action: str, **given: Any) -> httpx.Response:
        """Send the form of a page, with what stands in its hidden fields.

        Args:
            path: of the page.
            action: of the form on it.
            given: what is typed or chosen.
        """
        page = self.get(path)
        form = page.text.partition(f'action="{action}"')[2].partition("</form>")[0]
        kept = hidden(form)
        assert kept, page.text
        answer = self.http.post(action, data=kept | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    def force(self, path: str, **given: str) -> httpx.Response:
        """Send a form of this session to an address, whether or not there is such a form."""
        answer = self.http.post(path, data={"key": self.key} | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    @property
    def key(self) -> str:
        """The key of this session's forms; whoever proved who they are has a new one."""
        return hidden(self.get("/home").text)["key"]

    @property
    def cookies(self) -> Any:
        """What a browser needs to be signed in as them."""
        url = str(self.http.base_url)
        return [
            {"name": each.name, "value": each.value, "url": url} for each in self.http.cookies.jar
        ]
