"""The services that a provider keeps, as a list: room, and what waits for the hub."""

from typing import Any
from uuid import uuid4

import pytest

from tests.providers.conftest import House
from tests.providers.listings import OTHER, OWNER, body, key, service

MINE: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
AT = "/directory/kept/services"


def kept(house: House, query: str = "", **who: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.send("GET", AT + query, **(who or MINE))["contents"]
    return found


@pytest.fixture
def three(house: House) -> House:
    house.load(
        service("Choir", capacity={"state": "taking", "places": 3}),
        service("Bowls"),
        service("Theirs", owner=OTHER),
    )
    return house


def test_a_provider_sees_its_own_services_and_nobody_elses(three: House):
    assert [each["name"] for each in kept(three)] == ["Bowls", "Choir"]
    theirs = kept(three, organisation=OTHER, roles=("provider",))
    assert [each["name"] for each in theirs] == ["Theirs"]
    assert kept(three, organisation=OWNER, roles=("link-worker",)) == []
    assert three.send("GET", f"{AT}/{key('Choir')}", **MINE)["name"] == "Choir"
    three.send("GET", f"{AT}/{key('Theirs')}", status=404, **MINE)
    assert three.client.get(AT).status_code == 401


def test_room_and_what_waits_stand_beside_each(three: House):
    bowls, choir = kept(three)
    assert bowls["capacity"]["state"] == "unknown"
    assert choir["capacity"]["places"] == 3
    assert "waits" not in choir
    at = f"/directory/services/{key('Choir')}"
    draft = three.send("PUT", at, body("Choir", description="Loud"), status=202, **MINE)
    assert kept(three)[1]["waits"]["state"] == "draft"
    back = f"{at}/versions/{draft['number']}/send-back"
    three.send("POST", back, {"words": "How loud?"})
    waits = kept(three)[1]["waits"]
    assert (waits["state"], waits["words"]) == ("sent-back", "How loud?")
    three.send("PUT", at, body("Choir", description="Loud, on Tuesdays"), status=202, **MINE)
    assert kept(three)[1]["waits"]["state"] == "draft"


def test_what_was_never_public_is_listed_until_it_is(three: House):
    new = three.send("POST", "/directory/services", body("Aikido"), status=202, **MINE)
    first = kept(three)[0]
    assert (first["name"], first["public"]) == ("Aikido", False)
    assert "capacity" not in first
    three.approve(new)
    assert [(each["name"], each["public"]) for each in kept(three)] == [
        ("Aikido", True),
        ("Bowls", True),
        ("Choir", True),
    ]
    gone = f"/directory/services/{key('Bowls')}/withdraw"
    three.send("POST", gone, {"reason": "Over"}, **MINE)
    assert [each["name"] for each in kept(three)] == ["Aikido", "Choir"]


def test_a_page_follows_a_page(three: House):
    (first,) = kept(three, "?count=1")
    (second,) = kept(three, f"?count=1&after={first['id']}")
    assert (first["name"], second["name"]) == ("Bowls", "Choir")
    assert kept(three, f"?after={second['id']}") == []
    for nobodys in (key("Theirs"), uuid4()):
        refused = three.send("GET", f"{AT}?after={nobodys}", status=422, **MINE)
        assert refused["element"] == "after"
