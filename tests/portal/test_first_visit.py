"""When somebody goes first, and who goes along: said on a page of the case, and read there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tests.identity.people import fields
from tests.markup.html_validate import faults
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)

TASK = str(uuid4())
NEXT = datetime.now(UTC) + timedelta(days=9)
SENT: list[dict[str, Any]] = []

referrals = APIRouter()


@referrals.put("/referrals/requests/{task}/first-visit")
async def first_visit(task: str, request: Request) -> JSONResponse:
    """In the place of referrals: keeps what was said."""
    SENT.append(await request.json())
    return JSONResponse({"task": task})


@pytest.fixture
def place(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A place at a choir, whose first visit is said by whoever is asked for."""
    SENT.clear()
    pages.answer_first(referrals)
    task: dict[str, Any] = {
        "id": TASK, "kind": "provider", "status": "accepted", "business_status": "selected",
        "service_name": "Choir", "reason": None, "note": None, "sharing": True,
        "service_withdrawn": None, "answered": None, "updated": "2026-03-02T12:00:00Z",
        "first_visit": None,
    }  # fmt: skip
    monkeypatch.setitem(PAGE["case"], "tasks", [*PAGE["case"]["tasks"], task])
    return task


def test_the_team_says_who_goes_along_on_the_page_of_the_day(pages: Pages, place: dict[str, Any]):
    browser = pages.browser()
    at = f"/cases/{CASE}/requests/{TASK}/first-visit"
    page = pages.come(browser, pages.person(), at)
    assert not faults(page.text), page.text
    form = fields(page.text.partition("<main")[2])
    day = {"first_day": NEXT.day, "first_month": NEXT.month, "first_year": NEXT.year}
    typed = form | {key: str(each) for key, each in day.items()} | {"first_time": "2pm"}
    typed |= {"company": "volunteer", "meet": "1:45pm, at the library"}
    assert browser.post(at, data=typed | {"first_time": "x"}).status_code == 422
    wrong = browser.post(at, data=typed | {"meet": "x" * 300})
    assert wrong.status_code == 422
    assert "300" in wrong.text
    assert SENT == []
    for more in ({}, {"company": "nobody"}, {"company": ""}):
        assert browser.post(at, data=typed | more).is_redirect
    assert [each["company"] for each in SENT] == [
        {"who": "volunteer", "meet": "1:45pm, at the library"},
        {"who": "nobody", "meet": ""},
        {"who": None, "meet": "1:45pm, at the library"},
    ]


def test_the_case_says_who_goes_along_and_who_said_so(pages: Pages, place: dict[str, Any]):
    person, browser = pages.person(), pages.browser()
    place["first_visit"] = {
        "starts": NEXT.isoformat(), "ends": NEXT.isoformat(), "status": "booked",
        "appointment": f"Appointment/{uuid4()}", "company": "volunteer",
        "meet": "1:45pm, <at> the library", "set": "2026-03-02T12:00:00Z",
        "set_by": str(person.id),
    }  # fmt: skip
    page = pages.come(browser, person, f"/cases/{CASE}").text
    told = " ".join(page.split())
    assert "Who goes with them: A volunteer." in told
    assert "They meet: 1:45pm, &lt;at&gt; the library." in told
    story = told.partition("What happened</h2>")[2].partition("</ul>")[0]
    assert "the first visit to Choir was set for" in story
    assert "who goes with them: a volunteer (Amina Khan)" in story
    form = browser.get(f"/cases/{CASE}/requests/{TASK}/first-visit").text
    assert 'value="1:45pm, &lt;at&gt; the library"' in form, "what is known is filled in"
    assert f'value="{NEXT.year}"' in form
