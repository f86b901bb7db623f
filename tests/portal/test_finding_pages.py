"""What fits, and asking for it: words of danger, what was not meant, and what goes along."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from fastapi import Body
from fastapi.responses import JSONResponse

from services.portal.front_door.words import NEEDS
from services.providers.matching.request import MatchRequest
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    led,
    send,
    trial,
    with_pages,
)

SERVICE = "8d0f0c52-2b8c-4a6e-8f55-0f6ec1c8a001"
SAID = "I want to end my life. I'm not lonely."
CLOSED = "8d0f0c52-2b8c-4a6e-8f55-0f6ec1c8a009"
BEYOND = "11111111-0000-4000-8000-000000000006"
ASKED: list[dict[str, Any]] = []
SENT: list[dict[str, Any]] = []
FITTING = {"total": 1}
TIER = {"is": 2}
UNKNOWN = {"district": "HG1"}
NEW = "BD8 9ZZ"
"""Of a house that is newer than the directory's files."""

OFFER: dict[str, Any] = {
    "service": {
        "id": SERVICE,
        "name": "Quick Circuits",
        "eligibility_description": "<p>Adults &amp; young people</p>",
    },
    "provider": {"id": SERVICE, "name": "Dyehouse Yard"},
    "capacity": {"state": "taking"},
    "when": ["Tuesday 10:00 to 12:00"],
    "reasons": ["helps with loneliness"],
    "ask": [],
    "check": ["for women only: check that this suits"],
}

MISSES = [
    OFFER
    | {
        "service": {"id": key, "name": name},
        "check": [],
        "excluded": [{"criterion": criterion, "hard": hard, "reason": reason}],
    }
    for key, name, criterion, hard, reason in (
        (CASE, "Far Away", "distance", False, "about 9.0 km away, farther than about 2.0 km"),
        (CLOSED, "Closed to Them", "age", True, "for people aged 60 and over"),
        (BEYOND, "Sixth", "cost", False, "£9 a session, more than £3"),
    )
]
"""What nearly fits; the last is on no page."""


LATER = "8d0f0c52-2b8c-4a6e-8f55-0f6ec1c8a002"


def _page(offset: int) -> list[dict[str, Any]]:
    """The one service of each page; none behind the last."""
    if offset >= FITTING["total"]:
        return []
    later = {"service": {"id": LATER, "name": f"After {offset}"}, "check": []}
    return [OFFER | later if offset else OFFER]


@trial.post("/directory/match")
def matched(asked: dict[str, Any] = Body()) -> Any:
    """What the directory would say of these words."""
    ASKED.append(asked)
    if asked.get("near", "").startswith(UNKNOWN["district"]):
        detail = "The first part of the postcode, 'HG1', is not a district we know."
        return JSONResponse({"title": "no", "detail": detail, "element": "near"}, 400)
    if asked.get("near") in (NEW, NEW.replace(" ", "")):
        said = {"detail": "The second part is not known.", "reason": "unknown-second-part"}
        return JSONResponse({"title": "no", "element": "near"} | said, 400)
    without = asked.get("without", {}).get("activity", [])
    if {*without} - {"singing"}:
        return JSONResponse({"title": "no such code", "element": "without.activity"}, 400)
    understood = {} if without else {"activity": ["singing"]}
    if "about" in asked:
        alone = [each for each in MISSES if each["service"]["id"] == asked["about"]]
        return {"near_misses": alone if "matters" in asked or alone[:1] == MISSES[1:2] else []}
    return {
        "notice": {"code": "danger", "kinds": ["self-harm", "no-food"], "text": "Call 999."},
        "understood": understood,
        "denied": {"need": ["loneliness"]},
        "names": {"activity": {"singing": "Singing & choirs"}, "need": {"loneliness": "Lonely"}},
        **FITTING,
        "matches": _page(asked["offset"]),
        "near_misses": MISSES[:2],
    }


