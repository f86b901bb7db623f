"""A browser without scripts, in which somebody of the demo is signed in."""

import html
import re
from typing import Any

import httpx
import pyotp

from deploy.demo.accounts import PEOPLE

BY_ROLE = {each.role: each for each in PEOPLE}
LISTS = ("all", "new", "unrouted", "ended", "gp", "opened", "answer")


class Visitor:
    """Somebody of the demo before the pages.

    Args:
        http: calls a running Kersey.
        role: whose account; a code is good once, so that each signs in once in a run.
    """

    def __init__(self, http: httpx.Client, role: str) -> None:
        self.http = http
        self.role = role
        who = BY_ROLE[role]
        page = self.get("/sign-in")
        page = self._send(page, email=who.email, password=who.password)
        self.first = self._send(page, code=pyotp.TOTP(who.secret).now())

    def get(self, path: str) -> httpx.Response:
        answer = self.http.get(path)
        while answer.is_redirect:
            answer = self.http.get(answer.headers["location"])
        return answer

    def _send(self, page: httpx.Response, **given: str) -> httpx.Response:
        main = page.text.partition("<main")[2]
        action = re.search(r'<form[^>]* action="([^"]+)"', main)
        assert action, page.text
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', main)
        kept = {name: html.unescape(value) for name, value in hidden}
        answer = self.http.post(action[1], data=kept | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

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
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        assert hidden, page.text
        kept = {name: html.unescape(value) for name, value in hidden}
        answer = self.http.post(action, data=kept | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    def force(self, path: str, **given: str) -> httpx.Response:
        """Send a form of this session to an address, whether or not there is such a form."""
        key = re.search(r'name="key" value="([^"]*)"', self.first.text)
        assert key
        answer = self.http.post(path, data={"key": html.unescape(key[1])} | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    @property
    def cookies(self) -> Any:
        """What a browser needs to be signed in as them."""
        url = str(self.http.base_url)
        return [
            {"name": each.name, "value": each.value, "url": url} for each in self.http.cookies.jar
        ]
