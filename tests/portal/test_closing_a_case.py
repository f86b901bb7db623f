"""Closing a case: words for the GP are asked for only where they would go (care 7)."""

from typing import Any

import pytest
from fastapi import Body

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
    led(http, send(http, page, outcome="completed"))
    assert CLOSED[-1] == {"outcome": "completed"}


def test_what_was_agreed_is_asked_for_and_goes(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    agreed = {"items": ["next-step"], "withdrawn": None}
    http, page = form(pages, monkeypatch, agreed)
    assert SAID in page.text
    assert "has not agreed" not in page.text
    led(http, send(http, page, outcome="completed", next_step="Choir on Mondays"))
    assert CLOSED[-1] == {
        "outcome": "completed",
        "for_practice": {"next_step": "Choir on Mondays"},
    }
