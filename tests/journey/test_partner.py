"""A lived-experience partner reads what there is and what messages say, and meets nobody in it."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.naughty import NAUGHTY
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVICES, MESSAGES = "/what-there-is", "/what-messages-say"


def test_what_there_is_is_found_by_need_and_place(partner: Visitor) -> None:
    found = partner.get(f"{SERVICES}?need=loneliness&near=BD18")
    check_page(Page(found))
    assert '<li class="kersey-service">' in found.text
    assert "for loneliness" not in found.url.path
    assert "/ask/" not in found.text, "nobody is asked from here"
    further = partner.get(f"{SERVICES}?need=loneliness")
    at = re.search(r'href="(/what-there-is\?[^"]*page=2)"', further.text)
    if at:
        check_page(Page(partner.get(at[1].replace("&amp;", "&"))))
    for unknown in ("nowhere", "ZZ99 9ZZ"):
        wrong = partner.get(f"{SERVICES}?near={unknown}")
        assert wrong.status_code == 422
        assert "We do not know where this postcode is" in wrong.text
        assert f'value="{unknown}"' in wrong.text
    for words in NAUGHTY[:12]:
        looked = partner.http.get(SERVICES, params={"near": words, "need": "money"})
        assert looked.status_code in (200, 422), words
        check_page(Page(looked))
    assert partner.get(f"{SERVICES}?need=king").url.query == b""


def test_what_messages_say_is_there_in_every_language(partner: Visitor) -> None:
    page = partner.get(MESSAGES)
    check_page(Page(page))
    assert "Kath" in page.text
    languages = re.findall(r'href="/what-messages-say\?language=([a-z-]+)"', page.text)
    assert set(languages) >= {"en", "en-easy", "pl", "ur", "pa"}
    for code in languages:
        check_page(Page(partner.get(f"{MESSAGES}?language={code}")))
    assert 'dir="rtl"' in partner.get(f"{MESSAGES}?language=ur").text
    assert partner.get(f"{MESSAGES}?language=xx").url.query == b""


def test_these_pages_are_for_partners(partner: Visitor, manager: Visitor) -> None:
    for path in (SERVICES, MESSAGES):
        assert manager.get(path).status_code == 403
    for path in ("/cases", "/figures", "/people", "/our-referrals", "/hub/announcements", "/hub"):
        assert partner.get(path).status_code == 403, path


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, partner: Visitor
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(partner.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        tab.page.goto(running.url + SERVICES)
        tab.judged()
        tab.page.get_by_label("What would somebody like help with?").select_option("Feeling lonely")
        tab.click("button", "Look")
        expect(tab.page.locator(".kersey-service").first).to_be_visible()
        tab.click("link", "What our messages say")
        expect(tab.heading).to_have_text("What our messages say")
        context.close()
        assert tab.found == []
