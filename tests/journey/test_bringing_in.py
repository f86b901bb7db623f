"""A group is brought in, from its name to people being sent there, on a phone without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.test_coordinator import by
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHONE = {"width": 320, "height": 640}


@pytest.fixture
def tab(browser: Browser, running: Running, coordinator: Visitor) -> Iterator[Watched]:
    """A tab in which the coordinator is signed in."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    context.add_cookies(coordinator.cookies)
    tab = Watched(context.new_page(), PHONE["width"], scripts=False)
    yield tab
    context.close()
    assert tab.found == []


def test_a_group_is_brought_in_at_tier_two(running: Running, tab: Watched) -> None:
    page = tab.page
    page.goto(f"{running.url}/hub/onboarding")
    first = page.locator(".kersey-service").first
    expect(first).to_contain_text("Manningham Clay Shed")
    expect(first).to_contain_text("Nothing for 16 days")
    tab.click("button", "Add a provider")
    page.get_by_label("What is the group called?").fill("Thornton Seed Swap <b>")
    page.get_by_label("People are referred by name", exact=True).check()
    page.get_by_label("E-mail address to ask them by").fill("hello@seedswap.example")
    tab.click("button", "Begin")
    expect(page.get_by_role("status")).to_contain_text("Begun")
    key = page.url.partition("?")[0].rpartition("/")[2]

    tab.click("button", "List the group")
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("Write what it does")
    page.get_by_label("What does it do?").fill("Seeds and company")
    tab.click("button", "Save")

    tab.click("button", "Write down the first service")
    page.get_by_label("What is it called?").fill("Saturday swap")
    page.get_by_label("Feeling lonely").check()
    page.get_by_label("Saturday", exact=True).check()
    page.get_by_label("When does it begin?").fill("10:30")
    page.get_by_label("Street and number").fill("1 Market Street")
    page.get_by_label("Town or village").fill("Thornton")
    page.get_by_label("County").fill("West Yorkshire")
    page.get_by_label("Postcode").fill("nowhere")
    page.get_by_label("By phone").check()
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("ostcode")
    page.get_by_label("Postcode").fill("BD13 3AB")
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("Nobody else sees it")

    tab.click("button", "Note what they showed you")
    for part in page.get_by_label("Day", exact=True).all()[::2]:
        part.fill("2")
    for part in page.get_by_label("Month", exact=True).all()[::2]:
        part.fill("11")
    for part in page.get_by_label("Year", exact=True).all()[::2]:
        part.fill("2026")
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("Noted what they showed you")

    tab.click("button", "Note how they want to be asked")
    expect(page.get_by_label("The e-mail address")).to_have_value("hello@seedswap.example")
    page.get_by_label("Yes, by another way than this address").check()
    for _ in range(20):
        tab.click("button", "Save")
        if "does not know this group yet" not in page.content():
            break
        page.wait_for_timeout(1000)
    expect(page.get_by_role("status")).to_contain_text("how they want to be asked")

    tab.click("button", "Get their staff invited")
    page.get_by_label("What did they tell you?").fill("Links are enough")
    tab.click("button", "Save")
    tab.click("button", "Ask when they are closed")
    page.get_by_label("What did they tell you?").fill("Jo says never")
    tab.click("button", "Save")
    tab.click("button", "Make the service public")
    page.get_by_label("Yes, make it public").check()
    tab.click("button", "Send my answer")
    page.goto(f"{running.url}/hub/onboarding/{key}")
    tab.judged()
    tab.click("button", "Finish")
    expect(page.get_by_role("status")).to_contain_text("People can be sent there")
    expect(page.get_by_text("Imran Malik").first).to_be_visible()

    view = by(running, "coordinator", "GET", f"/directory/onboardings/{key}")
    assert view["state"] == "done"
    listing = by(running, "coordinator", "GET", f"/directory/listings/{view['service']}")
    assert listing["kersey"]["tier"] == 2
    assert listing["name"] == "Saturday swap"
    (contact,) = by(running, "coordinator", "GET", f"/notifications/contacts/{view['provider']}")[
        "contacts"
    ]
    assert contact["verified_by_hub"]
