"""Somebody of the demo who is signed in, without a browser: pages read and forms sent."""

import html
import re

import httpx
import pyotp

from deploy.demo.accounts import PEOPLE

BY_ROLE = {each.role: each for each in PEOPLE}


class Visitor:
    """A browser without scripts in which somebody of the demo is signed in."""

    def __init__(self, http: httpx.Client, role: str) -> None:
        self.http = http
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

    def send(self, path: str, **given: str) -> httpx.Response:
        """Send a form of this session to an address, whether or not there is such a form."""
        key = re.search(r'name="key" value="([^"]*)"', self.first.text)
        assert key
        answer = self.http.post(path, data={"key": html.unescape(key[1])} | given)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    def cookies(self, url: str) -> list[dict[str, str]]:
        """What a browser has that is signed in as well, as Playwright takes it."""
        return [
            {"name": each.name, "value": each.value or "", "url": url}
            for each in self.http.cookies.jar
        ]
