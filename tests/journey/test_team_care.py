"""A team cares for itself: how much a case asks, visits with care, and whom to talk about."""

import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_visit_is_noted_only_by_who_read_what_stands(lead: Visitor, at: str) -> None:
    assert "Before you visit" not in lead.get(f"{at}/contacts").text
    told = lead.fill(lead.get(f"{at}/visits"), at_home="yes", alone="no", because="A big dog.")
    assert "Do not visit alone. A big dog." in told.text
    form = lead.get(f"{at}/contacts")
    assert "Do not visit alone. A big dog." in form.text
    check_page(Page(form))
    visit = {"reached": "yes", "how": "visit", "minutes": "30"}
    refused = lead.fill(form, **visit)
    assert refused.status_code == 409
    assert "Read it, and say that you did" in refused.text
    noted = lead.fill(lead.get(f"{at}/contacts"), **visit, visit_checked="yes")
    assert "30 minutes" in noted.text
    assert "Read about visits before you go" in lead.get("/cases?show=reached").text


def test_how_much_a_case_asks_is_said_shown_and_listed(lead: Visitor, at: str) -> None:
    wrong = lead.fill(lead.get(f"{at}/complexity"), level="intensive")
    assert "Write what makes it so" in wrong.text
    told = lead.fill(lead.get(f"{at}/complexity"), level="intensive", because="Three at once.")
    assert "Three at once." in told.text
    check_page(Page(told))
    assert at in lead.get("/cases?show=intensive").text
    assert "Intensive or high" in lead.get("/cases/team").text


def test_a_lead_talks_about_it_and_it_leaves_the_list(lead: Visitor, at: str) -> None:
    lead.fill(lead.get(f"{at}/supervision"), because="I do not know how to go on.")
    listed = lead.get("/cases/supervision")
    check_page(Page(listed))
    assert "I do not know how to go on." in listed.text
    assert f"{at}/talked" in listed.text
    after = lead.fill(lead.get(f"{at}/talked"), came="Go together next time.")
    assert f"{at}/talked" not in after.text
    assert "Go together next time." in lead.get(at).text


def test_a_hand_over_offers_no_team_that_has_it(lead: Visitor, at: str) -> None:
    form = lead.get(f"{at}/hand-over").text
    offered = form.partition('name="team"')[2].partition("</select>")[0]
    assert "(Calderdale)" in offered
    assert "(Bradford)" not in offered


def test_others_have_none_of_it(
    manager: Visitor, coordinator: Visitor, lead: Visitor, at: str
) -> None:
    for other in (manager, coordinator):
        assert other.get("/cases/supervision").status_code == 403
        for page in ("complexity", "visits", "supervision", "talked"):
            sent = other.force(f"{at}/{page}", level="high", at_home="no", alone="no", because="x")
            assert sent.status_code in (403, 404), page
    assert "Among colleagues" not in lead.get(at).text


def test_axe_finds_nothing_on_these_pages(
    running: Running, browser: Browser, lead: Visitor, at: str
) -> None:
    lead.fill(lead.get(f"{at}/visits"), at_home="no", alone="no", because="W" * 60)
    lead.fill(lead.get(f"{at}/supervision"), because="W" * 60)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies(lead.cookies)
    tab = Watched(context.new_page(), 320, scripts=True)
    for path in ("/cases", "/cases/team", "/cases/supervision", at, f"{at}/contacts"):
        tab.page.goto(running.url + path)
        tab.judged()
    for step in ("complexity", "visits", "supervision"):
        tab.page.goto(f"{running.url}{at}/{step}")
        tab.judged()
        tab.page.locator("main form button").last.click()
        expect(tab.page.get_by_role("alert")).to_be_visible()
        tab.judged()
    tab.page.goto(f"{running.url}{at}/talked")
    tab.judged()
    tab.click("button", "Save")  # it asks for nothing, so nothing is wrong in it
    expect(tab.page.get_by_role("status")).to_have_text("Noted.")
    context.close()
    assert tab.found == []
