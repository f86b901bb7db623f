"""A page follows how many notices are unread, and that keeps nobody signed in."""

import json
from datetime import timedelta

import httpx
import pytest

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    with_pages,
)

AT = "/notices/stream"


@pytest.fixture
def browser(pages: Pages) -> httpx.Client:
    http = pages.browser()
    pages.come(http, pages.person())
    return http


def told(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)
    assert (lines["event"], lines["id"]) == ("unread", "7-2")
    found: dict[str, str] = json.loads(lines["data"])
    return found


def test_the_stream_is_asked_for_with_the_readers_own_token(browser: httpx.Client):
    assert told(browser.get(AT))["token"].startswith("Bearer ey")


def test_a_browser_that_comes_back_says_what_it_saw_last(browser: httpx.Client):
    assert told(browser.get(AT, headers={"Last-Event-ID": "6-1"}))["seen"] == "6-1"
    assert told(browser.get(AT, params={"after": "5-0"}))["seen"] == "5-0"
    both = browser.get(AT, params={"after": "5-0"}, headers={"Last-Event-ID": "6-1"})
    assert told(both)["seen"] == "6-1"


def test_where_nobody_is_signed_in_a_browser_asks_no_more(pages: Pages):
    answer = pages.browser().get(AT)
    assert (answer.status_code, answer.content) == (204, b"")


def test_following_keeps_nobody_signed_in(pages: Pages, browser: httpx.Client):
    idle = timedelta(minutes=pages.portal.state.settings.session_idle_minutes)
    for part in (0.5, 0.9):
        pages.ahead = idle * part
        assert browser.get(AT).status_code == 200
    pages.ahead = idle * 1.1
    assert browser.get(AT).status_code == 204
    assert browser.get("/trial/who").is_redirect, "signed out, though the page was open"
