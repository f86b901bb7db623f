"""A link worker's day in a real browser: from a GP's referral to a service that was asked.

Played on a desktop with scripts, and on the smallest phone without any. Every page on the way is
looked at: by axe, for complaints of the browser, for requests to other hosts, for its width.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.accounts import PEOPLE
from tests.infrastructure.running import Running
from tests.journey.keyboard import Keyboard
from tests.journey.pages import Watched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
WORKER = next(each for each in PEOPLE if each.role == "link-worker")


@pytest.fixture(scope="module")
def signed_in(running: Running, browser: Browser) -> dict[str, Any]:
    """What a browser has after its link worker signed in. A code is good once, so this is too."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{running.url}/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail address").fill(WORKER.email)
    page.get_by_label("Password").fill(WORKER.password)
    page.locator("main button").first.click()
    page.locator("input[name=code]").fill(pyotp.TOTP(WORKER.secret).now())
    page.locator("main button").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your list")
    assert WORKER.name in page.locator("nav").first.inner_text()
    state: dict[str, Any] = context.storage_state()  # type: ignore[assignment]
    context.close()
    return state


@pytest.fixture(params=["desktop with scripts", "phone without scripts"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, signed_in: dict[str, Any]
) -> Iterator[Watched]:
    scripts = "with scripts" in request.param
    size = DESKTOP if scripts else PHONE
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        java_script_enabled=scripts,
        storage_state=signed_in,  # type: ignore[arg-type]
    )
    watched = Watched(context.new_page(), size["width"], scripts=scripts)
    yield watched
    context.close()
    assert watched.found == []


def test_from_a_referral_to_a_service_that_was_asked(
    running: Running, tab: Watched, referred: str
) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases?show=new")
    tab.judged()
    tab.click("link", referred)
    expect(tab.heading).to_have_text(referred)
    tab.click("button", "Take it on")
    expect(page.get_by_role("status")).to_contain_text("You took this referral on")

    tab.click("button", "Note a contact")
    tab.click("button", "Save")
    expect(page.get_by_role("alert").get_by_role("link", name="Choose yes or no")).to_be_visible()
    page.get_by_label("Yes", exact=True).check()
    page.get_by_label("By phone").check()
    page.get_by_label("Minutes (if you like)").fill("12")
    page.get_by_label("Day", exact=True).fill("31")
    page.get_by_label("Month", exact=True).fill("2")
    page.get_by_label("Year", exact=True).fill("2030")
    page.get_by_label("What comes next (if there is something)").fill("Ring about <the choir>")
    tab.click("button", "Save")
    expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("There is no such day")
    page.get_by_label("Month", exact=True).fill("1")
    tab.click("button", "Save")
    expect(page.get_by_text("You noted: Ring about <the choir>, 31 January 2030")).to_be_visible()
    expect(page.get_by_text("reached them by phone, 12 minutes")).to_be_visible()
    expect(page.get_by_text("You reached them. Do they want this help?")).to_be_visible()
    tab.click("button", "The person says yes")

    tab.click("link", "Note how to reach them safely")
    page.get_by_label("Phone", exact=True).check()
    page.get_by_label("Do not use").check()
    page.get_by_label("Number or address").fill("01632 960177")
    tab.click("button", "Save")
    expect(page.get_by_text("Phone: Do not use.")).to_be_visible()
    tab.click("link", "Note an access need")
    page.get_by_label("No steps").check()
    page.get_by_label("The person said so").check()
    tab.click("button", "Save")

    tab.click("button", "Find something that fits")
    assert page.get_by_label("No steps").is_checked(), "what is known is filled in"
    page.get_by_label("Feeling lonely").check()
    page.get_by_label("What matters to them, in their own words").fill(
        "I used to sing <in a choir>"
    )
    tab.click("button", "Find services")
    assert urlsplit(page.url).query == "", "what a person said stands in no address"
    service = page.locator(".kersey-service h3").first.inner_text()
    told = page.locator(".kersey-service h3").nth(1).inner_text()
    tab.click("link", "See where they are")
    expect(page.get_by_role("link", name=service)).to_be_visible()
    drawn = page.get_by_role("region", name="A map with the numbers of the list")
    if tab.scripts:
        expect(drawn.locator("path.leaflet-interactive").first).to_be_visible()
    else:
        expect(drawn).to_be_hidden()
    tab.click("link", "What fits")
    page.get_by_label(f"Compare {service}").check()
    page.get_by_label(f"Compare {told}").check()
    tab.click("button", "Compare")
    expect(page.get_by_role("columnheader", name=told)).to_be_visible()
    tab.click("link", f"Leaflet of {told}")
    expect(tab.heading).to_have_text(told)
    tab.click("link", "Large print")
    tab.click("button", "I told them of it, and they go by themself")
    expect(page.get_by_text(f"told them of {told}")).to_be_visible()
    page.goto(f"{page.url.partition('?')[0]}/found")
    tab.click("link", f"Ask {service}")
    page.get_by_label("What would help", exact=True).fill("A friendly face at the door")
    assert not page.get_by_label("Phone:").count(), "no way to them that is not safe is offered"
    page.get_by_label(f"Name: {referred}").check()
    page.get_by_label("Date of birth: 2 March 1951").check()
    tab.click("button", "Check what will be sent")
    expect(page.get_by_role("alert").get_by_text("Choose how they agreed")).to_be_visible()
    page.get_by_label("They told me").check()
    tab.click("button", "Check what will be sent")
    expect(tab.heading).to_have_text(f"Check what will be sent to {service}")
    expect(page.get_by_text(referred)).to_be_visible()
    expect(page.get_by_text("2 March 1951")).to_be_visible()
    tab.click("button", "Send it")
    expect(page.get_by_role("heading", name=service)).to_be_visible()
    expect(page.get_by_text("asked, no answer yet")).to_be_visible()
    expect(page.get_by_text(f"{service} was asked. You hear here")).to_be_visible()

    page.go_back()
    expect(tab.heading).to_contain_text("Check what will be sent")
    tab.click("button", "Send it")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(f"{running.url}/cases?show=answer")
    tab.click("link", referred)
    tab.click("link", f"Take the request to {service} back")
    page.get_by_label("The person changed their mind").check()
    tab.click("button", "Take it back")
    expect(page.get_by_text("taken back", exact=True)).to_be_visible()
    tab.click("link", "Close the case")
    page.get_by_label("They stopped before the end").check()
    tab.click("button", "See what is told")
    expect(tab.heading).to_have_text("Check before you close the case")
    expect(
        page.get_by_role("heading", name="Summary at the end, to Thornbeck Surgery")
    ).to_be_visible()
    tab.click("button", "Close the case")
    page.goto(f"{running.url}/cases?show=all")
    expect(page.get_by_role("link", name=referred)).to_have_count(0)
    page.goto(f"{running.url}/cases?show=ended")
    expect(page.get_by_role("link", name=referred)).to_be_visible()


