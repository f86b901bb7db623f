"""People come in by other ways than a referral: to a provider, by phone and on paper (care 22)."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor, hidden
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


PAPER = {
    "entered": "paper",
    "paper_day": "2",
    "paper_month": "11",
    "paper_year": "2026",
    "referrer_name": "Jo",
    "relation": "daughter",
    "referrer_phone": "07700 900222",
    "words": "Mum is lonely.",
    "given": "Edna",
    "agreed": "yes",
    "agreed_how": "in-person",
}
"""A letter of a daughter."""


@pytest.fixture(scope="module")
def lead(running: Running) -> Iterator[Visitor]:
    """The lead of the Bradford link workers."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


def chosen(page: httpx.Response, field: str, words: str = "") -> str:
    """The value of an option of a list on a page."""
    options = page.text.partition(f'name="{field}"')[2].partition("</select>")[0]
    found = re.search(rf'<option value="([^"]+)"[^>]*>[^<]*{words}', options)
    assert found, options
    return found[1]


def came(page: httpx.Response, **more: Any) -> dict[str, Any]:
    """What a provider types of somebody who came."""
    return {
        "service": chosen(page, "service"),
        "hub": chosen(page, "hub", "Bradford"),
        "given": "Walter",
        "family": f"Walker-{uuid4().hex[:6]}",
        "phone": "07700 900123",
        "phone_safe": "yes",
        "needs": "loneliness",
        "agreed": "yes",
        "agreed_how": "verbal",
        "tell_team": "yes",
    } | more


