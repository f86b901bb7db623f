"""A provider's manager says how much room there is, and changes what people read."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from deploy.demo.clients import PROVIDER, PROVIDER_2
from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def phone(browser: Browser, manager: Visitor) -> Iterator[BrowserContext]:
    """Their phone, without scripts."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    context.add_cookies(manager.cookies)
    yield context
    context.close()


@pytest.fixture
def public(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{running.url}/directory", timeout=60) as made:
        yield made


def own(public: httpx.Client, provider: object = PROVIDER) -> str:
    found = public.get("/services", params={"organization_id": str(provider)}).json()
    key: str = found["contents"][0]["id"]
    return key


def test_a_manager_says_how_much_room_there_is(
    running: Running, phone: BrowserContext, public: httpx.Client
) -> None:
    service = own(public)
    tab = Watched(phone.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/services")
    expect(tab.heading).to_have_text("Your services")
    page.goto(f"{running.url}/services/{service}/capacity")
    page.get_by_label("Yes, new people can come").check()
    page.get_by_label("How many places are free?").fill("many")
    tab.click("button", "Say this")
    expect(page.get_by_role("alert")).to_contain_text("Type a whole number")
    page.get_by_label("How many places are free?").fill("7")
    page.get_by_label("Day").fill("31")
    page.get_by_label("Month").fill("2")
    page.get_by_label("Year").fill("2099")
    tab.click("button", "Say this")
    expect(page.get_by_role("alert")).to_contain_text("There is no such day")
    page.get_by_label("Day").fill("27")
    tab.click("button", "Say this")
    expect(tab.heading).to_have_text("Thank you")
    expect(page.get_by_text("Yes, new people can come: 7 places")).to_be_visible()
    read = public.get(f"/listings/{service}").json()["kersey"]["capacity"]
    assert (read["state"], read["places"], read["first_date"]) == ("taking", 7, "2099-02-27")
    page.goto(f"{running.url}/services/{service}/capacity")
    page.get_by_label("No, we are full").check()
    page.get_by_label("We keep a waiting list").check()
    tab.click("button", "Say this")
    read = public.get(f"/listings/{service}").json()["kersey"]["capacity"]
    assert (read["state"], read["keeps_list"]) == ("full", True)
    assert "places" not in read
    # The other tests' people want a place too.
    page.goto(f"{running.url}/services/{service}/capacity")
    page.get_by_label("Yes, new people can come").check()
    page.get_by_label("How many places are free?").fill("12")
    tab.click("button", "Say this")
    read = public.get(f"/listings/{service}").json()["kersey"]["capacity"]
    assert (read["state"], read["places"]) == ("taking", 12)
    assert tab.found == []


def test_a_change_of_the_listing_waits_for_the_hub(
    running: Running, phone: BrowserContext, public: httpx.Client
) -> None:
    service = own(public)
    before = public.get(f"/services/{service}").json()
    tab = Watched(phone.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/services/{service}")
    expect(page.get_by_text("Every Sunday, 13:30 to 15:30")).to_be_visible()
    tab.click("button", "Change it")
    page.get_by_label("What is it?").fill("Stitch & talk <slowly>, all are welcome")
    page.get_by_label("When does it begin?").fill("noon")
    tab.click("button", "Send")
    expect(page.get_by_role("alert")).to_contain_text("such as 10:30")
    page.get_by_label("When does it begin?").fill("13.45")
    page.get_by_label("Monday").check()
    page.get_by_label("Quiet space").uncheck()
    page.get_by_label("How many pounds is that each time?").fill("2.50")
    tab.click("button", "Send")
    expect(page.get_by_role("status")).to_contain_text("Your hub will look at your change")
    expect(page.get_by_text("Every Monday and Sunday, 13:45 to 15:30")).to_be_visible()
    assert public.get(f"/services/{service}").json()["description"] == before["description"]

    tab.click("button", "Change it")
    page.get_by_label("Is there news?").fill("Closed this week")
    tab.click("button", "Send")
    expect(page.get_by_role("status")).to_contain_text("People can read your change now")
    told = public.get(f"/services/{service}").json()
    assert (told["alert"], told["description"]) == ("Closed this week", before["description"])

    hub = {"Authorization": f"Bearer {token_of(running, 'coordinator')}"}
    (draft,) = [
        each
        for each in public.get("/drafts", headers=hub).json()["contents"]
        if each["subject"] == service
    ]
    version = f"/services/{service}/versions/{draft['number']}"
    sent = public.post(
        f"{version}/send-back", json={"words": "Is the side door open on Mondays?"}, headers=hub
    )
    sent.raise_for_status()
    page.goto(f"{running.url}/services/{service}")
    expect(page.get_by_text("Is the side door open on Mondays?")).to_be_visible()
    tab.click("button", "Change it")
    expect(page.get_by_label("Monday")).to_be_checked()
    page.get_by_label("What else about when?").fill("On Mondays by the side door")
    page.get_by_label("Why do you change it? (if you like)").fill("You asked")
    tab.click("button", "Send")
    again = f"/services/{service}/versions/{draft['number'] + 1}"
    public.post(f"{again}/approve", json={}, headers=hub).raise_for_status()

    after = public.get(f"/services/{service}").json()
    assert after["description"] == "Stitch &amp; talk , all are welcome"
    assert after["alert"] == "Closed this week"
    (rule,) = after["schedules"]
    assert (rule["byday"], rule["opens_at"]) == ("MO,SU", "13:45")
    assert rule["description"] == "On Mondays by the side door"
    assert after["cost_options"][0]["amount"] == 2.5
    access = {
        each["taxonomy_term"]["code"]
        for each in after["service_at_locations"][0]["location"]["attributes"]
    }
    assert access == {"step-free", "toilets"}
    for name in ("service_areas", "languages", "email", "url", "organization"):
        assert after[name] == before[name]
    assert public.get(f"/listings/{service}").json()["kersey"]["tier"] == 2
    assert tab.found == []


def test_news_is_public_at_once(
    running: Running, phone: BrowserContext, public: httpx.Client
) -> None:
    service = own(public)
    tab = Watched(phone.new_page(), 320, scripts=False)
    tab.page.goto(f"{running.url}/services/{service}/listing")
    tab.page.get_by_label("Is there news?").fill("Closed on 3 January")
    tab.click("button", "Send")
    expect(tab.page.get_by_role("status")).to_contain_text("People can read your change now")
    assert public.get(f"/services/{service}").json()["alert"] == "Closed on 3 January"
    assert tab.found == []


def test_a_manager_says_how_the_group_is_asked(
    running: Running, phone: BrowserContext, manager: Visitor
) -> None:
    tab = Watched(phone.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/how-we-are-asked")
    expect(page.get_by_text("hello@saltaireslowstitch.example").first).to_be_visible()
    tab.click("link", "Add another way")
    page.get_by_label("By e-mail").check()
    page.get_by_label("The e-mail address or the telephone number").fill("not an address")
    page.get_by_label("Yes", exact=True).check()
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("not a well-formed address")
    page.get_by_label("Somebody rings us").check()
    page.get_by_label("The e-mail address or the telephone number").fill("01632 960111")
    page.get_by_label("What is it? (if you like)").fill("The desk <in the hall>")
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    added = page.locator(".kersey-request").filter(has_text="01632 960111")
    expect(added).to_contain_text("The desk <in the hall>")
    expect(added).to_contain_text("Not yet")
    with page.expect_navigation():
        added.get_by_role("link").click()
    page.get_by_label("No, not for now").check()
    page.get_by_label("In which language?").select_option("pl")
    page.get_by_label("Large print").check()
    chosen = page.get_by_role("group", name="When somebody chooses the")
    chosen.get_by_label("Once a day, in one message").check()
    page.get_by_label("Once a day: at what time?").select_option("16")
    tab.click("button", "Save")
    expect(added).to_contain_text("No")
    expect(added).to_contain_text("Polish")
    with page.expect_navigation():
        added.get_by_role("link").click()
    expect(page.get_by_label("Large print")).to_be_checked()
    expect(chosen.get_by_label("Once a day, in one message")).to_be_checked()
    expect(page.get_by_label("Once a day: at what time?")).to_have_value("16")
    page.go_back()
    assert tab.found == []
    # Only its own: the id of another party's contact is not theirs to change.
    found = manager.get("/how-we-are-asked").text
    assert "kersey.example" not in found.partition("<main")[2]


def test_a_manager_says_when_the_group_hears_nothing_that_can_wait(
    running: Running, phone: BrowserContext
) -> None:
    tab = Watched(phone.new_page(), 320, scripts=False)
    page = tab.page
    page.goto(f"{running.url}/how-we-are-asked")
    expect(page.get_by_text("You have none. We may write to you at any hour.")).to_be_visible()
    tab.click("link", "Say when we should be quiet")
    for label in ("Quiet from", "Quiet until"):
        page.get_by_label(label).select_option("20:00")
    tab.click("button", "Save")
    expect(page.get_by_role("alert")).to_contain_text("They end when they begin")
    page.get_by_label("Quiet until").select_option("8 am")
    tab.click("button", "Save")
    expect(page.get_by_text("From 20:00 to 08:00 we send you nothing")).to_be_visible()
    tab.click("link", "Change your quiet hours")
    expect(page.get_by_label("Quiet from")).to_have_value("20:00")
    tab.click("button", "Have no quiet hours")
    expect(page.get_by_text("You have none. We may write to you at any hour.")).to_be_visible()
    assert tab.found == []


def test_a_quarter_is_shown_in_numbers_that_tell_of_nobody(manager: Visitor) -> None:
    page = manager.get("/what-we-did")
    assert page.status_code == 200
    assert "Saltaire Slow Stitch" in page.text
    for cell in re.findall(r'kersey-number">([^<]+)</td>', page.text):
        assert cell in ("0", "not shown") or int(cell) >= 5
    earlier = re.findall(r'href="(/what-we-did/[^"]+)"', page.text)
    assert len(earlier) == 4
    assert manager.get(earlier[0]).status_code == 200
    for wrong in ("2099-q1", "2026-q5", "q1"):
        assert manager.get(f"/what-we-did/{wrong}").status_code == 404


def test_another_providers_service_is_not_there(manager: Visitor, public: httpx.Client) -> None:
    theirs = own(public, PROVIDER_2)
    for page in ("", "/capacity", "/capacity/said", "/listing"):
        assert manager.get(f"/services/{theirs}{page}").status_code == 404
    key = re.findall(r'name="key" value="([^"]*)"', manager.get("/services").text)[0]
    before = public.get(f"/listings/{theirs}").json()
    for page, form in (("capacity", {"state": "full"}), ("listing", {"name": "Mine now"})):
        refused = manager.http.post(f"/services/{theirs}/{page}", data={"key": key} | form)
        assert refused.status_code in (403, 404)
    assert public.get(f"/listings/{theirs}").json() == before
