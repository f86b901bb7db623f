"""What nobody offers is noted without a person, counted by place and need, and acted upon."""

from datetime import timedelta
from typing import Any

import pytest

from deploy.demo.directory.build import HUBS
from tests.providers.conftest import House
from tests.providers.listings import OWNER, key, service

LEEDS = next(hub for hub in HUBS if hub.code == "leeds")


def note(house: House, *, status: int = 201, **gap: Any) -> Any:
    return house.send(
        "POST", "/directory/gaps", gap, status=status, scope="cases", roles=("link-worker",)
    )


def counted(house: House, query: str = "") -> Any:
    return house.send("GET", f"/directory/gaps{query}")


def test_gaps_are_counted_by_place_and_need_with_areas_and_reasons(house: House):
    house.load()
    noted = note(house, need="housing", area="HX7 6AA", reason="none")
    assert {name: noted[name] for name in ("need", "hub", "area", "reason")} == {
        "need": "housing", "hub": "calderdale", "area": "HX7", "reason": "none",
    }  # fmt: skip
    note(house, need="housing", area="HX7", reason="full")
    note(house, need="housing", area="HX1 1AA", reason="none")
    note(house, need="money", area="LS1", reason="times")
    assert counted(house)["contents"] == [
        {
            "hub": "calderdale",
            "need": "housing",
            "count": 3,
            "areas": {"HX7": 2, "HX1": 1},
            "reasons": {"none": 2, "full": 1},
        },
        {
            "hub": "leeds",
            "need": "money",
            "count": 1,
            "areas": {"LS1": 1},
            "reasons": {"times": 1},
        },
    ]
    assert [each["need"] for each in counted(house, "?hub=leeds")["contents"]] == ["money"]


def test_only_the_days_that_are_asked_for_count(house: House):
    house.load()
    note(house, need="housing", area="HX7", reason="none")
    house.now += timedelta(days=40)
    assert counted(house, "?days=41")["contents"]
    assert counted(house, "?days=30")["contents"] == []


@pytest.mark.parametrize(
    ("gap", "status", "element"),
    [
        ({"need": "gold", "area": "HX7", "reason": "none"}, 400, "need"),
        ({"need": "work", "area": "AB10", "reason": "none"}, 400, "area"),
        ({"need": "work", "area": "HX7 66A", "reason": "none"}, 400, "area"),
        ({"need": "work", "area": "HX7", "reason": "Mrs Smith"}, 422, "body.reason"),
        ({"need": "work", "area": "HX7", "reason": "none", "note": "x"}, 422, "body.note"),
    ],
)
def test_a_gap_takes_no_words_and_only_what_is_known(
    house: House, gap: Any, status: int, element: str
):
    house.load()
    assert note(house, **gap, status=status)["element"] == element
    assert house.count("gap") == 0


def test_an_idea_becomes_a_listed_service(house: House):
    house.load(service("Deposit bank"))
    path = "/directory/gaps/actions"
    idea = {"need": "housing", "area": "HX7", "idea": "A deposit bank", "could_run": "The church"}
    begun = house.send("POST", path, idea, status=201)
    assert (begun["hub"], begun["state"]) == ("calderdale", "idea")
    planned = idea | {"state": "planned", "organization_id": str(OWNER), "starts": "2027-02-01"}
    changed = house.send("PUT", f"{path}/{begun['id']}", planned)
    assert (changed["state"], changed["starts"]) == ("planned", "2027-02-01")
    half = planned | {"state": "opened"}
    assert house.send("PUT", f"{path}/{begun['id']}", half, status=422)
    done = half | {"service_id": str(key("Deposit bank"))}
    opened = house.send("PUT", f"{path}/{begun['id']}", done)
    assert opened["service_id"] == str(key("Deposit bank"))
    assert counted(house)["actions"] == [opened]
    assert counted(house, "?hub=leeds")["actions"] == []


def test_hubs_act_for_themselves_and_only_coordinators_see(house: House):
    house.load()
    path = "/directory/gaps/actions"
    idea = {"need": "housing", "idea": "A deposit bank"}
    begun = house.send("POST", path, idea, status=201)
    elsewhere: dict[str, Any] = {"organisation": LEEDS.organisation, "status": 403}
    assert house.send("PUT", f"{path}/{begun['id']}", idea, **elsewhere)["element"] == "hub"
    assert house.send("POST", path, idea | {"hub": "calderdale"}, **elsewhere)["element"] == "hub"
    assert house.send("PUT", f"{path}/{key('none')}", idea, status=404)
    unknown = idea | {"organization_id": str(key("nobody"))}
    assert house.send("POST", path, unknown, status=400)["element"] == "organization_id"
    assert house.send("GET", "/directory/gaps", roles=("link-worker",), status=403)
    assert house.send("GET", "/directory/gaps", scope="cases", status=403)
    assert house.client.get("/directory/gaps").status_code == 401
