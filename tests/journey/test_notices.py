"""A provider's staff see in their pages what is new, with scripts as it happens and without."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.test_register import expected, worker  # noqa: F401 - fixtures
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def ask_on_the_pages(manager: Visitor) -> None:
    """The manager wants notices on the pages too."""
    form = manager.get(re.findall(r'href="(/how-we-are-asked/[0-9a-f-]{36})"', listed(manager))[-1])
    assert "Another way to ask us" in form.text
    kept = manager.fill(form, means="inbox", active="yes", address="")
    assert "On these pages" in kept.text, kept.text


def listed(manager: Visitor) -> str:
    return manager.get("/how-we-are-asked").text


def written_to(by: httpx.Client, task: str, words: str) -> None:
    """A link worker writes to the provider about a request."""
    body = {"text": words, "key": str(uuid4())}
    by.post(f"/requests/{task}/messages", json=body).raise_for_status()


def test_a_notice_is_seen_as_it_comes_opened_and_read(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,  # noqa: F811
    expected: dict[str, str],  # noqa: F811
) -> None:
    ask_on_the_pages(manager)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies(manager.cookies)
    tab = Watched(context.new_page(), 320, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/what-we-did")
    badge = page.locator("#notices-unread")
    expect(badge).to_be_hidden()
    written_to(worker, expected["task"], "Is there a lift?")
    expect(badge).to_have_text("1 new")
    tab.judged()
    tab.click("link", "Notices 1 new")
    expect(page.get_by_role("heading", name="The link worker has written to you")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Open").first.click()
    assert page.url == f"{running.url}/requests/{expected['task']}"
    expect(badge).to_be_hidden()
    context.close()
    assert tab.found == []


def test_without_scripts_one_looks_again_and_all_can_be_read(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,  # noqa: F811
    expected: dict[str, str],  # noqa: F811
) -> None:
    if "On these pages" not in listed(manager):
        ask_on_the_pages(manager)
    written_to(worker, expected["task"], "And a kettle?")
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    context.add_cookies(manager.cookies)
    tab = Watched(context.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/notices")
    for _ in range(60):
        if "You have not read 1" in page.content():
            break
        page.wait_for_timeout(500)
        tab.click("link", "Look again")
    tab.click("button", "I have read them all")
    expect(page.get_by_text("You have read them all.")).to_be_visible()
    context.close()
    assert tab.found == []
