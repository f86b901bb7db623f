"""What one listing repeats of something else is told again when that changed by another way."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.providers.conftest import House
from tests.providers.listings import OTHER, attribute, body, key, north, service

ROOM = str(uuid4())


def hall(**more: Any) -> dict[str, Any]:
    return {
        "id": ROOM, "name": "Hall", "location_type": "physical", "latitude": 53.72,
        "longitude": -1.86,
        "addresses": [{"address_1": "1 Mill Lane", "city": "Halifax", "postal_code": "HX1 1AA",
                       "state_province": "West Yorkshire", "country": "GB"}],
    } | more  # fmt: skip


def at(room: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"service_at_locations": [{"location": room}]} | more


def told(house: House, after: int) -> dict[str, Any]:
    """What was told of each service since, by its name; once each."""
    events = [each for each in house.events(after=after) if each["subject"].startswith("service/")]
    found = {each["data"]["listing"]["name"]: each for each in events}
    assert len(found) == len(events), "told twice"
    return found


MOVED: dict[str, dict[str, Any]] = {
    "moved": {"latitude": 53.8},
    "renamed": {"name": "Old Hall"},
    "another postcode": {
        "addresses": [{"address_1": "1 Mill Lane", "city": "Elland", "postal_code": "HX5 0AA",
                       "state_province": "West Yorkshire", "country": "GB"}]
    },
    "a ramp": {"accessibility": [{"accessibility": "A ramp"}]},
    "step-free": {"attributes": [attribute("access", "step-free")]},
}  # fmt: skip


@pytest.mark.parametrize("change", MOVED)
def test_everybody_who_meets_in_a_room_is_told_of_again_when_it_changes(house: House, change: str):
    house.load(*(service(name, **at(hall())) for name in ("Choir", "Chess", "Knitting")))
    stood = house.get(f"/directory/services/{key('Chess')}")
    start = house.position()
    house.send(
        "PUT", f"/directory/services/{key('Choir')}", body("Choir", **at(hall() | MOVED[change]))
    )
    found = told(house, start)
    assert found.keys() == {"Choir", "Chess", "Knitting"}
    shown = house.get(f"/directory/services/{key('Chess')}")
    assert found["Chess"]["type"] == "kersey.directory.service.changed.v1"
    listing = found["Chess"]["data"]["listing"]
    assert listing["service_at_locations"] == shown["service_at_locations"]
    assert listing["service_at_locations"] != stood["service_at_locations"]
    sequences = [int(each["sequence"].split(".")[0]) for each in found.values()]
    assert sequences == [2, 2, 2]
    before = found["Chess"]["data"].get("before")
    assert (before is not None) is (change == "another postcode"), "whoever waits there hears"


def test_whoever_asks_for_what_changed_finds_those_whose_room_moved(house: House):
    house.load(*(service(name, **at(hall())) for name in ("Choir", "Chess")))
    house.load(service("Walk", at=north(500)))
    house.now += timedelta(hours=1)
    later = house.now.isoformat().replace("+00:00", "Z")
    house.send("PUT", f"/directory/services/{key('Choir')}", body("Choir", **at(hall(name="New"))))
    found = house.get("/directory/services", modified_after=later)["contents"]
    assert sorted(each["name"] for each in found) == ["Chess", "Choir"]


def test_a_room_that_stays_as_it_was_tells_of_nobody_else(house: House):
    house.load(*(service(name, **at(hall())) for name in ("Choir", "Chess")))
    start = house.position()
    house.send(
        "PUT", f"/directory/services/{key('Choir')}", body("Choir", **at(hall(), fees="Free"))
    )
    assert told(house, start).keys() == {"Choir"}


def test_nobody_is_told_of_a_withdrawn_service_because_its_room_moved(house: House):
    house.load(*(service(name, **at(hall())) for name in ("Choir", "Chess")))
    house.send("POST", f"/directory/services/{key('Chess')}/withdraw", {"reason": "ended"})
    start = house.position()
    house.send("PUT", f"/directory/services/{key('Choir')}", body("Choir", **at(hall(name="New"))))
    assert told(house, start).keys() == {"Choir"}


def test_a_load_of_all_tells_of_those_whose_own_listing_stays_but_whose_room_moved(house: House):
    house.load(*(service(name, **at(hall())) for name in ("Choir", "Chess")))
    start = house.position()
    house.load(service("Chess", **at(hall())), service("Choir", **at(hall(name="New"))))
    assert told(house, start).keys() == {"Choir", "Chess"}


def test_others_are_found_by_the_new_name_of_their_room_and_not_by_the_old(house: House):
    house.load(*(service(name, **at(hall(name="Weavers"))) for name in ("Choir", "Chess")))
    house.send(
        "PUT", f"/directory/services/{key('Choir')}", body("Choir", **at(hall(name="Dyers")))
    )
    assert house.names("/directory/services", search="dyers") == ["Chess", "Choir"]
    assert house.names("/directory/services", search="weavers") == []


def test_services_are_found_by_the_new_name_of_their_organisation(house: House):
    house.load(service("Choir", owner=OTHER))
    renamed = {"name": "Shuttleworth", "description": "It weaves."}
    house.send("PUT", f"/directory/organizations/{OTHER}", renamed)
    assert house.names("/directory/services", search="shuttleworth") == ["Choir"]
