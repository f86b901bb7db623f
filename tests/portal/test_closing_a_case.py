"""Closing a case: words for the GP are asked for only where they would go (care 7), and what is
told is looked at before it goes (care 21)."""

import re
from typing import Any

import pytest
from fastapi import Body
from fastapi.responses import JSONResponse

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

AT = f"/cases/{CASE}/close"
SAID = "What comes next, for the GP"
CLOSED: list[dict[str, Any]] = []


@trial.get("/referrals/cases/{case}")
def standing(case: str) -> dict[str, Any]:
    """What referrals would say of the case."""
    case_view: dict[str, Any] = PAGE["case"]
    return case_view | {"id": case, "possible": ["complete"]}


FORETOLD: dict[str, Any] = {
    "requests": [{"task": CASE, "service_name": "Singing <together>"}],
    "codes": [{"code": "871711000000103", "display": "Declined", "already_coded": False}],
    "messages": [
        {
            "kind": "closure", "practice": "Thornbeck Surgery", "route": "fhir", "state": "held",
            "why": "The person may have died.", "code": "Declined (SNOMED CT 871711000000103)",
            "already_coded": False, "outcome": "Support came to its end as planned", "needs": [],
            "offers": [{"service": "Singing", "came_of_it": "started", "days": ""}],
            "measures": [], "next_step": "", "left_out": True,
        }
    ],
}  # fmt: skip
WRONG: list[str] = []


@trial.post("/referrals/cases/{case}/close/preview")
def foretold(case: str, said: dict[str, Any] = Body()) -> Any:
    """What closing it would do."""
    if WRONG:
        return JSONResponse({"title": "no", "detail": WRONG[0], "element": "outcome"}, 409)
    return FORETOLD


@trial.post("/referrals/cases/{case}/close")
def closed(case: str, said: dict[str, Any] = Body()) -> dict[str, Any]:
    """A case that was closed."""
    CLOSED.append(said)
    return {"id": case}


def form(pages: Pages, monkeypatch: pytest.MonkeyPatch, sharing: Any) -> Any:
    """A browser, and the form that closes a case in it."""
    monkeypatch.setitem(PAGE["case"], "gp_sharing", sharing)
    http = pages.browser()
    return http, pages.come(http, pages.person("link-worker"), AT)


@pytest.mark.parametrize(
    "sharing",
    [
        None,
        {"items": ["needs"], "withdrawn": None},
        {"items": ["next-step"], "withdrawn": "2026-03-02T10:00:00Z"},
    ],
)
def test_what_would_be_left_out_is_not_asked_for(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, sharing: Any
):
    http, page = form(pages, monkeypatch, sharing)
    assert page.status_code == 200
    assert SAID not in page.text
    assert "has not agreed that their GP hears what comes next" in page.text
    send(http, led(http, send(http, page, outcome="completed")))
    assert CLOSED[-1] == {"outcome": "completed"}


def test_what_was_agreed_is_asked_for_and_goes(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    agreed = {"items": ["next-step"], "withdrawn": None}
    http, page = form(pages, monkeypatch, agreed)
    assert SAID in page.text
    assert "has not agreed" not in page.text
    check = led(http, send(http, page, outcome="completed", next_step="Choir on Mondays"))
    assert "Choir on Mondays" in http.get(AT).text, "going back loses nothing"
    send(http, check)
    assert CLOSED[-1] == {
        "outcome": "completed",
        "for_practice": {"next_step": "Choir on Mondays"},
    }


def test_what_follows_is_looked_at_before_it_is_done(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    http, page = form(pages, monkeypatch, None)
    CLOSED.clear()
    check = led(http, send(http, page, outcome="completed"))
    assert not CLOSED, "nothing is done yet"
    assert "<h1>Check before you close the case</h1>" in check.text
    for words in (
        "They got what they came for, or go on by themselves",
        "<li>Singing &lt;together&gt;</li>",
        "Declined (871711000000103)",
        "Summary at the end, to Thornbeck Surgery",
        "It waits until somebody of your team decides whether it may go.",
        "Singing, started",
        f'href="/cases/{CASE}/gp-sharing"',
    ):
        assert words in check.text, words
    done = send(http, check)
    assert done.headers["location"] == f"/cases/{CASE}?done=close"
    assert CLOSED == [{"outcome": "completed"}]


def test_what_is_in_the_way_of_closing_is_said_at_the_form(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    http, page = form(pages, monkeypatch, None)
    monkeypatch.setattr(f"{__name__}.WRONG", ["An activity is still running."])
    refused = send(http, page, outcome="completed")
    assert refused.status_code == 409
    assert "An activity is still running" in refused.text


def test_nothing_is_closed_that_nobody_said_how_it_ends(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    http, page = form(pages, monkeypatch, None)
    CLOSED.clear()
    assert http.get(f"{AT}/check").headers["location"] == AT
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key
    assert http.post(f"{AT}/check", data={"key": key[1]}).headers["location"] == AT
    assert not CLOSED
