"""What a hub's coordinator looks over: counts of what waits, looks that are due, room."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from deploy.demo.directory.build import HUBS
from services.providers.assurance.reviewing import review
from services.providers.rounds import plan
from tests.providers.conftest import House, settings
from tests.providers.listings import OTHER, OWNER, body, key, organization, service

LEEDS: dict[str, Any] = {
    "organisation": next(hub for hub in HUBS if hub.code == "leeds").organisation
}
MINE: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
PLAN = plan(settings("postgresql://"))
NOTHING = {
    "approvals": 0,
    "claims": 0,
    "matches": 0,
    "service_matches": 0,
    "reviews": 0,
    "funding": 0,
    "gaps": 0,
    "onboardings": 0,
}


def gap(house: House, area: str = "HX7") -> None:
    noted = {"need": "housing", "area": area, "reason": "none"}
    who: dict[str, Any] = {"scope": "cases", "roles": ("link-worker",)}
    house.send("POST", "/directory/gaps", noted, status=201, **who)


def test_what_waits_is_counted_for_its_own_hub(house: House):
    paid = {"source": "A fund", "valid_to": (house.now + timedelta(days=30)).date().isoformat()}
    house.load(
        service("Choir", needs=["loneliness"], funding=[paid]),
        organizations=[organization(), organization("Other")],
    )
    assert house.send("GET", "/directory/waiting") == NOTHING | {"funding": 1}
    path = f"/directory/services/{key('Choir')}"
    house.send("PUT", path, body("Choir", description="New"), status=202, **MINE)
    claim = {"who": "Jo", "evidence": [{"kind": "words", "value": "Ring the hall"}]}
    at = f"/directory/organizations/{OTHER}/claim"
    house.send("POST", at, claim, status=201, organisation=key("x"), roles=("provider",))
    gap(house)
    gap(house, "HX1")
    assert house.send("GET", "/directory/waiting") == NOTHING | {
        "approvals": 1, "claims": 1, "funding": 1, "gaps": 1,
    }  # fmt: skip
    assert house.send("GET", "/directory/waiting", **LEEDS) == NOTHING
    house.send("POST", f"{path}/versions/2/send-back", {"words": "Which day?"})
    idea = {"need": "housing", "idea": "A deposit bank"}
    begun = house.send("POST", "/directory/gaps/actions", idea, status=201)
    found = house.send("GET", "/directory/waiting")
    assert (found["approvals"], found["gaps"]) == (0, 0), "something is done about both"
    house.send("PUT", f"/directory/gaps/actions/{begun['id']}", idea | {"state": "dropped"})
    assert house.send("GET", "/directory/waiting")["gaps"] == 1


def test_looks_that_are_due_say_who_was_asked_and_when_the_listing_goes(house: House):
    house.load(service("Choir"), service("Chess"))
    house.send("POST", f"/directory/services/{key('Chess')}/verify", {"how": "visit"})
    house.now += timedelta(days=200)
    house.send("POST", f"/directory/services/{key('Chess')}/verify", {"how": "phone"})
    house.now += timedelta(days=170)
    (due,) = house.send("GET", "/directory/reviews")["contents"]
    assert (due["name"], due["provider_name"], due["asked_whom"]) == ("Choir", "Owner", None)
    review(house.directory, PLAN)
    house.now += timedelta(days=20)
    review(house.directory, PLAN)
    shown = house.send("GET", f"/directory/reviews/{key('Choir')}")
    assert (shown["asked_whom"], shown["asked"]) == ("hub", "2027-12-18")
    assert "goes" not in shown, "its provider was never reached"
    assert house.send("GET", "/directory/reviews", **LEEDS)["contents"] == []
    house.send("GET", f"/directory/reviews/{key('Choir')}", status=404, **LEEDS)
    chess = house.send("GET", f"/directory/reviews/{key('Chess')}")
    assert (chess["last_verified"], chess["how"]) == ("2027-06-11", "phone")
    house.send("POST", f"/directory/services/{key('Choir')}/verify", {"how": "phone"})
    assert house.send("GET", "/directory/reviews")["total_items"] == 0


def test_room_is_listed_by_state_and_what_expired_is_unknown(house: House):
    house.load(
        service("Choir", capacity={"state": "full"}),
        service("Chess", capacity={"state": "taking", "places": 3}),
        service("Walks"),
    )
    found = house.send("GET", "/directory/capacities")
    assert [each["name"] for each in found["contents"]] == ["Chess", "Choir", "Walks"]
    assert found["states"] == {"full": 1, "taking": 1, "unknown": 1}
    (full,) = house.send("GET", "/directory/capacities?state=full")["contents"]
    assert full["capacity"]["state"] == "full"
    page = house.send("GET", "/directory/capacities?page=2&per_page=2")
    assert ([each["name"] for each in page["contents"]], page["last_page"]) == (["Walks"], True)
    assert house.send("GET", "/directory/capacities", **LEEDS)["contents"] == []
    house.now += timedelta(days=60)
    assert house.send("GET", "/directory/capacities")["states"] == {"unknown": 3}
    assert house.send("GET", "/directory/capacities?state=unknown")["total_items"] == 3


@pytest.mark.parametrize(
    "named", ["cafe", "CAFÉ", "tenants table", "Tenant's", "drop in", "drop-in", "  "]
)
def test_a_service_is_found_by_what_somebody_calls_it(house: House, named: str):
    house.load(service("The Tenants' Table: café and drop-in"))
    found = house.send("GET", f"/directory/capacities?{urlencode({'named': named})}")
    assert [each["name"] for each in found["contents"]] == ["The Tenants' Table: café and drop-in"]


@pytest.mark.parametrize("named", ["choir", "tea%", "_", "table choir", "\\"])
def test_what_is_not_called_so_is_not_found(house: House, named: str):
    house.load(service("The Tenants' Table"))
    found = house.send("GET", f"/directory/capacities?{urlencode({'named': named})}")
    assert found["total_items"] == (0 if any(each.isalnum() for each in named) else 1)


@pytest.mark.parametrize("path", ["waiting", "reviews", f"reviews/{OWNER}", "capacities"])
def test_it_is_for_coordinators(house: House, path: str):
    house.send("GET", f"/directory/{path}", status=403, **MINE)
    house.send("GET", f"/directory/{path}", status=403, scope="directory.read")
    assert house.client.get(f"/directory/{path}").status_code == 401


def test_an_action_is_read_one_by_one_by_its_own_hub(house: House):
    house.load()
    gap(house)
    begun = house.send(
        "POST", "/directory/gaps/actions", {"need": "housing", "idea": "A bank"}, status=201
    )
    path = f"/directory/gaps/actions/{begun['id']}"
    assert house.send("GET", path) == begun
    house.send("GET", path, status=404, **LEEDS)
    mine = house.send("GET", "/directory/gaps?mine=true")
    assert ([each["need"] for each in mine["contents"]], mine["actions"]) == (["housing"], [begun])
    theirs = house.send("GET", "/directory/gaps?mine=true", **LEEDS)
    assert (theirs["contents"], theirs["actions"]) == ([], [])


def test_as_many_fundings_end_as_are_listed(demo: House):
    found = demo.send("GET", "/directory/funding/ending?days=90", scope="directory.read")
    assert demo.send("GET", "/directory/waiting")["funding"] == len(found["listings"]) > 0
