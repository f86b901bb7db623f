"""The pages behind a link of the weekly message: one button, no account, no script."""

import pytest

from services.notifications.listings.answers import ANSWERS, CODES
from services.portal.keeping import words as keeping
from shared.messaging.events import CapacityAsked, ServicePublished
from tests.notifications.conftest import PROVIDER, SERVICE
from tests.notifications.test_capacity_links import LINK


@pytest.fixture
def links(house):
    """The path of each answer's link, as it was mailed."""
    house.contact()
    listing = {"name": "Clay & <Co>", "kersey": {"referral": {"ask_by": "turn-up"}}}
    house.happens(ServicePublished(service=SERVICE, provider=PROVIDER, listing=listing))
    house.happens(
        CapacityAsked(listing=PROVIDER, provider=PROVIDER, hub="calder", services=(SERVICE,))
    )
    house.send_about_listings()
    (mail,) = house.mails()
    found = LINK.findall(mail.get_body(("plain",)).get_content())
    return {code: f"/capacity/{token}" for code, token in zip(CODES, found, strict=True)}


def passed_on(referrals):
    return [each.json["state"] for each in referrals.requests if "/directory/" in each.path]


@pytest.mark.parametrize("code", CODES)
def test_one_button_says_what_the_link_said(browser, links, referrals, code):
    page = browser.get(links[code])
    assert page.heading == "Do you have room?"
    assert "Clay & <Co>" in page.words
    assert ANSWERS[code] in page.words
    (form,) = page.forms
    said = browser.send(form)
    assert said.heading == "Thank you"
    assert ANSWERS[code] in said.words
    assert passed_on(referrals) == [code]


def test_scanners_that_open_every_link_change_nothing(browser, links, referrals):
    for path in links.values():
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            browser.http.request(method, path)
    assert passed_on(referrals) == []


def test_no_cookie_is_set_and_no_other_site_is_told_of_the_link(browser, links):
    page = browser.get(links["full"])
    assert "set-cookie" not in page.answer.headers
    assert page.answer.headers["referrer-policy"] == "no-referrer"


def test_a_used_link_is_met_kindly(browser, links, referrals):
    browser.send(browser.get(links["full"]).forms[0])
    again = browser.get(links["full"])
    assert (again.status, again.heading) == (409, "You have told us already")
    other = browser.send(browser.get(links["taking"]).forms[0])
    assert other.heading == "Thank you"
    assert passed_on(referrals) == ["full", "taking"]


def test_a_late_link_is_met_kindly_also_by_the_button(house, browser, links, referrals):
    form = browser.get(links["full"]).forms[0]
    house.execute("update listing_delivery set created = now() - interval '15 days'")
    for page in (browser.get(links["full"]), browser.send(form)):
        assert (page.status, page.heading) == (410, "This link is too old")
    assert passed_on(referrals) == []


def test_a_closed_a_broken_and_a_long_link_are_met_kindly(house, browser, links):
    house.execute("update contact set active = false")
    page = browser.get(links["full"])
    assert (page.status, page.heading) == (410, "This link is closed")
    for path in (links["full"][:-3], "/capacity/x", f"/capacity/{'x' * 300}"):
        page = browser.get(path)
        assert (page.status, page.heading) == (404, "This link does not work")


def test_trouble_behind_is_said_and_the_link_stays_good(browser, links, referrals):
    form = browser.get(links["full"]).forms[0]
    referrals.refusal = (500, {})
    page = browser.send(form)
    assert (page.status, page.heading) == (503, "Please try again in a moment")
    referrals.refusal = None
    assert browser.send(form).heading == "Thank you"


def test_what_is_asked_twice_is_asked_alike():
    assert dict(keeping.ANSWERS) == dict(ANSWERS)
