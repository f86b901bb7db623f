"""A hub coordinator's day in a real browser, over the demo's data and what the tests add to it.

Once on the smallest phone without scripts, once on a desktop with them; and every page of the hub
is looked at on the phone: by axe, for complaints of the browser, for its width.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.clients import PROVIDER_2
from deploy.demo.directory import dataset
from deploy.demo.hub_day import organisation
from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
Opens = Callable[..., Watched]
OF_ONE = re.compile(r"[0-9a-f-]{36}|(?<=page=)\d+|(?<=new/)[a-z-]+")


@pytest.fixture
def opens(browser: Browser, running: Running, coordinator: Visitor) -> Iterator[Opens]:
    """Opens a tab in which the coordinator is signed in."""
    opened = []

    def one(size: dict[str, int], *, scripts: bool) -> Watched:
        context = browser.new_context(viewport=size, java_script_enabled=scripts)  # type: ignore[arg-type]
        context.add_cookies(coordinator.cookies)
        opened.append((context, Watched(context.new_page(), size["width"], scripts=scripts)))
        return opened[-1][1]

    yield one
    for context, tab in opened:
        context.close()
        assert tab.found == []


def by(running: Running, client: str, method: str, path: str, body: Any = None) -> Any:
    """Something that somebody else does meanwhile, through the APIs."""
    headers = {"Authorization": f"Bearer {token_of(running, client)}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as http:
        answer = http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def _until_the_call_is_there(running: Running) -> None:
    """The story's events are still on their way when a Kersey has just begun."""
    end = time.monotonic() + 90
    while not by(running, "coordinator", "GET", "/notifications/calls")["calls"]:
        assert time.monotonic() < end, "no call came"
        time.sleep(1)


def test_every_page_of_the_hub_opens(running: Running, opens: Opens) -> None:
    _until_the_call_is_there(running)
    tab = opens(PHONE, scripts=True)
    page = tab.page
    waiting, seen = ["/hub"], set[str]()
    while waiting:
        at = waiting.pop(0)
        kind = OF_ONE.sub("*", at)
        if kind in seen:
            continue
        seen.add(kind)
        page.goto(f"{running.url}{at}")
        tab.judged()
        assert page.locator("h1").count() == 1, at
        for link in page.locator("main a").all():
            to = link.get_attribute("href") or ""
            waiting += [to] if to.startswith("/hub") else []
    expected = {
        "/hub/approvals/services/*/2", "/hub/claims/*", "/hub/matches/organizations/*",
        "/hub/calls/*", "/hub/requests/*", "/hub/messages", "/hub/addresses/*/*",
        "/hub/listings/*", "/hub/rooms/*", "/hub/reached/*", "/hub/reached/*/*", "/hub/funding",
        "/hub/gaps/new/*", "/hub/silent",
        "/hub/announcements", "/hub/announcements/*", "/hub/announcements/*/write",
        "/hub/limits", "/hub/onboarding", "/hub/onboarding/new", "/hub/onboarding/*",
        "/hub/onboarding/new?provider=*",
        "/hub/onboarding/*/listing", "/hub/onboarding/*/evidence", "/hub/onboarding/*/contact",
        "/hub/onboarding/*/without/staff", "/hub/onboarding/*/without/closing-days",
        "/hub/onboarding/*/do/hold", "/hub/onboarding/*/do/give-up", "/hub/onboarding/*/do/notes",
        "/hub/onboarding/*/change",
    }  # fmt: skip
    assert expected <= seen, "the demo has something for every page"


