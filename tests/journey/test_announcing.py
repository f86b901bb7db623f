"""A hub announces something, on the smallest phone: looked at first, published, read, ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHONE = {"width": 320, "height": 640}
ADDRESS = "https://roads.example.org/" + "a-very-long-address-without-a-break" * 3


@pytest.fixture(scope="module")
def worker(running: Running) -> Iterator[Visitor]:
    """A link worker of the hub's place, signed in once."""
    with httpx.Client(base_url=running.url, timeout=60) as http:
        yield Visitor(http, "link-worker")


def tab_of(browser: Browser, who: Visitor, *, scripts: bool) -> tuple[Any, Watched]:
    context = browser.new_context(viewport=PHONE, java_script_enabled=scripts)  # type: ignore[arg-type]
    context.add_cookies(who.cookies)
    return context, Watched(context.new_page(), PHONE["width"], scripts=scripts)


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_hub_to_the_link_worker(
    running: Running, browser: Browser, coordinator: Visitor, worker: Visitor, scripts: bool
) -> None:
    context, tab = tab_of(browser, coordinator, scripts=scripts)
    page = tab.page
    page.goto(f"{running.url}/hub/announcements")
    tab.judged()
    tab.click("button", "Write one")
    page.get_by_label("What is it about?").fill(f"The <ring> road {scripts}")
    page.get_by_label("What do you want to say?").fill("Ring about 943 476 5919.")
    page.get_by_label("Everybody").check()
    last = datetime.now(UTC).date() + timedelta(days=9)
    for name, value in (("Day", last.day), ("Month", last.month), ("Year", last.year)):
        page.get_by_label(name, exact=True).nth(1).fill(str(value))
    tab.click("button", "Look at it first")
    expect(page.get_by_role("alert")).to_contain_text("ten digits like an NHS number")
    page.get_by_label("What do you want to say?").fill(f"Round by the mill.\n\nSee {ADDRESS}.")
    tab.click("button", "Look at it first")
    expect(tab.heading).to_have_text("Look at it before you publish it")
    tab.click("button", "Publish it")
    expect(page.get_by_role("status")).to_contain_text("Published")
    own = page.url.partition("?")[0]

    others, there = tab_of(browser, worker, scripts=scripts)
    there.page.goto(f"{running.url}/cases")
    there.judged()
    news = there.page.get_by_text("News from your hub")
    box = news.bounding_box()
    assert box is not None
    assert box["height"] < 40, "one line, above the list"
    expect(there.page.get_by_role("link", name=ADDRESS)).to_be_hidden()
    news.click()
    expect(there.page.get_by_role("link", name=ADDRESS)).to_be_visible()
    there.judged()
    with there.page.expect_navigation():
        there.page.get_by_role("button", name="I have read this").first.click()
    there.judged()
    expect(there.page.get_by_text("Round by the mill.")).to_have_count(0)
    there.click("link", "News")
    expect(there.page.get_by_text("Round by the mill.")).to_be_visible()

    page.goto(own)
    tab.click("button", "End it now")
    expect(page.get_by_text("Imran Malik").first).to_be_visible()
    there.page.goto(f"{running.url}/announcements")
    there.judged()
    expect(there.page.get_by_text("Round by the mill.")).to_have_count(0)
    for each in (context, others):
        each.close()
    assert tab.found == []
    assert there.found == []