def test_a_referral_goes_from_the_list_to_a_service_by_the_keyboard_alone(
    running: Running, browser: Browser, signed_in: dict[str, Any], referred: str
) -> None:
    context = browser.new_context(storage_state=signed_in)  # type: ignore[arg-type]
    page = context.new_page()
    keys = Keyboard(page)
    page.goto(f"{running.url}/cases?show=new")
    keys.to("Skip to main content")
    page.keyboard.press("Enter")
    keys.press(referred)
    keys.press("Take it on")
    keys.press("Note a contact")
    keys.choose("Yes")
    keys.choose("By phone")
    keys.press("Save")
    keys.press("The person says yes")
    keys.press("Find something that fits")
    keys.choose("Feeling lonely")
    keys.press("Find services")
    service = page.locator(".kersey-service h3").first.inner_text()
    keys.press(f"Ask {service}")
    keys.choose(f"Name: {referred}")
    keys.choose("They told me")
    keys.press("Check what will be sent")
    keys.press("Send it")
    expect(page.get_by_role("status")).to_contain_text("Sent.")
    expect(page.get_by_text("asked, no answer yet")).to_be_visible()
    context.close()


def test_whoever_is_about_to_be_signed_out_is_told_and_stays(
    running: Running, tab: Watched
) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases/search")
    page.get_by_label("Last name, or NHS number").fill("Pages")
    stay = page.get_by_role("link", name="Stay signed in (opens in a new tab)")
    expect(stay).to_be_hidden()
    delays = page.evaluate(
        "document.getAnimations().map(each => each.effect.getTiming().delay / 60000)"
    )
    assert delays == [25], "five minutes before a session of thirty ends"
    page.evaluate("document.getAnimations().forEach(each => each.finish())")
    expect(stay).to_be_visible()
    tab.judged()
    with page.context.expect_page() as opened:
        stay.click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("You stay signed in")
    expect(page.get_by_label("Last name, or NHS number")).to_have_value("Pages")


def test_a_case_is_printed_without_what_can_only_be_clicked(
    running: Running, tab: Watched, referred: str
) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases?show=new")
    tab.click("link", referred)
    page.emulate_media(media="print")
    expect(tab.heading).to_have_text(referred)
    expect(page.get_by_text("If somebody is in danger now, call 999").first).to_be_visible()
    for clicked in ("Take it on", "Sign out"):
        expect(page.get_by_role("button", name=clicked, include_hidden=True)).to_be_hidden()
    expect(page.get_by_role("navigation", include_hidden=True)).to_be_hidden()
    assert page.locator("main a:visible").all_inner_texts() == []


