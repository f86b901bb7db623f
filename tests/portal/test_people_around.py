"""Who is around a person, on the page of their case (care 17)."""

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

ANN = {
    "id": "8d0f0c52-2b8c-4a6e-8f55-0f6ec1c8a007",
    "name": "Ann <Firth>",
    "relation": "child",
    "carer": True,
    "authority": "lpa-health",
    "evidence": "the registered document",
    "may_hear": "",
    "phone": "",
}
TOLD: list[Any] = []

referrals = APIRouter()
"""In the place of that service; of this module alone, as others answer the same addresses."""
ENDED: list[str] = []


@referrals.post("/referrals/cases/{case}/person/around")
def add(case: str, body: dict[str, Any] = Body()) -> Any:
    """Somebody is noted, unless nobody saw that they may decide."""
    if body["authority"] != "none" and not body["evidence"]:
        said = {"title": "no", "detail": "Say what you saw.", "element": "evidence"}
        return JSONResponse(said, 422)
    TOLD.append(body)
    return {}


@referrals.post("/referrals/cases/{case}/person/around/{around}/end")
def end(case: str, around: str) -> dict[str, Any]:
    """Somebody is not around them any more."""
    ENDED.append(around)
    return {}


def test_somebody_around_them_is_noted_shown_and_taken_away(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    record = {"contacts": [], "access_needs": [], "around": [ANN]}
    monkeypatch.setitem(PAGE, "record", record)
    pages.answer_first(referrals)
    http = pages.browser()
    page = pages.come(http, pages.person("link-worker"), f"/cases/{CASE}")
    shown = page.text.partition("People around them")[2].partition("What happened")[0]
    for words in (
        "Ann &lt;Firth&gt;",
        "Son or daughter, a carer",
        "Power of attorney for health and care",
        "the registered document",
        "Nothing",
    ):
        assert words in shown, words

    form = http.get(f"/cases/{CASE}/around")
    refused = send(http, form, name="Ann", relation="child", authority="deputy")
    assert refused.status_code == 422
    assert re.search(r'id="evidence-error".*?</span>\s*Say what you saw', refused.text, re.DOTALL)
    given = {"name": "Ann", "relation": "child", "authority": "none", "may_hear": "when"}
    led(http, send(http, refused, **given))
    assert [given | {"carer": False, "evidence": "", "phone": ""}] == TOLD

    key = re.search(r'name="key" value="([^"]+)"', http.get(f"/cases/{CASE}").text)
    assert key
    away = f"/cases/{CASE}/around/{ANN['id']}/end"
    assert f'action="{away}"' in page.text
    done = http.post(away, data={"key": key[1]})
    assert done.headers["location"] == f"/cases/{CASE}?done=around"
    assert [ANN["id"]] == ENDED
