"""The hub's pages by themselves: who may see them, what is missing is said, forms are one's own."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response

from services.portal import hub
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    BROKEN,
    Pages,
    at_the_right_time,
    trial,
    with_pages,
)

UUIDS = {
    "subject", "claim", "match", "call", "task", "delivery", "contact", "service", "action",
    "onboarding", "announcement", "provider",
}  # fmt: skip
WORDS = {
    "kind": "services", "number": "1", "party": "bradford", "need": "housing", "deed": "notes",
    "step": "staff",
}  # fmt: skip
SENT: list[str] = []


@trial.get("/directory/waiting")
def waiting() -> dict[str, int]:
    """The directory, which can be reached."""
    return {"approvals": 17, "reviews": 0}


@trial.get("/notifications/waiting")
def away() -> Response:
    """A service that is down."""
    return Response(status_code=503)


@trial.api_route("/directory/{rest:path}", methods=["POST", "PUT"])
@trial.api_route("/referrals/{rest:path}", methods=["POST", "PUT"])
@trial.api_route("/notifications/{rest:path}", methods=["POST", "PUT"])
def changed(rest: str) -> dict[str, Any]:
    """Whatever would be changed."""
    SENT.append(rest)
    return {}


def _paths(method: str) -> list[str]:
    """The addresses of the hub's pages, with ids of nothing."""
    filled = {name: str(uuid4()) for name in UUIDS} | WORDS
    return sorted(
        route.path.format(**filled)  # type: ignore[attr-defined]
        for router in hub.ROUTERS
        for route in router.routes
        if method in route.methods  # type: ignore[attr-defined]
    )


def test_what_cannot_be_counted_is_said_and_the_rest_stays(pages: Pages):
    BROKEN.add("referrals")
    page = pages.come(pages.browser(), pages.person("hub-coordinator"), "/hub")
    assert page.status_code == 200
    assert "Some things cannot be counted just now" in page.text
    assert ">17<" in page.text
    assert page.text.count(">?<") == 8


@pytest.mark.parametrize("role", ["link-worker", "provider-manager", "commissioner"])
def test_they_are_for_coordinators(pages: Pages, role: str):
    http = pages.browser()
    pages.come(http, pages.person(role))
    for path in _paths("GET"):
        page = http.get(path)
        assert page.status_code == 403, path
        assert "These pages are for the coordinators of a hub" in page.text
    key = http.get("/trial/who").json()["key"]
    for path in _paths("POST"):
        assert http.post(path, data={"key": key}).status_code == 403, path
    assert SENT == []


def test_a_form_of_another_site_does_nothing(pages: Pages):
    http = pages.browser()
    pages.come(http, pages.person("hub-coordinator"))
    paths = _paths("POST")
    assert len(paths) >= 12
    for path in paths:
        page = http.post(path, data={"decision": "accept", "words": "not mine", "key": "made up"})
        assert page.status_code == 403, path
        assert "not mine" not in page.text
    assert SENT == []


def test_whoever_is_not_signed_in_sees_none(pages: Pages):
    http = pages.browser()
    for path in _paths("GET"):
        assert http.get(path).headers["location"].startswith("/sign-in?back="), path


# --- what waits on paper --------------------------------------------------------------------------

ASKED = "5a0c2a0e-7c0b-4c8e-9a3f-0d9f6a5b1c2d"


@trial.get("/notifications/calls")
def calls(party: str = "") -> dict[str, Any]:
    """Two that wait for one group, one of them to be rung."""
    one = {
        "kind": "request", "case": ASKED, "task": ASKED, "party": party, "label": "",
        "party_name": "Clay on Canal Street", "number": "The desk in the hall",
        "since": "2026-11-02T09:00:00Z", "say": "A new referral waits for you",
    }  # fmt: skip
    return {
        "calls": [
            one | {"id": ASKED, "means": "paper", "reference": "5A0C-2A0E"},
            one | {"id": str(uuid4()), "means": "phone", "reference": "0000-0000"},
        ]
    }


@trial.get("/referrals/requests/{task}")
def request(task: str) -> dict[str, Any]:
    """What is asked, without a name."""
    return {
        "task": task, "service": {"name": "Clay"}, "when": "Tuesdays", "where": "HX6",
        "need": {"codes": ["loneliness"], "text": "Would like company"},
        "access_needs": ["bsl", "interpreter-punjabi"],
    }  # fmt: skip


@trial.get("/notifications/sheets")
def sheets() -> dict[str, Any]:
    """One group whose sheet is due."""
    due = {
        "party": ASKED, "party_name": "Clay on Canal Street", "waiting": 3,
        "since": "2026-11-02T09:00:00Z",
    }  # fmt: skip
    return {"sheets": [due]}


def test_the_sheets_of_the_week_are_listed_with_a_link_to_each(pages: Pages):
    page = pages.come(pages.browser(), pages.person("hub-coordinator"), "/hub/sheets")
    assert f'<a href="/hub/sheets/{ASKED}">Clay on Canal Street</a>' in page.text
    assert "3 requests wait, the first since 2 November 2026" in page.text


def test_what_waits_for_a_group_on_paper_is_one_sheet_and_is_noted_once_brought(pages: Pages):
    SENT.clear()
    http = pages.browser()
    at = f"/hub/sheets/{ASKED}"
    page = pages.come(http, pages.person("hub-coordinator"), at)
    assert page.status_code == 200
    for said in ("Clay on Canal Street", "5A0C-2A0E", "Would like company", "Yes, they can come"):
        assert said in page.text, said
    assert "British Sign Language, An interpreter: Punjabi" in page.text, "no codes"
    assert "0000-0000" not in page.text, "that one is rung"
    key = http.get("/trial/who").json()["key"]
    done = http.post(at, data={"key": key, "call": ASKED})
    assert done.headers["location"].endswith("/hub/calls?done=sheet")
    assert [f"calls/{ASKED}/done"] == SENT
    assert http.post(at, data={"key": key, "call": "x"}).status_code == 404
    SENT.clear()
