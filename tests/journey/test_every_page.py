"""Every page that a case offers opens, in each state of the demo, for each who works on it."""

import html
import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest

from deploy.demo.accounts import PEOPLE
from tests.infrastructure.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BY_ROLE = {each.role: each for each in PEOPLE}
LISTS = ("all", "new", "unrouted", "ended", "gp", "opened", "answer")


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

    def cases(self) -> set[str]:
        """The cases on any of the lists."""
        found: set[str] = set()
        for show in LISTS:
            page = self.get(f"/cases?show={show}")
            assert page.status_code == 200, show
            found |= set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', page.text))
        return found


@pytest.fixture
def http(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=60) as made:
        yield made


@pytest.mark.parametrize("role", ["team-lead", "hub-coordinator"])
def test_every_page_that_a_case_offers_opens(http: httpx.Client, role: str) -> None:
    visitor = Visitor(http, role)
    assert visitor.first.url.path == "/cases"
    cases = visitor.cases()
    assert len(cases) >= 10, "the demo has cases in every state"
    broken = []
    for case in cases:
        page = visitor.get(case)
        assert page.status_code == 200
        assert "cannot be shown just now" not in page.text
        for link in set(re.findall(rf'href="({case}/[^"]+)"', page.text)):
            opened = visitor.get(link)
            if opened.status_code != 200:
                broken.append((link, opened.status_code))
    assert broken == []


@pytest.mark.parametrize("role", ["commissioner", "researcher", "administrator", "care-navigator"])
def test_whoever_works_on_no_case_sees_none(http: httpx.Client, role: str) -> None:
    visitor = Visitor(http, role)
    assert "There are no pages for your role yet" in visitor.first.text
    assert visitor.get("/cases").status_code == 403
    assert visitor.get("/requests").status_code == 403
