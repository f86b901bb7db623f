"""Closing days: whoever keeps a listing says them, everybody reads them, copies hear of them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.providers.assurance.reviewing import review
from services.providers.capacity_asking import ask
from services.providers.life.states import Act
from services.providers.rounds import plan
from shared.closing_days import closed_days
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import OWNER, organization, service

AT = f"/directory/organizations/{OWNER}/closing-days"
CHRISTMAS = {"starts": "2026-12-22", "ends": "2027-01-04", "every_year": True, "why": "Christmas"}
TODAY = {"starts": "2026-11-23", "ends": "2026-11-25", "why": "Flood"}
STAFF: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}


@pytest.fixture
def listed(house: House) -> House:
    house.load(service("Choir"))
    return house


def told(house: House, start: int) -> Any:
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.provider.changed.v1"
    return event


@pytest.mark.parametrize("who", [STAFF, {}], ids=["its own staff", "its hub"])
def test_a_provider_and_its_hub_say_when_it_is_closed(listed: House, who: dict[str, Any]):
    start = listed.position()
    said = listed.send("POST", AT, CHRISTMAS, status=201, **who)
    assert said == CHRISTMAS | {"id": said["id"]}
    assert listed.get(AT) == {"contents": [said]}, "for everybody"
    event = told(listed, start)
    assert event["data"]["listing"]["kersey"]["closed"] == [said]
    assert str(closed_days(event["data"]["listing"]).closings[0].starts) == "2026-12-22"
    history = listed.send("GET", f"/directory/organizations/{OWNER}/versions", **who)
    (act,) = [each for each in history["acts"] if each["what"] == Act.CLOSING_DAYS]
    assert (act["by"], act["why"]) == (
        "tester",
        "2026-12-22 to 2027-01-04, every year: Christmas",
    )


def test_what_was_said_is_changed_and_taken_back(listed: House):
    key = listed.send("POST", AT, CHRISTMAS, status=201)["id"]
    listed.send("PUT", f"{AT}/{key}", CHRISTMAS | {"ends": "2027-01-08"})
    assert [each["ends"] for each in listed.get(AT)["contents"]] == ["2027-01-08"]
    start = listed.position()
    listed.send("DELETE", f"{AT}/{key}", status=204)
    assert "closed" not in told(listed, start)["data"]["listing"]["kersey"]
    assert listed.get(AT) == {"contents": []}
    for method, body in (("DELETE", None), ("PUT", CHRISTMAS)):
        listed.send(method, f"{AT}/{key}", body, status=404)


@pytest.mark.parametrize(
    "who",
    [
        {"organisation": uuid4(), "roles": ("provider",)},
        {"organisation": uuid4()},
        {"organisation": OWNER, "roles": ("link-worker",)},
    ],
)
def test_nobody_else_closes_a_group(listed: House, who: dict[str, Any]):
    key = listed.send("POST", AT, CHRISTMAS, status=201)["id"]
    start = listed.position()
    listed.send("POST", AT, CHRISTMAS, status=403, **who)
    listed.send("PUT", f"{AT}/{key}", CHRISTMAS, status=403, **who)
    listed.send("DELETE", f"{AT}/{key}", status=403, **who)
    assert listed.events(after=start) == []
    assert len(listed.get(AT)["contents"]) == 1


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ({"ends": "2026-12-21"}, "ends"),
        ({"ends": "2027-08-01"}, "ends"),
        ({"starts": "2025-12-22", "ends": "2025-12-24", "every_year": False}, "ends"),
        ({"starts": "2046-12-22", "ends": "2046-12-24"}, "starts"),
        ({"starts": "soon"}, "starts"),
        ({"why": ""}, "why"),
        ({"why": "x" * 101}, "why"),
        ({"every_year": "perhaps"}, "every_year"),
        ({"who": "Ann"}, "who"),
    ],
)
def test_what_cannot_be_is_refused_by_its_element(listed: House, more: Any, element: str):
    refused = listed.send("POST", AT, CHRISTMAS | more, status=422)
    assert element in str(refused["element"] or "") + refused["detail"]
    assert listed.count("closing") == 0


def test_a_group_that_is_never_open_is_no_longer_listed_instead(listed: House):
    half = {"starts": "2026-12-01", "ends": "2027-05-31", "every_year": True, "why": "Winter"}
    listed.send("POST", AT, half, status=201)
    other = {"starts": "2027-05-15", "ends": "2027-11-10", "every_year": True, "why": "Summer"}
    refused = listed.send("POST", AT, other, status=422)
    assert "Take the listing off" in refused["detail"]
    assert listed.count("closing") == 1


def test_a_new_listing_keeps_the_closing_days(listed: House):
    listed.send("POST", AT, CHRISTMAS, status=201)
    start = listed.position()
    listed.load(organizations=[organization(description="Said anew.")])
    (changed,) = [e for e in listed.events(after=start) if ".provider." in e["type"]]
    assert changed["data"]["listing"]["kersey"]["closed"][0]["why"] == "Christmas"


def test_a_closed_group_is_asked_nothing_until_it_is_open(listed: House):
    """How much room it has is asked weekly, and whether its listing is right."""
    named = [
        {"kind": kind, "seen": "2026-01-01"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ]
    listed.load(service("Band", kersey={"tier": 2, "evidence": named}))
    listed.send("POST", AT, TODAY, status=201)
    week, later = timedelta(days=7), plan(settings("postgresql://"))
    with listed.engine.begin() as connection:
        connection.execute(text("update assurance set since = since - 1000"))
    assert ask(listed.directory, week) == 0
    assert review(listed.directory, later) == {}
    listed.now = NOW + timedelta(days=3)
    assert ask(listed.directory, week) == 1
    assert review(listed.directory, later) == {"provider": 2}


def test_who_is_not_listed_has_none(house: House):
    house.get(f"/directory/organizations/{uuid4()}/closing-days", 404)
