"""Find -> Ask: what own words are taken to mean, what they may warn of, and what goes along."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}


@pytest.mark.parametrize("scripts", [True, False])
def test_own_words_are_corrected_and_what_was_chosen_goes_along(
    running: Running, lead: Visitor, browser: Browser, at: str, scripts: bool
) -> None:
    size = DESKTOP if scripts else PHONE
    context = browser.new_context(viewport=size, java_script_enabled=scripts)  # type: ignore[arg-type]
    context.add_cookies(lead.cookies)
    tab = Watched(context.new_page(), size["width"], scripts=scripts)
    page = tab.page
    page.goto(f"{running.url}{at}/find")
    page.get_by_label("What matters to them, in their own words").fill(
        "I want to end it all. I'm not lonely. I like singing and I love my garden."
    )
    page.get_by_label("Feeling lonely").uncheck()
    for chosen in ("Tuesday", "Thursday", "British Sign Language", "Men only"):
        page.get_by_label(chosen, exact=True).check()
    tab.click("button", "Find services")

    first = page.locator("main h2").first
    expect(first).to_contain_text("These words may mean danger")
    told = page.locator("main .nhsuk-warning-callout")
    for call in ("999", "choose 2", "116 123", "ending their life"):
        expect(told).to_contain_text(call)
    expect(told.get_by_role("link", name="I am worried about this person")).to_be_visible()
    expect(page.get_by_text("so we left it out: Feeling lonely")).to_be_visible()
    expect(page.locator(".kersey-service").first).to_be_visible()
    for_women = page.locator(".kersey-service", has_text="For women only")
    for each in for_women.all():
        expect(each).to_contain_text("Why not: for women only")

    tab.click("button", "Take away Music")
    assert page.url == f"{running.url}{at}/found", "what they mean stands in no address"
    expect(page.locator("s")).to_have_text("Music")
    expect(page.get_by_role("button", name="Take away Gardening")).to_be_visible()
    tab.click("link", "Change what you look for")
    assert page.get_by_label("Men only", exact=True).is_checked()
    page.get_by_label("No matter", exact=True).check()
    tab.click("button", "Find services")
    expect(page.get_by_role("button", name="Put back Music")).to_be_visible()
    tab.click("button", "Put back Music")
    expect(page.get_by_role("button", name="Take away Music")).to_be_visible()

    page.locator(".kersey-service .kersey-next a").first.click()
    expect(page.get_by_label("When suits them")).to_have_value("Tuesday, Thursday")
    assert page.get_by_label("British Sign Language").is_checked()
    page.get_by_label("Feeling lonely").check()
    tab.click("button", "Check what will be sent")
    expect(page.get_by_text("Tuesday, Thursday")).to_be_visible()
    expect(page.get_by_text("British Sign Language")).to_be_visible()
    context.close()
    assert tab.found == []


def test_a_group_for_some_alone_says_so_before_it_is_asked(lead: Visitor, at: str) -> None:
    """Nobody asked whom the group should be for: that it is for women is for the worker to see."""
    found = lead.fill(lead.get(f"{at}/find"), matters="circuits with a female instructor")
    part = next(
        each for each in found.text.split('<li class="kersey-service">') if "women only" in each
    )
    assert "For women only: check that this suits." in part
    assert "<li>for women only</li>" not in part.replace("women only: check", "")
    (asking,) = set(re.findall(rf'href="({at}/ask/[0-9a-f-]{{36}})', part))
    assert "For women only: check that this suits." in lead.get(asking).text


def test_what_nobody_understood_is_not_taken_away(lead: Visitor, at: str) -> None:
    lead.fill(lead.get(f"{at}/find"), matters="I sing")
    made_up = lead.force(f"{at}/found", without="activity/golf-on-the-moon")
    assert made_up.status_code >= 400
    assert "Take away" in lead.get(f"{at}/found").text
    assert "golf" not in lead.get(f"{at}/found").text
