"""A hub's limits and a group's closing days: typed in plain fields, told back in plain words."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from shared.limits import defaults
from tests.markup.html_validate import faults
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    send,
    trial,
    with_pages,
)

PROVIDER = uuid4()
SENT: list[tuple[str, str, Any]] = []
REFUSES: list[Response] = []
HISTORY: list[dict[str, Any]] = []


@trial.get("/referrals/limits")
def limits() -> dict[str, Any]:
    """The hub's limits."""
    usual = defaults().model_dump()
    now = HISTORY[0]["limits"] if HISTORY else usual
    return {"hub": "bradford", "limits": now, "defaults": usual, "history": HISTORY}


@trial.put("/referrals/limits")
async def changed(request: Request) -> Response:
    """Other ones."""
    SENT.append(("PUT", request.url.path, await request.json()))
    return REFUSES.pop() if REFUSES else JSONResponse({})


@trial.get(f"/directory/organizations/{PROVIDER}")
def provider() -> dict[str, str]:
    """A group."""
    return {"name": "Clay Shed"}


@trial.get(f"/directory/organizations/{PROVIDER}/closing-days")
def closing_days() -> dict[str, Any]:
    """When it is closed."""
    said = {"starts": "2026-12-22", "ends": "2027-01-04", "every_year": True, "why": "Christmas"}
    return {"contents": [said | {"id": str(uuid4())}]}


@trial.post(f"/directory/organizations/{PROVIDER}/closing-days")
async def closes(request: Request) -> Response:
    """It closes again."""
    SENT.append(("POST", request.url.path, await request.json()))
    return REFUSES.pop() if REFUSES else JSONResponse({}, 201)


@trial.delete(f"/directory/organizations/{PROVIDER}/closing-days/{{closing}}")
def opens(request: Request) -> Response:
    """It does not."""
    SENT.append(("DELETE", request.url.path, None))
    return Response(status_code=204)


# Before what other tests of the pages answer to everything.
trial.routes.sort(key=lambda route: route.endpoint.__module__ != __name__)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    for each in (SENT, REFUSES, HISTORY):
        each.clear()
    yield
    for each in (SENT, REFUSES, HISTORY):
        each.clear()


def problem(status: int, detail: str, element: str) -> JSONResponse:
    body = {"title": "No", "detail": detail, "element": element, "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")


FOUR = {"routine-nudge": "4", "why": "Small groups", "after": "0"}
AT = f"/closing-days/{PROVIDER}"
CLOSED = {
    "starts-day": "22", "starts-month": "12", "starts-year": "2027", "ends-day": "4",
    "ends-month": "1", "ends-year": "2028", "every_year": "yes", "why": "Christmas",
}  # fmt: skip


def test_a_coordinator_changes_one_number_and_says_why(pages: Pages):
    http = pages.browser()
    page = pages.come(http, pages.person("hub-coordinator"), "/hub/limits")
    assert "Nothing yet" in page.text
    answer = send(
        http,
        page,
        **typed_in(page.text) | {"routine-nudge": "4", "why": "Small groups", "after": "0"},
    )
    assert answer.headers["location"] == "/hub/limits?done=kept"
    ((_, _, body),) = SENT
    wanted = defaults().model_dump()
    wanted["routine"]["nudge"] = 4
    assert body == {"limits": wanted, "why": "Small groups", "after": 0}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"routine-nudge": ""}, "Type a number of days"),
        ({"routine-nudge": "0"}, "Type a whole number from 1 to 60"),
        ({"routine-nudge": "7"}, "Type more days than the 7 above: this comes later"),
        ({"urgent-unseen": "2", "urgent-lead": "99"}, "Type a whole number from 1 to 60"),
        ({"routine-unseen": "1", "urgent-first_contact": "6", "urgent-lead": "7"}, "at most 5"),
        ({"why": ""}, "Say why you change it"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(
    pages: Pages, typed: dict[str, str], words: str
):
    http = pages.browser()
    page = pages.come(http, pages.person("hub-coordinator"), "/hub/limits")
    answer = send(http, page, **typed_in(page.text) | {"why": "My words", "after": "0"} | typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert SENT == []
    if "why" not in typed:
        assert "My words" in answer.text


def test_who_was_overtaken_is_told_and_keeps_what_was_typed(pages: Pages):
    http = pages.browser()
    page = pages.come(http, pages.person("hub-coordinator"), "/hub/limits")
    REFUSES.append(problem(409, "Somebody changed the limits", "after"))
    answer = send(
        http,
        page,
        **typed_in(page.text) | {"routine-nudge": "4", "why": "Small groups", "after": "0"},
    )
    assert answer.status_code == 422
    assert "Somebody changed this after you opened it" in answer.text
    assert "Small groups" in answer.text


def test_the_history_says_who_when_why_and_what(pages: Pages):
    limits = defaults().model_dump()
    limits["routine"]["nudge"] = 4
    HISTORY.append(
        {"number": 1, "limits": limits, "why": "Small groups", "said_by": "x",
         "said_by_name": "Nora Field", "said": "2026-11-02T10:00:00.000Z"}
    )  # fmt: skip
    page = pages.come(pages.browser(), pages.person("hub-coordinator"), "/hub/limits")
    assert faults(page.text) == []
    assert "2 November 2026, 10:00, Nora Field" in page.text
    assert "we ask the service again after 4 working days (was 3)" in page.text
    assert 'name="after" value="1"' in page.text


@pytest.mark.parametrize("role", ["provider-manager", "hub-coordinator"])
def test_closing_days_are_said_and_taken_back(pages: Pages, role: str):
    http = pages.browser()
    page = pages.come(http, pages.person(role), AT)
    assert "22 December 2026 to 4 January 2027" in page.text
    assert faults(page.text) == []
    answer = http.post(AT, data=CLOSED | {"key": key_of(page.text)})
    assert answer.headers["location"] == f"{AT}?done=said"
    ((method, _, body),) = SENT
    assert (method, body) == (
        "POST",
        {"starts": "2027-12-22", "ends": "2028-01-04", "every_year": True, "why": "Christmas"},
    )
    gone = http.post(f"{AT}/{uuid4()}/take-back", data={"key": key_of(page.text)})
    assert gone.headers["location"] == f"{AT}?done=taken-back"
    assert SENT[-1][0] == "DELETE"


def test_a_last_day_before_the_first_is_said_at_its_field(pages: Pages):
    http = pages.browser()
    page = pages.come(http, pages.person("provider-manager"), AT)
    REFUSES.append(problem(422, "'ends' is before 'starts'", "body"))
    answer = http.post(AT, data=CLOSED | {"key": key_of(page.text)})
    assert answer.status_code == 422
    assert "The last day is before the first day. Check both" in answer.text
    assert http.post(AT, data={"key": key_of(answer.text), "why": "x"}).status_code == 422


@pytest.mark.parametrize("role", ["link-worker", "commissioner"])
def test_others_have_no_page_for_it(pages: Pages, role: str):
    http = pages.browser()
    pages.come(http, pages.person(role))
    assert http.get(AT).status_code == 403


def typed_in(page: str) -> dict[str, str]:
    """What stands in the fields of numbers, as a browser would send it."""
    inputs = re.findall(r"<input [^>]*nhsuk-input[^>]*>", page)
    found = [(re.search(r'name="([^"]+)"', e), re.search(r'value="([^"]*)"', e)) for e in inputs]
    return {name[1]: value[1] for name, value in found if name and value}


def key_of(text: str) -> str:
    return text.partition('name="key" value="')[2].partition('"')[0]
