"""A list is looked through without loading the page anew; without scripts its links are links."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.infrastructure.running import Running
from tests.journey.conftest import refer
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def worker(running: Running) -> Iterator[Visitor]:
    refer(running)
    with httpx.Client(base_url=running.url, timeout=60) as http:
        yield Visitor(http, "link-worker")


def opened(browser: Browser, worker: Visitor, url: str, *, scripts: bool) -> Watched:
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=scripts
    )
    context.add_cookies(worker.cookies)
    tab = Watched(context.new_page(), 320, scripts=scripts)
    tab.page.goto(url)
    return tab


def to_new(page: Page) -> None:
    link = page.get_by_role("navigation", name="What to show").get_by_role("link", name="New")
    link.first.focus()
    page.keyboard.press("Enter")


def test_choosing_a_list_by_the_keyboard_swaps_it_alone(
    running: Running, browser: Browser, worker: Visitor
) -> None:
    tab = opened(browser, worker, f"{running.url}/cases", scripts=True)
    page = tab.page
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_role("status")).to_have_text("")
    to_new(page)
    page.wait_for_url("**/cases?show=new")
    expect(page.locator("[aria-current=true]")).to_have_text(re.compile("^New"))
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"New.*: \d+ (person|people) on this page")
    )
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).to_have_title(re.compile("^New"))
    assert page.evaluate("window.sameDocument"), "the page was not loaded anew"
    kept = page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)]")
    assert set(kept) <= {"/cases?show=new"}, "of a page nothing stays in the browser"
    tab.judged()
    page.go_back()
    expect(page.locator("[aria-current=true]")).to_have_text(re.compile("^All open"))
    page.context.close()
    assert tab.found == []


def test_without_scripts_the_same_address_is_a_page(
    running: Running, browser: Browser, worker: Visitor
) -> None:
    tab = opened(browser, worker, f"{running.url}/cases", scripts=False)
    to_new(tab.page)
    tab.page.wait_for_url("**/cases?show=new")
    expect(tab.page.locator("header")).to_be_visible()
    tab.page.context.close()
    assert tab.found == []


def test_one_address_answers_a_page_and_its_part(worker: Visitor) -> None:
    whole = worker.http.get("/cases?show=new")
    part = worker.http.get("/cases?show=new", headers={"HX-Request": "true"})
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<header" in worker.http.get("/cases?show=new", headers=again).text
    assert "<header" in whole.text
    assert "<header" not in part.text
    rows = r'href="/cases/[0-9a-f-]{36}"'
    assert re.findall(rows, part.text) == re.findall(rows, whole.text) != []
    for answer in (whole, part):
        assert answer.headers["vary"] == "HX-Request"
        assert answer.headers["cache-control"] == "no-store"


def test_who_is_signed_out_meanwhile_comes_to_the_sign_in(
    running: Running, browser: Browser, worker: Visitor
) -> None:
    tab = opened(browser, worker, f"{running.url}/cases", scripts=True)
    tab.page.context.clear_cookies()
    to_new(tab.page)
    tab.page.wait_for_url(re.compile("sign-in|authorize|identity"))
    expect(tab.page.get_by_label("E-mail")).to_be_visible()
    tab.page.context.close()
    bare = httpx.get(f"{running.url}/cases?show=new", headers={"HX-Request": "true"}, timeout=60)
    assert bare.headers["hx-redirect"] == "/sign-in?back=%2Fcases%3Fshow%3Dnew"


def test_what_goes_wrong_is_said_where_the_list_was(
    running: Running, browser: Browser, worker: Visitor
) -> None:
    tab = opened(browser, worker, f"{running.url}/cases", scripts=True)
    page = tab.page
    away = '<!DOCTYPE html><title>Away</title><main id="maincontent"><h1>Not just now</h1></main>'
    page.route("**/cases?show=new", lambda route: route.fulfill(
        status=503, content_type="text/html", body=away))  # fmt: skip
    to_new(page)
    expect(page.get_by_role("heading", name="Not just now")).to_be_visible()
    expect(page.locator("header")).to_be_visible()
    page.context.close()