@trial.post("/referrals/cases/{case}/requests")
def requested(case: str, asked: dict[str, Any] = Body()) -> dict[str, Any]:
    """A request that was sent."""
    SENT.append(asked)
    return {}


@trial.get("/directory/listings/{service}")
def listed(service: str) -> dict[str, Any]:
    """A service for women."""
    return {
        "id": service,
        "name": "Quick Circuits",
        "eligibility_description": OFFER["service"]["eligibility_description"],
        "kersey": {"terms": {"company": ["women"]}, "tier": TIER["is"]},
    }


@pytest.fixture
def http(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    """A link worker's browser; the person's record has an access need."""
    needs = [{"code": "hearing-loop", "detail": ""}]
    monkeypatch.setitem(PAGE, "record", {"access_needs": needs, "contacts": []})
    ASKED.clear()
    SENT.clear()
    browser = pages.browser()
    pages.come(browser, pages.person("link-worker"))
    return browser


def look(http: httpx.Client, **chosen: Any) -> str:
    """Look for a service; the page of what fits."""
    form = http.get(f"/cases/{CASE}/find")
    return led(http, send(http, form, **({"matters": SAID, "by": ""} | chosen))).text


def test_words_of_danger_come_first_and_what_fits_is_shown_all_the_same(http: httpx.Client):
    page = look(http)
    notice = page.index("These words may mean danger")
    for said in (
        "call 999",
        "choose 2",
        "116 123",
        "ending their life",
        "Get them a food parcel today",
        f'href="/cases/{CASE}/worries"',
    ):
        assert notice < page.index(said, notice) < page.index("Quick Circuits"), said
    assert SAID not in page


def test_a_service_that_begins_later_is_not_said_to_take_people_now(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    assert "Taking people now" in look(http)
    later = {"state": "taking", "places": 2, "first_date": "2099-02-27"}
    monkeypatch.setitem(OFFER, "capacity", later)
    page = look(http)
    assert "Taking people from a later day" in page.partition("Nearly")[0]


def test_an_unknown_postcode_is_said_at_its_field_and_none_finds(http: httpx.Client):
    form = http.get(f"/cases/{CASE}/find")
    said = led(http, send(http, form, matters=SAID, near="HG1 1AA", by=""))
    assert said.status_code == 422
    fault = re.search(r'id="near-error".*?</span>([^<]+)', said.text, re.DOTALL)
    assert fault
    assert "leave it empty to look everywhere" in fault[1]
    assert 'href="#near"' in said.text
    assert 'value="HG1 1AA"' in said.text
    assert SAID.split(".", maxsplit=1)[0] in said.text, "the form is kept"
    assert "Quick Circuits" in led(http, send(http, said, near="")).text


@pytest.mark.parametrize("near", [NEW, "bd89zz"])
def test_a_postcode_of_a_new_house_is_said_at_its_field_and_its_first_part_finds(
    http: httpx.Client, near: str
):
    form = http.get(f"/cases/{CASE}/find")
    said = led(http, send(http, form, matters=SAID, near=near, by="bus"))
    assert said.status_code == 422
    fault = re.search(r'id="near-error".*?</span>([^<]+)', said.text, re.DOTALL)
    assert fault
    assert "We do not know the second part of this postcode, 9ZZ. Check it." in fault[1]
    assert "type only the first part, BD8, or a postcode near by" in fault[1]
    assert f'value="{near}"' in said.text
    assert SAID.split(".", maxsplit=1)[0] in said.text, "the form is kept"
    assert "Quick Circuits" in led(http, send(http, said, near="BD8", by="bus")).text


def test_what_speaks_against_a_service_is_measured_from_the_first_part_of_a_new_postcode(
    http: httpx.Client,
):
    form = http.get(f"/cases/{CASE}/find")
    send(http, form, matters=SAID, by="bus", near=NEW)
    assert http.get(f"/cases/{CASE}/ask/{CLOSED}").status_code == 422
    assert (ASKED[-1]["near"], ASKED[-1]["travel"]) == ("BD8", {"by": "bus"})


def test_whoever_ticks_every_need_asks_what_the_directory_takes(http: httpx.Client):
    look(http, needs=list(NEEDS))
    assert MatchRequest.model_validate(ASKED[-1]).needs == tuple(NEEDS)


def test_what_is_not_shown_is_said_with_how_to_narrow(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    all_of_it = look(http)
    assert "This page shows" not in all_of_it, "all that fits is shown"
    assert "The next" not in all_of_it
    monkeypatch.setitem(FITTING, "total", 78)
    page = look(http)
    assert "78 services fit." in page
    assert "This page shows 1 to 1, the best first." in page
    assert f'<a href="/cases/{CASE}/find">say more of what you look for</a>' in page
    assert "The next 10" in page
    assert "The next 8" in http.get(f"/cases/{CASE}/found?page=7").text
    last = http.get(f"/cases/{CASE}/found?page=8").text
    assert (ASKED[-1]["offset"], "The next" in last, "Those before" in last) == (70, False, True)
    behind = http.get(f"/cases/{CASE}/found?page=9")
    assert (behind.status_code, behind.headers["location"]) == (303, f"/cases/{CASE}/found")


def test_what_was_ticked_on_one_page_is_compared_with_what_stands_on_another(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(FITTING, "total", 12)
    look(http)
    second = http.get(f"/cases/{CASE}/found?page=2&service={SERVICE}").text
    assert "What you ticked on another page is kept." in second
    kept = re.search(r'<form id="compare".*?</form>', second, re.DOTALL)
    assert kept
    assert f'type="hidden" name="service" value="{SERVICE}"' in kept[0]
    assert "Far Away" not in second, "what nearly fits is on the first page"
    compared = http.get(f"/cases/{CASE}/compare?service={SERVICE}&service={LATER}").text
    assert "Quick Circuits" in compared
    assert "After 10" in compared
    assert f"/cases/{CASE}/found?page=1&amp;service={SERVICE}&amp;service={LATER}" in compared
    again = http.get(f"/cases/{CASE}/found?page=1&service={SERVICE}").text
    assert re.search(rf'value="{SERVICE}" form="compare" checked', again)
    mapped = http.get(f"/cases/{CASE}/map?page=2").text
    assert "After 10" in mapped
    assert f'href="/cases/{CASE}/found?page=2"' in mapped


@pytest.mark.parametrize("page", ["found", "map", f"compare?service={SERVICE}"])
def test_a_postcode_that_nobody_knows_any_more_is_said_at_its_field_on_each_page(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, page: str
):
    look(http, near="BD8 1AA")
    monkeypatch.setitem(UNKNOWN, "district", "BD8")
    said = http.get(f"/cases/{CASE}/{page}")
    assert said.status_code == 422
    assert "We do not know where this postcode is." in said.text
    assert 'value="BD8 1AA"' in said.text
    found = led(http, send(http, said, near="", matters=SAID, by=""))
    assert "Quick Circuits" in found.text, "and it goes on from there"


def test_what_was_understood_is_said_in_words_and_can_be_taken_away(http: httpx.Client):
    page = look(http)
    assert "so we left it out: Feeling lonely" in page
    away = re.search(r'name="without" value="([^"]+)"', page)
    assert away
    assert "Singing &amp; choirs" in page
    at = f"/cases/{CASE}/found"
    less = led(http, send(http, http.get(at), without=away[1]))
    assert str(less.url).endswith(at), "what they mean stands in no address"
    assert ASKED[-1]["without"] == {"activity": ["singing"]}
    assert "<s>Singing &amp; choirs</s>" in less.text
    assert "without" in ASKED[-1], "asked anew"
    look(http)
    assert ASKED[-1]["without"] == {"activity": ["singing"]}, "for the same words it stays so"
    put_back = re.search(r'name="with" value="([^"]+)"', http.get(at).text)
    assert put_back
    led(http, send(http, http.get(at), **{"with": put_back[1]}))
    assert "without" not in ASKED[-1]
    led(http, send(http, http.get(at), without="activity/singing"))
    look(http, matters="I sing")
    assert "without" not in ASKED[-1], "other words are read anew"


def test_what_they_deny_and_somebody_ticked_is_not_said_to_be_left_out(http: httpx.Client):
    page = look(http, needs=["loneliness"])
    assert ASKED[-1]["needs"] == ["loneliness"]
    assert "we left it out" not in page
    assert "so we looked for it all the same: Feeling lonely" in page


def test_what_nobody_knows_is_not_taken_away(http: httpx.Client):
    look(http)
    at = f"/cases/{CASE}/found"
    assert send(http, http.get(at), without="activity/golf").status_code == 400
    assert http.get(at).status_code == 200
    assert "without" not in ASKED[-1], "nothing was kept"


def test_whom_a_group_is_for_is_asked_and_said_where_nobody_asked(http: httpx.Client):
    page = look(http, company="men")
    assert ASKED[-1]["company"] == "men"
    assert "<strong>For women only: check that this suits.</strong>" in page
    assert "</strong> Adults &amp; young people" in page
    look(http)
    assert "company" not in ASKED[-1], "no matter"
    asking = http.get(f"/cases/{CASE}/ask/{SERVICE}").text
    assert "For women only: check that this suits." in asking
    assert "</strong> Adults &amp; young people" in asking


def test_why_a_near_miss_was_left_out_stands_in_plain_words(http: httpx.Client):
    missed = look(http).partition("What nearly fits")[2]
    assert "about 9.0 km away, farther than about 2.0 km" in missed
    assert ">distance<" not in missed


def test_what_was_chosen_goes_along_to_the_service(http: httpx.Client):
    look(http, days=["TU", "TH"], access=["bsl"], needs=["loneliness"])
    asking = http.get(f"/cases/{CASE}/ask/{SERVICE}")
    assert 'value="Tuesday, Thursday"' in asking.text
    chosen = re.findall(r'name="access_needs"[^>]*value="([^"]+)" checked', asking.text)
    assert chosen == ["bsl", "hearing-loop"], "what is on record stays"
    check = led(
        http,
        send(
            http,
            asking,
            needs="loneliness",
            when="Tuesday, Thursday",
            access_needs=["bsl", "hearing-loop"],  # type: ignore[arg-type]
        ),
    )
    now = check.text.partition("Now, without a name")[2].partition("Once it said yes")[0]
    assert "Tuesday, Thursday" in now
    assert "British Sign Language, A hearing loop" in now


def test_a_near_miss_is_asked_for_a_reason_that_stays_with_the_team(http: httpx.Client):
    look(http)
    asking = http.get(f"/cases/{CASE}/ask/{CASE}")
    assert "Against it: about 9.0 km away, farther than about 2.0 km" in asking.text
    silent = send(http, asking, needs="loneliness")
    assert silent.status_code == 422
    assert "Say why you ask all the same" in silent.text
    why = {"override-distance": "Her neighbour drives there."}
    check = led(http, send(http, asking, needs="loneliness", **why))
    told, _, team = check.text.partition("For your team alone")
    assert "Her neighbour drives there." not in told
    assert re.search(r"How far it is.*Her neighbour drives there\.", team, re.DOTALL)
    send(http, check)
    assert SENT[-1]["overrides"] == [
        {"criterion": "distance", "reason": "Her neighbour drives there."}
    ]


def test_what_speaks_against_a_service_is_asked_also_where_no_page_showed_it(http: httpx.Client):
    assert "Sixth" not in look(http)
    asking = http.get(f"/cases/{CASE}/ask/{BEYOND}").text
    assert "Against it: £9 a session, more than £3" in asking


def test_a_limit_of_safety_or_law_holds_also_where_nobody_looked(http: httpx.Client):
    assert http.get(f"/cases/{CASE}/ask/{CLOSED}").status_code == 422
    assert ASKED[-1]["about"] == CLOSED
    assert ASKED[-1].keys() <= {"about", "age"}


def test_a_limit_of_safety_or_law_holds_also_where_nobody_knows_the_postcode(http: httpx.Client):
    form = http.get(f"/cases/{CASE}/find")
    send(http, form, matters=SAID, by="", near="HG1 1AA")
    assert http.get(f"/cases/{CASE}/ask/{CLOSED}").status_code == 422
    assert ASKED[-1]["about"] == CLOSED
    assert "near" not in ASKED[-1]


def test_what_another_search_has_against_it_is_asked_before_it_is_sent(http: httpx.Client):
    asking = http.get(f"/cases/{CASE}/ask/{CASE}")
    assert "Against it" not in asking.text, "nobody looked yet"
    check = led(http, send(http, asking, needs="loneliness"))
    look(http)
    again = led(http, send(http, check))
    assert str(again.url).endswith(f"/ask/{CASE}")
    assert "Against it" in again.text
    assert not SENT


def test_a_limit_of_safety_or_law_is_asked_by_no_address(http: httpx.Client):
    missed = look(http).partition("What nearly fits")[2]
    assert f"/ask/{CLOSED}" not in missed
    refused = http.get(f"/cases/{CASE}/ask/{CLOSED}")
    assert refused.status_code == 422
    assert "This is a limit of safety or law" in refused.text


def test_when_an_agreement_to_share_ends_goes_along_to_the_end_of_that_day(http: httpx.Client):
    last = datetime.now(UTC).date() + timedelta(days=40)
    day = {"expires-day": f"{last.day}", "expires-month": f"{last.month}"}
    look(http)
    at = f"/cases/{CASE}/ask/{SERVICE}"
    agreed = {"needs": "loneliness", "share": "name", "how": "verbal"}
    over = send(http, http.get(at), **agreed, **day, **{"expires-year": f"{last.year - 1}"})
    assert over.status_code == 422
    assert "Type today or a day to come" in over.text
    check = led(http, send(http, over, **agreed, **day, **{"expires-year": f"{last.year}"}))
    assert f"It ends on {last.day} " in check.text
    send(http, check)
    ends = datetime.fromisoformat(SENT[-1]["expires"])
    assert (ends.date(), ends.time()) == (last, time(23, 59, 59))


def test_an_agreement_has_no_end_that_nobody_said(http: httpx.Client):
    look(http)
    at = f"/cases/{CASE}/ask/{SERVICE}"
    check = led(http, send(http, http.get(at), needs="loneliness", share="name", how="verbal"))
    assert "It ends on" not in check.text
    send(http, check)
    assert SENT[-1]["expires"] is None


def test_of_a_service_for_signposting_alone_nothing_is_offered_to_share(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    look(http)
    at = f"/cases/{CASE}/ask/{SERVICE}"
    assert 'name="share"' in http.get(at).text
    monkeypatch.setitem(TIER, "is", 1)
    page = http.get(at)
    assert 'name="share"' not in page.text
    assert "This service is listed for signposting" in page.text
    assert f'href="/cases/{CASE}/leaflet/{SERVICE}"' in page.text
    send(http, led(http, send(http, page, needs="loneliness", share="name", how="verbal")))
    assert SENT[-1]["share"] == {}


def test_who_said_no_already_is_marked(http: httpx.Client, monkeypatch: pytest.MonkeyPatch):
    before = "You asked them for this person:"
    assert before not in look(http)
    asked: dict[str, Any] = {
        "id": CLOSED, "kind": "provider", "status": "rejected",
        "business_status": "provider-declined", "reason": "full", "note": None,
        "service": SERVICE, "service_name": "Quick Circuits", "owner": CASE, "answered": None,
        "sharing": False, "agreement_ends": None, "service_withdrawn": None, "first_visit": None,
        "service_request": CASE, "updated": "2026-03-02T10:00:00Z", "overrides": [],
    }  # fmt: skip
    monkeypatch.setitem(PAGE["case"], "tasks", [*PAGE["case"]["tasks"], asked])
    page = look(http)
    assert page.count(before) == 1
    assert "</strong> said no" in page
