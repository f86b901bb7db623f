"""A provider marks who came: with one thumb, without signal, and without scripts."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from deploy.demo.clients import PROVIDER, PROVIDER_2
from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NO_SIGNAL = "Failed to load resource: net::ERR_INTERNET_DISCONNECTED"
"""What Chromium says of it in the console, whatever a page does."""


@pytest.fixture
def worker(running: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token_of(running, 'link-worker')}"}
    with httpx.Client(base_url=f"{running.url}/referrals", headers=headers, timeout=60) as made:
        yield made


@pytest.fixture
def expected(running: Running, referred: str, worker: httpx.Client) -> dict[str, str]:
    """Somebody whom the provider expects: `name`, `case`, `task` and `service`."""
    rows: list[dict[str, Any]] = worker.get("/cases", params={"state": "new", "count": 200}).json()
    case = rows[-1]["case"]
    worker.post(f"/cases/{case}/accept").raise_for_status()
    listed = httpx.get(f"{running.url}/directory/organizations/{PROVIDER}", timeout=60).json()
    service = listed["services"][0]["id"]
    body = {
        "service": service,
        "needs": [{"code": "loneliness"}],
        "share": {"name": referred},
        "full_because": "They came here before",
    }
    asked = worker.post(f"/cases/{case}/requests", json=body)
    asked.raise_for_status()
    task = asked.json()["task"]
    provider = {"Authorization": f"Bearer {token_of(running, 'provider')}"}
    answered = httpx.post(
        f"{running.url}/referrals/requests/{task}/answer",
        json={"decision": "accept"},
        headers=provider,
        timeout=60,
    )
    answered.raise_for_status()
    return {"name": referred, "case": case, "task": task, "service": service}


def marked(worker: httpx.Client, expected: dict[str, str]) -> list[str]:
    seen = worker.get(f"/cases/{expected['case']}").json()["attendance"]
    return [each["mark"] for each in seen]


def a_phone(browser: Browser, manager: Visitor, *, scripts: bool) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=scripts
    )
    context.add_cookies(manager.cookies)
    return context


def row_of(page: Page, name: str) -> Locator:
    return page.locator("[data-person]").filter(has_text=name)


def until(page: Page, done: Any) -> None:
    """Wait for what another service knows."""
    for _ in range(200):
        if done():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to be")


def test_what_is_marked_without_signal_is_kept_and_sent_when_it_is_back(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,
    expected: dict[str, str],
) -> None:
    context = a_phone(browser, manager, scripts=True)
    tab = Watched(context.new_page(), 320, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/registers")
    tab.judged()
    tab.click("link", "Sampler Sundays")
    with page.expect_navigation():
        page.get_by_role("link", name="today").click()
    tab.judged()
    notice = page.locator("#register-notice")
    here = row_of(page, expected["name"])
    expect(page.get_by_role("button", name="Save")).to_be_hidden()

    context.set_offline(True)
    here.get_by_label("Came", exact=True).check()
    expect(notice).to_contain_text("Not sent yet")
    expect(here.get_by_text("Not sent yet")).to_be_visible()
    here.get_by_label("Told us they could not").check()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert expected["task"] in kept
    assert expected["name"] not in kept
    assert marked(worker, expected) == []

    context.set_offline(False)
    expect(notice).to_have_text("All marks are saved.")
    expect(here.get_by_text("Not sent yet")).to_be_hidden()
    assert marked(worker, expected) == ["told-us"], "the last one, and once"
    tab.judged()

    # The answer is lost: the mark arrived, and the browser does not know. It is sent once more.
    context.route("**/marks", lambda route: (route.fetch(), route.abort()))
    here.get_by_label("Came", exact=True).check()
    expect(notice).to_contain_text("Not sent yet")
    until(page, lambda: marked(worker, expected) == ["came"])
    before = worker.get(f"/cases/{expected['case']}").json()["version"]
    context.unroute_all(behavior="wait")  # one may be under way
    # Also by a page that is opened later.
    page.reload()
    expect(notice).to_have_text("All marks are saved.")
    expect(row_of(page, expected["name"]).get_by_label("Came", exact=True)).to_be_checked()
    assert worker.get(f"/cases/{expected['case']}").json()["version"] == before
    assert json.loads(page.evaluate("Object.values(localStorage)[0]")) == []
    context.close()
    said = [each for each in tab.found if each not in (NO_SIGNAL, LOST)]
    assert said == []


def test_the_case_says_how_often_they_came(
    running: Running, lead: Visitor, expected: dict[str, str]
) -> None:
    provider = {"Authorization": f"Bearer {token_of(running, 'provider')}"}
    today = datetime.now(ZoneInfo("Europe/London")).date()
    for weeks, mark in ((4, "came"), (3, "told-us"), (2, "came"), (1, "came")):
        at = f"/referrals/requests/{expected['task']}/attendance/{today - timedelta(weeks=weeks)}"
        said = httpx.put(
            running.url + at, json={"mark": mark, "key": str(uuid4())}, headers=provider, timeout=60
        )
        said.raise_for_status()
    last = today - timedelta(weeks=1)
    page = lead.get(f"/cases/{expected['case']}").text
    told = f"came 3 of 4; told them before once, last on {last.day} {last:%B %Y}"
    assert told in " ".join(page.split())


LOST = "Failed to load resource: net::ERR_FAILED"


def test_what_was_left_unsent_is_sent_by_the_page_that_is_opened_next(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,
    expected: dict[str, str],
) -> None:
    """Whoever marked in a hall without signal opens their requests at home, and no register."""
    context = a_phone(browser, manager, scripts=True)
    tab = Watched(context.new_page(), 320, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/registers/{expected['service']}/{datetime.now(UTC).date()}")
    context.set_offline(True)
    row_of(page, expected["name"]).get_by_label("Came", exact=True).check()
    expect(page.locator("#register-notice")).to_contain_text("Not sent yet")
    page.close()
    context.set_offline(False)
    later = Watched(context.new_page(), 320, scripts=True)
    later.page.goto(f"{running.url}/requests")
    expect(later.page.locator("#register-notice")).to_have_text("All marks are saved.")
    later.judged()
    assert marked(worker, expected) == ["came"]
    context.close()
    assert [each for each in (*tab.found, *later.found) if each != NO_SIGNAL] == []


def test_where_a_browser_keeps_nothing_the_register_is_a_form(
    running: Running, browser: Browser, manager: Visitor, expected: dict[str, str]
) -> None:
    context = a_phone(browser, manager, scripts=True)
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    tab = Watched(context.new_page(), 320, scripts=True)
    today = datetime.now(UTC).date()
    tab.page.goto(f"{running.url}/registers/{expected['service']}/{today}")
    row_of(tab.page, expected["name"]).get_by_label("Came", exact=True).check()
    tab.click("button", "Save")
    expect(tab.page.get_by_role("status").first).to_contain_text("That is saved")
    context.close()
    assert tab.found == []


def test_without_scripts_the_register_is_a_form(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,
    expected: dict[str, str],
) -> None:
    context = a_phone(browser, manager, scripts=False)
    tab = Watched(context.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/registers/{expected['service']}")
    page.get_by_label("Year").fill("2099")
    tab.click("button", "Open the register")
    expect(page.get_by_role("alert")).to_contain_text("in the future")
    page.get_by_label("Year").fill(str(datetime.now(UTC).date().year))
    tab.click("button", "Open the register")
    row_of(page, expected["name"]).get_by_label("Did not come").check()
    tab.click("button", "Save")
    expect(page.get_by_role("status").first).to_contain_text("That is saved")
    here = row_of(page, expected["name"])
    expect(here.get_by_label("Did not come")).to_be_checked()
    assert marked(worker, expected) == ["did-not-come"]
    version = worker.get(f"/cases/{expected['case']}").json()["version"]
    tab.click("button", "Save")
    assert worker.get(f"/cases/{expected['case']}").json()["version"] == version
    context.close()
    assert tab.found == []


def test_a_provider_and_a_link_worker_write_to_each_other(
    running: Running,
    browser: Browser,
    manager: Visitor,
    worker: httpx.Client,
    expected: dict[str, str],
) -> None:
    """In this file for the person whom the provider expects."""
    context = a_phone(browser, manager, scripts=False)
    tab = Watched(context.new_page(), 320, scripts=False)
    page = tab.page
    asked = {"text": "Is the <side> door open?", "key": str(UUID(int=7))}
    worker.post(f"/requests/{expected['task']}/messages", json=asked).raise_for_status()
    page.goto(f"{running.url}/requests/{expected['task']}")
    tab.click("link", "Messages with the link worker")
    expect(page.get_by_text("Is the <side> door open?")).to_be_visible()
    tab.click("button", "Send")
    expect(page.get_by_role("alert")).to_contain_text("Write your message first")
    page.get_by_label("Write a message").fill("It is, from one o'clock.")
    tab.click("button", "Send")
    expect(page.get_by_role("status")).to_contain_text("Sent")
    page.get_by_label("Partly").check()
    page.get_by_label("We were told too little").check()
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    expect(page.get_by_label("Partly")).to_be_checked()
    context.close()
    assert tab.found == []
    talk = worker.get(f"/requests/{expected['task']}/messages").json()
    assert [each["from"] for each in talk["messages"]] == ["team", "provider"]
    assert talk["feedback"]["provider"]["points"] == ["told-too-little"]


def test_another_providers_register_is_not_there(
    running: Running, manager: Visitor, worker: httpx.Client, expected: dict[str, str]
) -> None:
    listed = httpx.get(f"{running.url}/directory/organizations/{PROVIDER_2}", timeout=60).json()
    theirs, today = listed["services"][0]["id"], datetime.now(UTC).date()
    for path in ("", f"/{today}", f"/{today + timedelta(days=400)}", "/1066-10-14", "/soon"):
        assert manager.get(f"/registers/{theirs}{path}").status_code in (404, 422)
    page = manager.get(f"/registers/{expected['service']}/{today}")
    secret = page.text.partition('name="key" value="')[2].partition('"')[0]
    at = f"/registers/{expected['service']}/{today}/marks"
    good = {"key": secret, "task": expected["task"], "mark": "came", "mark_key": str(UUID(int=1))}
    for wrong in ({"task": str(UUID(int=2))}, {"task": "x"}, {"mark": "danced"}, {"mark_key": "x"}):
        assert manager.http.post(at, data=good | wrong).status_code == 410
    assert manager.http.post(at, data=good | {"key": "forged"}).status_code == 403
    assert marked(worker, expected) == []
