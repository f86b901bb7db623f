"""Whoever rings a silent group for its answer: the numbers first, and what is missing is said."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    BROKEN,
    Pages,
    at_the_right_time,
    with_pages,
)

services = APIRouter()
"""In their place; of this module alone, as others answer the same addresses."""

TASK, GROUP, SERVICE = (str(uuid4()) for _ in range(3))
AWAY = "Some of the ways to reach them cannot be shown just now"
NONE = "No number is known here"


def _or_away(part: str, body: dict[str, Any]) -> Response:
    return JSONResponse({"title": "away"}, 503) if part in BROKEN else JSONResponse(body)


@services.get("/referrals/requests/{task}")
def request(task: str) -> dict[str, Any]:
    """One that nobody has answered."""
    return {
        "task": task, "reference": "0954 9860", "provider": GROUP, "status": "requested",
        "service": {"id": SERVICE, "name": "Door to Door", "closed": []}, "priority": "routine",
        "need": {"codes": ["loneliness"], "text": ""}, "when": "", "where": "",
        "access_needs": [], "answerable": True, "possible": ["accept", "decline"],
    }  # fmt: skip


@services.get("/notifications/contacts/{party}")
def contacts(party: str) -> Response:
    """An address and a number that their hub keeps."""
    kept = [
        {"means": "email", "address": "hello@wheels.example", "active": True},
        {"means": "phone", "address": "01632 960019", "active": True},
    ]
    return _or_away("notifications", {"contacts": kept})


@services.get("/directory/services/{service}")
def listing(service: str) -> Response:
    """What is listed: another number."""
    return _or_away("directory", {"phones": [{"number": "01632 960020"}]})


@services.get("/referrals/break-glass")
def opened() -> Response:
    """What a duty lead opened: nothing."""
    return JSONResponse({"title": "away"}, 503) if "referrals" in BROKEN else JSONResponse([])


@pytest.fixture(scope="module")
def asked(pages: Pages) -> Pages:
    pages.answer_first(services)
    return pages


@pytest.fixture(scope="module")
def coordinator(asked: Pages) -> httpx.Client:
    http = asked.browser()
    asked.come(http, asked.person("hub-coordinator"))
    return http


def test_the_numbers_come_first_and_a_telephone_dials_them(coordinator: httpx.Client) -> None:
    page = coordinator.get(f"/hub/requests/{TASK}").text
    shown = [
        page.index(each)
        for each in (
            '<a href="tel:01632960019">01632 960019</a>',
            '<a href="tel:01632960020">01632 960020</a>',
            "hello@wheels.example",
        )
    ]
    assert shown == sorted(shown)
    assert AWAY not in page


@pytest.mark.parametrize(
    ("away", "left"),
    [
        ({"notifications"}, ["01632 960020"]),
        ({"directory"}, ["01632 960019", "hello@wheels.example"]),
        ({"notifications", "directory"}, []),
    ],
)
def test_a_part_that_is_away_is_not_taken_for_no_number(
    coordinator: httpx.Client, away: set[str], left: list[str]
) -> None:
    BROKEN.update(away)
    page = coordinator.get(f"/hub/requests/{TASK}")
    assert page.status_code == 200
    assert AWAY in page.text
    assert NONE not in page.text
    for each in left:
        assert each in page.text
    assert "Send" in page.text or "Save" in page.text, "the answer can be written down"


def test_what_a_duty_lead_opened_is_said_to_be_missing_where_it_is(asked: Pages) -> None:
    http = asked.browser()
    asked.come(http, asked.person("duty-lead"))
    missing = "What you opened cannot be shown just now"
    assert missing not in http.get("/emergency").text
    BROKEN.add("referrals")
    page = http.get("/emergency")
    assert page.status_code == 200
    assert missing in page.text
