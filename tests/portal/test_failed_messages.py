"""Messages that did not arrive, on the hub's page: what helps where sending again cannot."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    Pages,
    at_the_right_time,
    send,
    with_pages,
)

PARTY, DELIVERY = str(uuid4()), str(uuid4())
ROW: dict[str, Any] = {
    "id": DELIVERY, "kind": "request", "about": "A new referral waits for you", "case": CASE,
    "task": None, "reference": "5A0C 2A0E", "party": PARTY, "party_name": "Spoons <from> Windfall",
    "channel": "none", "state": "failed", "created": "2026-11-02T09:00:00Z",
    "ended": "2026-11-02T09:10:00Z", "reason": "no-contact",
}  # fmt: skip
WHY = "Nobody is a contact who could be told of this."

services = APIRouter()


@services.get("/notifications/failures")
def failures() -> dict[str, Any]:
    """One to a group, and one to a team."""
    return {"failures": [ROW, ROW | {"id": str(uuid4()), "kind": "declared", "party_name": "Team"}]}


@services.post("/notifications/deliveries/{delivery}/retry")
def retry(delivery: str) -> JSONResponse:
    """Nobody is there to whom it could go."""
    problem = {"title": "Nothing was changed", "status": 409, "detail": WHY, "element": "delivery"}
    return JSONResponse(problem, 409, media_type="application/problem+json")


@pytest.fixture
def page(pages: Pages) -> str:
    pages.answer_first(services)
    browser = pages.browser()
    shown = pages.come(browser, pages.person("hub-coordinator"), "/hub/messages")
    answer = send(browser, shown)
    assert answer.status_code == 409
    return str(answer.text)


def test_what_cannot_be_sent_again_says_why_and_stays_on_its_list(page: str):
    assert WHY in page
    assert "This was done before" not in page
    assert page.count("Try again") >= 2, "the list is there still"


def test_a_group_is_a_press_away_from_how_it_is_asked(page: str):
    assert page.count(f'href="/hub/reached/{PARTY}"') == 1, "of a team the hub keeps no address"
    assert "There is no address of theirs that works" in page
