"""A care navigator refers a patient of the practice, and sees how each of its referrals stands."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AT, NEW = "/our-referrals", "/our-referrals/new"

SAID = {
    "practice": "ZZK01",
    "referrer_name": "Carol Firth",
    "referrer_role": "Care navigator",
    "referrer_phone": "01632 960300",
    "entered": "online",
    "words": "He has been alone since his wife died.",
    "needs": "loneliness",
    "given": "Arthur",
    "phone": "07700 900321",
    "phone_safe": "yes",
    "agreed": "yes",
    "agreed_how": "in-person",
    "tell_gp": "yes",
}
"""What the navigator types while the patient sits beside them."""


def a_family() -> str:
    """A family name of its own."""
    return f"Sent-{uuid4().hex[:8]}"


def item(page: httpx.Response, family: str) -> str:
    """What a list says of somebody."""
    return page.text.partition(f"Arthur {family}")[2].partition("</li>")[0]


@pytest.fixture(scope="module")
def lead(running: Running):
    """The lead of the Bradford link workers."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


def test_the_form_knows_who_sends_and_for_which_practices(navigator: Visitor) -> None:
    page = navigator.get(NEW)
    assert 'value="Carol Firth"' in page.text
    for words in ("Thornbeck Surgery", "Hebble Bridge Surgery", "call 999"):
        assert words in page.text
    assert "Kirkstall Weir" not in page.text, "another group's"
    wrong = navigator.fill(page, given="Arthur", entered="paper", practice="ZZK07")
    assert wrong.status_code == 422
    check_page(Page(wrong))
    for words in ("Choose a GP practice", "Type the day", "Choose yes or no", "Choose how they"):
        assert words in wrong.text
    assert 'value="Arthur"' in wrong.text, "what was typed is kept"


def test_a_referral_goes_from_the_practice_to_the_team_and_its_state_comes_back(
    navigator: Visitor, lead: Visitor
) -> None:
    family = a_family()
    sent = navigator.fill(navigator.get(NEW), **SAID, family=family)
    assert re.search(r"Its number is (\w{3}-){2}\w{3}", sent.text), sent.text
    assert "Received. A link worker will look at it." in item(sent, family)
    check_page(Page(sent))

    looked = lead.fill(lead.get("/cases/search"), words=family)
    (case,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    told = lead.get(case).text
    for words in ("Carol Firth", "Thornbeck Surgery", "He has been alone"):
        assert words in told
    lead.fill(lead.get(case))
    assert "A link worker has it" in item(navigator.get(AT), family)
    lead.fill(lead.send(f"{case}/close", f"{case}/close", outcome="not-reached"))
    assert item(navigator.get(AT), family) == ""
    assert "could not be reached" in item(navigator.get(f"{AT}?show=ended"), family)


def test_of_whom_does_not_want_it_nothing_is_told(navigator: Visitor, lead: Visitor) -> None:
    family = a_family()
    sent = navigator.fill(navigator.get(NEW), **SAID | {"tell_gp": "no"}, family=family)
    assert "do not want the practice to hear" in item(sent, family)
    looked = lead.fill(lead.get("/cases/search"), words=family)
    (case,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    lead.fill(lead.get(case))
    assert "do not want the practice to hear" in item(navigator.get(AT), family)


def test_the_list_is_of_ones_own_practices_and_leads_nowhere_else(navigator: Visitor) -> None:
    page = navigator.get(AT)
    assert "Thornbeck Surgery" in page.text
    assert "Kirkstall Weir" not in page.text
    assert "/cases/" not in page.text
    for address in ("?show=all", "?practice=ZZK07", f"?after={uuid4()}", "?after=1"):
        assert navigator.get(f"{AT}{address}").status_code in (200, 422), address
    assert navigator.get(f"{AT}?practice=ZZK07").url.query == b""
    for other in ("/cases", "/take-down", "/hub/announcements", "/notices", "/requests", "/hub"):
        assert navigator.get(other).status_code in (403, 404), other


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, navigator: Visitor
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(navigator.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        tab.page.goto(running.url + AT)
        tab.judged()
        tab.click("link", "Refer a patient")
        expect(tab.heading).to_have_text("Refer a patient")
        tab.click("button", "Send the referral")
        expect(tab.page).to_have_title(re.compile("^Error: "))
        tab.page.get_by_label("GP practice").select_option("Thornbeck Surgery")
        tab.page.get_by_label("Your phone number").fill("01632 960300")
        tab.page.get_by_label("Face to face", exact=True).check()
        tab.page.get_by_label("Feeling lonely").check()
        tab.page.get_by_label("First name").fill(a_family())
        tab.page.get_by_label("The person knows about this and agrees").check()
        tab.page.get_by_label("They told me face to face").check()
        tab.page.get_by_role("group", name="May your practice").get_by_label("Yes").check()
        tab.click("button", "Send the referral")
        expect(tab.page.get_by_role("status")).to_contain_text("Its number is")
        context.close()
        assert tab.found == []