def test_how_somebody_is_and_what_they_want(running: Running, tab: Watched, referred: str) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases?show=new")
    tab.click("link", referred)
    tab.click("link", "Note what they want")
    tab.click("button", "Save")
    expect(page.get_by_role("alert").get_by_text("Write what they want")).to_be_visible()
    page.get_by_label("What do they want, in their own words?").fill("I want to sing again")
    page.get_by_label("The first thing to do for it (if you know)").fill("Ring the choir")
    page.get_by_label("I do").check()
    tab.click("button", "Save")
    expect(page.get_by_role("heading", name="I want to sing again")).to_be_visible()
    tab.click("button", "It is done ‘Ring the choir’")
    expect(page.get_by_text("Ring the choir (the link worker does it): done today")).to_be_visible()
    tab.click("link", "Say what came of it ‘I want to sing again’")
    page.get_by_label("They got there").check()
    tab.click("button", "Save")
    expect(page.get_by_text("They got there")).to_be_visible()

    for day, satisfied, anxious in (("1", "4", "8"), ("2", "6", "5")):
        tab.click("link", "Note how they are")
        page.get_by_label("Overall, how satisfied are you with your life nowadays?").fill("11")
        page.get_by_label("Overall, how anxious did you feel yesterday?").fill(anxious)
        page.get_by_role("group", name="How often do you feel left out?").get_by_label(
            "Often"
        ).check()
        page.locator("#swemwbs-not-asked").select_option("did-not-want-to")
        for part, value in (("Day", day), ("Month", "3"), ("Year", "2026")):
            page.get_by_label(part, exact=True).fill(value)
        tab.click("button", "Save")
        wrong = page.get_by_role("alert").get_by_role("link")
        expect(wrong).to_have_text("Type a whole number from 0 to 10")
        page.get_by_label("Overall, how satisfied are you with your life nowadays?").fill(satisfied)
        tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("what was not answered")
    expect(page.get_by_text("6 of 10 (medium), 2 March 2026").first).to_be_visible()
    expect(page.get_by_text("2 more than on 1 March 2026: better")).to_be_visible()
    expect(page.get_by_text("3 less than on 1 March 2026: better")).to_be_visible()
    none = "Loneliness, three questions: 2 of the questions not answered, so there is no sum"
    expect(page.get_by_text(none)).to_be_visible()
    expect(page.get_by_text("SWEMWBS: they did not want to")).to_be_visible()
    page.get_by_text("Charts and all numbers").click()
    line = page.get_by_role("img", name="Satisfied with life, from 4 of 10")
    expect(line).to_be_visible()
    tab.judged()

    tab.click("link", "Give it to a colleague")
    page.get_by_label(WORKER.name).check()
    tab.click("button", "Save")
    page.goto(f"{running.url}/cases?show=mine")
    expect(page.get_by_role("link", name=referred, exact=True)).to_be_visible()
    tab.click("link", "Who has what in the team")
    expect(page.get_by_role("link", name=WORKER.name)).to_be_visible()
    assert not page.get_by_role("button", name="Give them").count(), "that is the lead's to do"


def test_a_person_is_found_by_the_beginning_of_their_name(
    running: Running, tab: Watched, referred: str
) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases")
    tab.click("link", "Look for a person")
    page.get_by_label("Last name, or NHS number").fill("")
    tab.click("button", "Look")
    expect(page.get_by_role("alert").get_by_text("Type a name or an NHS number")).to_be_visible()
    page.get_by_label("Last name, or NHS number").fill(referred.split()[1][:-2].lower())
    tab.click("button", "Look")
    assert urlsplit(page.url)[2:] == ("/cases/search", "", ""), "no name stands in an address"
    tab.click("link", referred)
    expect(tab.heading).to_have_text(referred)
    page.go_back()
    page.get_by_label("Last name, or NHS number").fill("nobody <b>'s</b> Quxxel, at all|$\\")
    tab.click("button", "Look")
    expect(page.get_by_text("Your team has nobody like that")).to_be_visible()


def test_two_at_one_referral_do_it_once(running: Running, tab: Watched, referred: str) -> None:
    """Both have the page with the button; the second one is told that the case moved on."""
    page = tab.page
    page.goto(f"{running.url}/cases?show=new")
    tab.click("link", referred)
    other = page.context.new_page()
    other.goto(page.url)
    tab.click("button", "Take it on")
    other.get_by_role("button", name="Take it on").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("That is not possible now")
    other.close()


def test_somebody_sees_their_sign_ins_and_comes_back(running: Running, tab: Watched) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases")
    tab.click("link", "Your sign-ins")
    expect(tab.heading).to_have_text("Your sign-ins")
    tab.click("link", "Back to Kersey")
    expect(tab.heading).to_have_text("Your list")


def test_another_teams_case_is_not_there(running: Running, tab: Watched) -> None:
    page = tab.page
    page.goto(f"{running.url}/cases/{uuid4()}")
    expect(tab.heading).to_have_text("This is not here")
    tab.judged()
