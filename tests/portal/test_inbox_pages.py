"""A provider's inbox by itself: requests are told apart, and what is wrong stands at its field."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    with_pages,
)

referrals = APIRouter()
"""In the place of that service; of this module alone, as others answer the same addresses."""

FIRST, SECOND = "c2f7b57c-3654-47c5-8ab9-29d5da85898d", "d5529372-b13d-4bb9-a229-ba0b3ddd4eef"
THIRD = "0d0f3f16-3a55-43f7-8b1e-1f1a9a0e5b57"
GOING = {
    "provider": str(uuid4()), "status": "in-progress", "business_status": "started",
    "service": {"id": str(uuid4()), "name": "Sampler Sundays"}, "priority": "routine",
    "need": {"codes": [{"code": "loneliness"}], "text": "Would like company"},
    "when": "Sundays", "where": "", "access_needs": [], "link_worker": None, "hub": None,
    "came_by_themselves": False, "team_hears": True, "answerable": False,
    "possible": ["attend", "complete", "end-early"], "identity_available": True,
    "first_visit": None, "called_off": [], "closes": None,
}  # fmt: skip
FIRST_VISIT = {"status": "booked", "starts": "2026-12-06T14:00:00Z"}
ACCEPTED = {
    "status": "accepted", "business_status": "selected", "priority": "urgent",
    "first_visit": FIRST_VISIT,
}  # fmt: skip
ASKED = {
    "status": "requested", "business_status": "awaiting-answer", "answerable": True,
    "possible": ["accept", "decline", "waiting-list"], "identity_available": False,
    "closes": "2026-12-07T17:10:00Z",
}  # fmt: skip
MARKED: list[str] = []
MOMENTS = {"asked": "2026-11-02T09:00:00Z", "updated": "2026-11-02T09:00:00Z", "last_words": None}


@referrals.get("/referrals/requests")
def requests(folder: str) -> list[dict[str, Any]]:
    """Two about the same, for the same service; of the new ones one that waits for an answer."""
    if folder == "asked":
        return [GOING | MOMENTS | ASKED | {"task": THIRD, "reference": "0D0F 3F16"}]
    one = GOING | MOMENTS | {"task": FIRST, "reference": "C2F7 B57C"}
    return [one, one | ACCEPTED | {"task": SECOND, "reference": "D552 9372"}]


@referrals.get("/referrals/requests/{task}")
def request(task: str) -> dict[str, Any]:
    """One of them."""
    if task == THIRD:
        return GOING | ASKED | {"task": task, "reference": "0D0F 3F16"}
    view = GOING | {"task": task, "reference": "C2F7 B57C", "priority": "urgent"}
    booked = FIRST_VISIT | {"company": "volunteer"}
    return view | ACCEPTED | {"first_visit": booked} if task == SECOND else view


@referrals.get("/referrals/requests/{task}/worries")
def worries(task: str) -> list[Any]:
    """None."""
    return []


@referrals.post("/referrals/requests/{task}/progress")
def progress(task: str) -> Response:
    """A day that comes before what was told already."""
    said = {"title": "No", "detail": "This day is before 5 November 2026.", "element": "date"}
    return JSONResponse(said, 422)


@referrals.get("/referrals/registers/{service}/{day}")
def register(service: str, day: str) -> dict[str, Any]:
    """Three requests that somebody is expected by; two are of one person."""
    expected = {FIRST: "Jo Fox", SECOND: "Jo Fox", THIRD: "Ann Fox"}
    people = [{"task": each, "name": name, "mark": None} for each, name in expected.items()]
    return {"service": {"id": service, "name": "Sundays"}, "day": day, "people": people, "days": []}


@referrals.put("/referrals/requests/{task}/attendance/{day}")
def mark(task: str, day: str) -> Response:
    """The request of the first was taken back a moment ago."""
    MARKED.append(task)
    return JSONResponse({"title": "No"}, 409) if task == FIRST else JSONResponse({"before": None})


@pytest.fixture(scope="module")
def staff(pages: Pages) -> httpx.Client:
    pages.answer_first(referrals)
    http = pages.browser()
    pages.come(http, pages.person("provider-staff"))
    return http


def test_requests_about_the_same_are_told_apart_by_the_number_of_their_mails(staff: httpx.Client):
    page = staff.get("/requests?folder=going").text
    for number in ("C2F7 B57C", "D552 9372"):
        assert f"Request {number}" in page
        assert f", request {number}</span></a>" in page, "by ear too"
    assert page.count("Urgent") == 1
    assert page.count("You meet first: 6 December 2026, 14:00") == 1, "while it is to come"


def test_the_group_hears_who_comes_with_them_the_first_time(staff: httpx.Client):
    assert "Who comes with them: A volunteer." in staff.get(f"/requests/{SECOND}").text
    assert "Who comes with them" not in staff.get(f"/requests/{FIRST}").text


def test_a_request_says_its_number_and_that_it_is_urgent(staff: httpx.Client):
    page = staff.get(f"/requests/{FIRST}").text
    assert "C2F7 B57C" in page
    assert "How urgent" in page


def test_a_day_that_cannot_be_is_told_at_its_field_and_the_rest_is_kept(staff: httpx.Client):
    page = staff.get(f"/requests/{FIRST}").text
    key = page.partition('name="key" value="')[2].partition('"')[0]
    typed = {"action": "complete", "day": "1", "month": "1", "year": "2020"}
    answer = staff.post(f"/requests/{FIRST}/progress", data={"key": key} | typed)
    assert answer.status_code == 422
    assert 'href="#day"' in answer.text
    assert answer.text.count("This day is before 5 November 2026") == 2, "above, and at its field"
    assert 'value="2020"' in answer.text
    assert 'value="complete" checked' in " ".join(answer.text.split())


def test_one_request_that_changed_keeps_nobody_elses_mark_back(staff: httpx.Client):
    at = f"/registers/{uuid4()}/2026-11-01"
    page = staff.get(at).text
    key = page.partition('name="key" value="')[2].partition('"')[0]
    marks = {f"mark-{each}": "came" for each in (FIRST, SECOND)}
    led = staff.post(at, data={"key": key, "sheet": "1"} | marks)
    assert MARKED == [FIRST, SECOND]
    assert led.headers["location"] == f"{at}?done=some"
    page = staff.get(led.headers["location"]).text
    assert "could not be taken: the request has changed. The rest is saved." in page


def test_two_requests_of_one_person_are_told_apart_on_a_register(staff: httpx.Client):
    page = staff.get(f"/registers/{uuid4()}/2026-11-01").text
    names = [name.strip() for name in re.findall(r"<legend[^>]*>([^<]*)</legend>", page)]
    assert names == ["Jo Fox, request C2F7 B57C", "Jo Fox, request D552 9372", "Ann Fox"]
    for name in names:
        assert f'Their request<span class="nhsuk-u-visually-hidden"> {name}</span>' in page


def test_until_when_an_answer_is_waited_for_is_said_and_what_comes_then(staff: httpx.Client):
    said = "If you have not answered by Monday 7 December 2026, the link worker looks for something"
    for page in ("/requests", f"/requests/{THIRD}"):
        assert said in staff.get(page).text, page
    for page in ("/requests?folder=going", f"/requests/{FIRST}"):
        assert "If you have not answered" not in staff.get(page).text, page


def test_a_register_says_which_day_of_the_week_it_is(staff: httpx.Client):
    """Whoever meets each Sunday knows it by that."""
    assert "Sunday 1 November 2026" in staff.get(f"/registers/{uuid4()}/2026-11-01").text