def test_whoever_came_by_themselves_is_on_the_lists_of_both_where_they_agree(
    manager: Visitor, lead: Visitor
) -> None:
    page = manager.get("/requests/walk-in")
    typed = came(page)
    empty = manager.fill(page)
    assert empty.status_code == 422
    check_page(Page(empty))
    for words in ("Choose the group", "Type a name", "Without their word", "Choose yes or no"):
        assert words in empty.text
    shown = manager.fill(manager.get("/requests/walk-in"), **typed)
    assert "They are on your list now" in shown.text
    assert "They agreed that a link worker hears of it" in shown.text
    check_page(Page(shown))
    task = str(shown.url.path).rpartition("/")[2]
    new = manager.get("/requests")
    assert f"/requests/{task}" in new.text
    assert "No answer is needed" in new.text
    assert f"/requests/{task}" in manager.get("/requests?folder=going").text
    register = manager.get(f"/registers/{typed['service']}").text
    days = re.findall(rf'href="(/registers/{typed["service"]}/[0-9-]+)"', register)
    assert typed["family"] in manager.get(max(days)).text

    looked = lead.fill(lead.get("/cases/search"), words=typed["family"])
    (case,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    told = lead.get(case)
    assert "came to a group by themselves" in told.text
    assert "They came to the group" in told.text
    check_page(Page(told))


def test_what_is_sent_again_because_no_answer_came_is_written_down_once(
    manager: Visitor, lead: Visitor
) -> None:
    """The page that keeps what was typed has a new number, so that it is sent at all."""
    for visitor, at, typed in (
        (manager, "/requests/walk-in", came(manager.get("/requests/walk-in"))),
        (lead, "/take-down/family", PAPER | {"family": f"Paper-{uuid4().hex[:6]}"}),
    ):
        form = hidden(visitor.get(at).text.partition("<main")[2]) | typed
        number = hidden(visitor.get(at).text)["form_number"]
        first, again, other = (
            visitor.http.post(at, data=form | more).headers["location"]
            for more in ({}, {"form_number": number}, {"form_number": f"{number}x", "given": "Ed"})
        )
        assert first == again != other


def test_what_stays_with_the_provider_is_told_to_a_link_worker_only_on_their_word(
    manager: Visitor, lead: Visitor, coordinator: Visitor
) -> None:
    page = manager.get("/requests/walk-in")
    typed = came(page, tell_team="no")
    shown = manager.fill(page, **typed)
    assert "No link worker hears of it" in shown.text
    assert "Messages with the link worker" not in shown.text
    task = str(shown.url.path).rpartition("/")[2]
    for other in (lead, coordinator):
        looked = other.fill(other.get("/cases/search"), words=typed["family"])
        assert "/cases/" not in looked.text.partition("<main")[2].replace("/cases/search", "")
    told = manager.send(f"/requests/{task}", f"/requests/{task}/tell-team")
    assert "They agreed that a link worker hears of it" in told.text
    assert typed["family"] in lead.fill(lead.get("/cases/search"), words=typed["family"]).text


def test_a_link_worker_takes_down_a_letter(lead: Visitor) -> None:
    page = lead.get("/take-down/family")
    wrong = lead.fill(page, entered="paper", given="Edna")
    assert wrong.status_code == 422
    check_page(Page(wrong))
    for words in ("Type the day", "Choose how they agreed", "Type your name"):
        assert words in wrong.text
    family = f"Paper-{uuid4().hex[:6]}"
    done = lead.fill(lead.get("/take-down/family"), **PAPER, family=family)
    assert re.search(r"Its number is (\w{3}-){2}\w{3}", done.text), done.text
    looked = lead.fill(lead.get("/cases/search"), words=family)
    (case,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    told = lead.get(case).text
    for words in ("On paper", "2 November 2026", "daughter", "Taken down by"):
        assert words in told
    assert "somebody of the hub" not in told, "the name of whoever typed it"


def test_two_of_one_name_are_told_apart_by_their_dates_of_birth(lead: Visitor) -> None:
    family = f"Namesake-{uuid4().hex[:6]}"
    number = "999 012 3462"
    for given, year, more in (("Ada", "1951", {"nhs_number": number}), ("Ava", "1952", {})):
        once = PAPER | {"family": family, "given": given, "day": "2", "month": "3", "year": year}
        lead.fill(lead.get("/take-down/family"), **once | more)

    def found(words: str, born: str = "") -> set[str]:
        looked = lead.fill(lead.get("/cases/search"), words=words, born=born)
        assert looked.status_code == 200, looked.text
        assert urlsplit(str(looked.url))[2:] == ("/cases/search", "", ""), "no name in an address"
        return set(re.findall(rf"(A[dv]a) {family}", looked.text))

    assert found(family) == {"Ada", "Ava"}
    assert found(family, "2/3/1951") == {"Ada"}
    assert found(f"Mrs {family.lower()[:-1]}", "2 March 52") == {"Ava"}
    assert found(f"{family}, Ava") == {"Ada", "Ava"}, "the last name, before a comma too"
    assert found(family, "3/3/1951") == set()
    assert "Take down somebody new" in lead.get("/cases/search").text
    for written in (number, number.replace(" ", ""), number.replace(" ", "-")):
        assert found(written) == {"Ada"}
    wrong = lead.fill(lead.get("/cases/search"), words="999 012 346", born="Easter 1951")
    assert wrong.status_code == 422
    check_page(Page(wrong))
    for words in ("This is no NHS number", "Type the day, the month and the year", "Easter 1951"):
        assert words in wrong.text


def test_whoever_is_on_the_list_already_is_shown_before_they_are_taken_down_anew(
    lead: Visitor, coordinator: Visitor
) -> None:
    family = f"Twice-{uuid4().hex[:6]}"
    once = PAPER | {"family": family, "day": "2", "month": "3", "year": "1951"}
    at = "/take-down/family"
    assert "Its number is" in lead.fill(lead.get(at), **once).text, "nobody knew them"
    twice = once | {"given": "Eddie", "words": "Mum fell."}
    asked = lead.fill(lead.get(at), **twice)
    check_page(Page(asked))
    assert "Is it one of these?" in asked.text
    (case,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', asked.text))
    assert family in lead.get(case).text
    assert "Mum fell." in asked.text, "what was typed is kept"
    anew = lead.fill(asked, **twice)
    assert "Its number is" in anew.text
    looked = lead.fill(lead.get("/cases/search"), words=family)
    assert len(set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))) == 2
    other = lead.fill(lead.get(at), **once | {"given": "Edith", "day": "3"})
    assert "Its number is" in other.text, "another day of birth is another person"
    hub = coordinator.fill(coordinator.get(at), **once | {"given": "Edwin"})
    assert "Is it one of these?" not in hub.text, "a hub is told nobody's name"


def test_only_link_workers_and_hubs_take_down(manager: Visitor, lead: Visitor) -> None:
    assert manager.get("/take-down").status_code == 403
    assert manager.force("/take-down/self", given="A").status_code == 403
    assert lead.get("/take-down/nobody").status_code == 404
    assert lead.get("/requests/walk-in").status_code == 403


def test_axe_finds_nothing_on_these_pages(
    running: Running, browser: Browser, manager: Visitor, lead: Visitor
) -> None:
    for visitor, paths in (
        (manager, ["/requests/walk-in"]),
        (lead, ["/take-down", "/take-down/self", "/take-down/hospital"]),
    ):
        context = browser.new_context(viewport={"width": 320, "height": 640})
        context.add_cookies(visitor.cookies)
        tab = Watched(context.new_page(), 320, scripts=True)
        for path in paths:
            tab.page.goto(running.url + path)
            tab.judged()
            button = tab.page.locator("main form button").last
            if button.count():
                with tab.page.expect_navigation():
                    button.click()
                expect(tab.page).to_have_title(re.compile("^Error: "))
                tab.judged()
        context.close()
        assert tab.found == []