def test_what_others_want_of_the_directory(running: Running, opens: Opens) -> None:
    tab = opens(PHONE, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/hub")
    expect(tab.heading).to_have_text("What waits today")
    tab.click("link", "Changes that wait for your yes")
    tab.click("link", "Tabla and Tea")
    expect(page.get_by_text("Two pounds, or what you can.")).to_be_visible()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("alert")).to_contain_text("Choose yes, or send it back")
    page.get_by_label("Send it back: something should change").check()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("alert")).to_contain_text("Write what should change")
    page.get_by_label("Words for whoever wrote it").fill("Is the lift <always> open?")
    tab.click("button", "Send my answer")
    expect(page.get_by_role("status")).to_contain_text("Sent back")
    tab.click("link", "Sent back")
    expect(page.get_by_text("Is the lift <always> open?")).to_be_visible()

    service = by(running, "provider-2", "GET", f"/directory/organizations/{PROVIDER_2}")
    key = service["services"][0]["id"]
    said = by(running, "provider-2", "GET", f"/directory/services/{key}")
    answer = "It is open until nine."
    by(running, "provider-2", "PUT", f"/directory/services/{key}", said | {"alert": answer} | {
        "fees_description": "Nothing at all."})  # fmt: skip
    page.goto(f"{running.url}/hub/approvals")
    tab.click("link", "Tabla and Tea")
    page.get_by_label("Yes, make it public").check()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("status")).to_contain_text("You said yes")
    listed = by(running, "provider-2", "GET", f"/directory/services/{key}")
    assert listed["fees_description"] == "Nothing at all."

    page.goto(f"{running.url}/hub/claims")
    tab.click("link", "Queensbury Band Room Yoga")
    expect(page.get_by_text("Fits the listing")).to_be_visible()
    page.get_by_label("Yes, they may write it").check()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("alert")).to_contain_text("Write what you looked at, or why")
    page.get_by_label("What did you look at, or why?").fill("Rang the number in the listing")
    tab.click("button", "Send my answer")
    expect(page.get_by_role("status")).to_contain_text("They may write the listing now")
    tab.click("link", "Accepted")
    tab.click("link", "Queensbury Band Room Yoga")
    page.get_by_label("Yes, they may not write it any more").check()
    page.get_by_label("What did you look at, or why?").fill("They moved on")
    tab.click("button", "Send my answer")
    expect(page.get_by_role("status")).to_contain_text("They may not write the listing any more")

    page.goto(f"{running.url}/hub/matches")
    with page.expect_navigation():
        page.locator(".kersey-service a").first.click()
    expect(page.get_by_text("(they differ)").first).to_be_visible()
    page.get_by_label("Yes, they are one").check()
    page.get_by_role("group", name="If they are one, which listing stays?").get_by_label(
        "The second"
    ).check()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("status")).to_contain_text("They are one now")
    kept = organisation("Highfield Elders Club")
    assert by(running, "coordinator", "GET", "/directory/matches?state=accepted")["contents"][0][
        "kept"
    ] == str(kept)
    tab.click("button", "Undo: they are two after all")
    expect(page.get_by_role("status")).to_contain_text("They are two again")


