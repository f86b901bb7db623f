"""Decisions of which somebody asked whether the person could make them, on the case's page."""

import re
from typing import Any

import pytest
from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    led,
    send,
    with_pages,
)

DECISION = {
    "id": "8d0f0c52-2b8c-4a6e-8f55-0f6ec1c8a008",
    "decision": "Going by <taxi>",
    "under_16": True,
    "able": False,
    "seen": "could not say how to come home",
    "decided_by": "parental-responsibility",
    "who": "Ann",
    "recorded": "2026-11-02T10:00:00Z",
}
TOLD: list[Any] = []

referrals = APIRouter()
"""In the place of that service; of this module alone, as others answer the same addresses."""


@referrals.post("/referrals/cases/{case}/person/decisions")
def add(case: str, body: dict[str, Any] = Body()) -> Any:
    """A decision is noted, unless it says who decided without a name."""
    if body["decided_by"] != "person" and not body["who"]:
        said = {"title": "no", "detail": "Say who decided, by name.", "element": "who"}
        return JSONResponse(said, 422)
    TOLD.append(body)
    return {}


def test_a_decision_is_noted_and_shown(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    record = {"contacts": [], "access_needs": [], "around": [], "decisions": [DECISION]}
    monkeypatch.setitem(PAGE, "record", record)
    pages.answer_first(referrals)
    http = pages.browser()
    page = pages.come(http, pages.person("link-worker"), f"/cases/{CASE}")
    shown = page.text.partition("Decisions somebody looked at")[2].partition("What happened")[0]
    for words in ("Going by &lt;taxi&gt;", "No, under 16", "Parental responsibility: Ann"):
        assert words in shown, words

    form = http.get(f"/cases/{CASE}/decisions")
    given = {"decision": "the taxi", "able": "no", "seen": "asked twice", "decided_by": "deputy"}
    refused = send(http, form, **given)
    assert refused.status_code == 422
    assert re.search(r'id="who-error".*?</span>\s*Say who decided', refused.text, re.DOTALL)
    led(http, send(http, refused, **given, who="Ann"))
    assert [given | {"able": False, "under_16": False, "who": "Ann"}] == TOLD
