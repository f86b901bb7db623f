"""Whom a hub rings who referred somebody and cannot be written to; no more of the case."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    Pages,
    at_the_right_time,
    with_pages,
)

CALL = str(uuid4())
ROW = {
    "id": CALL, "kind": "ring-referrer", "to": "referrer", "means": "phone", "case": CASE,
    "task": None, "reference": "5A0C-2A0E", "party": "bradford", "party_name": None, "label": "",
    "number": None, "since": "2026-11-02T09:00:00Z", "say": "Thank you", "urgent": None,
    "answer_by": None, "do_not_say": "Anything about the person",
}  # fmt: skip
DOOR: dict[str, Any] = {
    "reference": "KDJ-4F7-X2M", "tell_referrer": True,
    "referrer": {
        "name": "Sam <Ward>", "role": "Ward clerk", "organisation": "Ward 7",
        "phone": "01632 960444",
    },
}  # fmt: skip
SEEN: dict[str, Any] = {}

services = APIRouter()


@services.get("/notifications/calls")
def calls() -> dict[str, Any]:
    """One that is to be made."""
    return {"calls": [ROW]}


@services.get("/notifications/calls/{call}")
def call(call: str) -> dict[str, Any]:
    """The same by itself."""
    return ROW


@services.get("/referrals/cases/{case}")
def case(case: str) -> dict[str, Any]:
    """The case as a coordinator sees it."""
    return SEEN


def shown(pages: Pages, at: str = f"/hub/calls/{CALL}", **case: Any) -> str:
    SEEN.clear()
    SEEN.update({"front_door": DOOR, "stops": []} | case)
    pages.answer_first(services)
    page = pages.come(pages.browser(), pages.person("hub-coordinator"), at)
    assert page.status_code == 200
    return page.text


def test_it_is_on_the_list_of_calls_without_anybodys_name(pages: Pages):
    page = shown(pages, "/hub/calls")
    assert f'<a href="/hub/calls/{CALL}">Ring whoever referred somebody to us</a>' in page
    assert "Ward" not in page
    assert "960444" not in page


def test_the_call_says_whom_to_ring_what_to_say_and_what_not(pages: Pages):
    page = shown(pages)
    assert '<a href="tel:01632960444">01632 960444</a>' in page
    for words in (
        "Sam &lt;Ward&gt;", "Ward clerk", "Ward 7", "KDJ-4F7-X2M",
        "You do not have to send it again", "<strong>Do not say</strong>", "I told them",
    ):  # fmt: skip
        assert words in page, words
    assert f'action="/hub/calls/{CALL}/done"' in page


def test_whose_message_came_back_and_who_left_no_number_is_said(pages: Pages):
    page = shown(pages, front_door=DOOR | {"referrer": {"name": "Sam", "email": "s@w.example"}})
    assert "They left no phone number" in page
    assert "tel:0" not in page


@pytest.mark.parametrize(
    "now", [{"stops": ["died"]}, {"front_door": DOOR | {"tell_referrer": False}}]
)
def test_nobody_is_rung_who_may_not_hear_of_it_any_more(pages: Pages, now: dict[str, Any]):
    page = shown(pages, **now)
    assert "Please do not ring." in page
    assert "960444" not in page
    assert "Take it off the list" in page


def test_a_case_that_cannot_be_seen_shows_nobody(pages: Pages):
    page = shown(pages, front_door=None)
    assert "We cannot show whom to ring just now" in page