def test_who_is_rung_and_what_the_place_has(running: Running, opens: Opens) -> None:
    _until_the_call_is_there(running)
    tab = opens(DESKTOP, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/hub/calls")
    with page.expect_navigation():
        page.locator(".kersey-service a").first.click()
    tab.judged()
    expect(page.get_by_text("Do not say")).to_be_visible()
    expect(page.get_by_role("link", name="01632 960019")).to_be_visible()
    tab.click("button", "I told them, and they will answer later")
    expect(page.get_by_role("status")).to_contain_text("you made the call")

    page.goto(f"{running.url}/hub/silent")
    asks = page.get_by_role("listitem").filter(has_text="Door to Door Wednesdays")
    with page.expect_navigation():
        asks.get_by_role("link").first.click()
    expect(tab.heading).to_have_text("Door to Door Wednesdays")
    assert "Nora" not in page.content()
    ring = page.get_by_role("link", name="01632 960019")
    expect(ring).to_have_attribute("href", "tel:01632960019")
    page.get_by_label("No, not this time").check()
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("Choose why they cannot help")
    page.get_by_label("They are full").check()
    page.get_by_label("In their words, and how you heard").fill("By phone: full until January")
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("you wrote it down")
    expect(page.get_by_text("They said no.")).to_be_visible()
    page.goto(f"{running.url}/hub/silent")
    expect(page.get_by_text("Door to Door Wednesdays")).to_have_count(0)

    page.goto(f"{running.url}/hub/addresses")
    with page.expect_navigation():
        page.get_by_role("link", name="referrals@idlehandswoodcarvers.example").click()
    page.get_by_label("Address or number").fill("not an address")
    page.get_by_label("Yes, by another way than this address").check()
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Address or number").fill("spoons@idlehandswoodcarvers.example")
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("The address is changed")

    page.goto(f"{running.url}/hub/listings")
    tab.click("link", "Yoga for Stiff People")
    page.get_by_label("I rang them").check()
    tab.click("button", "I looked, and it is right")
    expect(page.get_by_role("status")).to_contain_text("checked from today")
    expect(page.get_by_text("Yoga for Stiff People")).to_have_count(0)

    page.goto(f"{running.url}/hub/rooms")
    tab.click("link", "Armchair Theatre")
    page.get_by_label("Full", exact=True).check()
    page.get_by_label("How many places? (if you know)").fill("3")
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("Places go with")
    page.get_by_label("How many places? (if you know)").fill("")
    tab.click("button", "Save")
    tab.click("link", "Full (3)")
    expect(page.get_by_role("link", name="Armchair Theatre")).to_be_visible()


def test_a_gap_is_turned_into_action(running: Running, opens: Opens) -> None:
    tab = opens(DESKTOP, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/hub/gaps")
    expect(page.get_by_role("heading", name="Housing: 3 times")).to_be_visible()
    tab.click("link", "Do something about it for: Housing")
    page.get_by_label("Where? The first part of a postcode").fill("Bradford")
    page.get_by_label("Day", exact=True).first.fill("31")
    tab.click("button", "Save")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Write what could be done")
    expect(alert).to_contain_text("Type the first part of a postcode")
    expect(alert).to_contain_text("Type the month and the year too")
    page.get_by_label("What could be done?").fill("A deposit bank & a kettle")
    page.get_by_label("Where? The first part of a postcode").fill("bd3")
    for name, value in (("Day", "1"), ("Month", "2"), ("Year", "2027")):
        page.get_by_label(name, exact=True).first.fill(value)
    tab.click("button", "Save")
    expect(page.get_by_text("A deposit bank & a kettle")).to_be_visible()
    expect(page.get_by_text("1 February 2027")).to_be_visible()
    tab.click("link", "Housing, BD3")
    expect(page.get_by_label("Year", exact=True).first).to_have_value("2027")
    page.get_by_label("Opened").check()
    tab.click("button", "Save")
    expect(alert).to_contain_text("Choose the listing that came of it")
    page.get_by_label("Which listing came of it?").select_option(label="Tenants' Table")
    tab.click("button", "Save")
    expect(page.get_by_text("Opened", exact=True)).to_be_visible()
    page.goto(f"{running.url}/hub")
    expect(page.get_by_text("Needs that nothing meets")).to_be_visible()


def test_another_hubs_things_are_not_there(running: Running, coordinator: Visitor) -> None:
    elsewhere = next(each for each in dataset().organizations if each.kersey.hub == "leeds")
    service = next(each.id for each in dataset().services if each.organization_id == elsewhere.id)
    evidence = [{"kind": "words", "value": "Ring us"}]
    at = f"/directory/organizations/{elsewhere.id}/claim"
    claim = by(running, "provider", "POST", at, {"who": "Jo", "evidence": evidence})["id"]
    asked = by(running, "provider", "GET", "/referrals/requests?count=100")
    mine = f"/directory/organizations/{PROVIDER_2}"
    own = by(running, "provider-2", "GET", mine)["services"][0]["id"]
    paths = [
        f"/hub/listings/{service}",
        f"/hub/rooms/{service}",
        f"/hub/approvals/services/{service}/1",
        f"/hub/approvals/services/{own}/999",
        f"/hub/claims/{claim}",
        *(f"/hub/{each}/{uuid4()}" for each in ("claims", "calls", "requests", "gaps")),
        *(f"/hub/matches/{kind}/{uuid4()}" for kind in ("organizations", "services")),
        f"/hub/addresses/{elsewhere.id}/{uuid4()}",
        f"/hub/reached/{elsewhere.id}/{uuid4()}",
        "/hub/addresses/leeds/" + str(uuid4()),
    ]
    foreign = [
        each["task"]
        for each in asked
        if coordinator.get(f"/hub/requests/{each['task']}").status_code == 404
    ]
    assert foreign, "the demo's provider is asked from other places too"
    paths.append(f"/hub/requests/{foreign[0]}")
    filled = {
        "how": "phone", "state": "full", "decision": "accept", "words": "x", "idea": "x",
        "address": "x@y.example", "verified": "yes",
    }  # fmt: skip
    for path in paths:
        assert coordinator.get(path).status_code == 404, path
        at = f"{path}/answer" if "/requests/" in path else path
        at = f"{path}/done" if "/calls/" in path else at
        given = filled | ({"decision": "approve"} if "/approvals/" in path else {})
        assert coordinator.force(at, **given).status_code == 404, at
    assert by(running, "provider", "GET", f"/directory/claims/{claim}")["state"] == "open"
    by(running, "provider", "POST", f"/directory/claims/{claim}/withdraw")
    assert coordinator.get(f"/hub/reached/{elsewhere.id}").status_code == 404
    for sent in ("matches/organizations/{}/undo", "messages/{}/retry"):
        assert coordinator.force("/hub/" + sent.format(uuid4())).status_code == 404
