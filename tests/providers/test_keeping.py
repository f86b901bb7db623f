"""Keeping listings: who may, what is refused in words, and the events of each write."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from deploy.demo.directory.build import HUBS
from services.providers.hubs import DeclaredHub, declare_hubs
from services.providers.moving_hubs import move_providers
from services.providers.taxonomies import term_id
from tests.providers.conftest import NOW, House
from tests.providers.listings import (
    HUB,
    OTHER,
    OWNER,
    attribute,
    body,
    key,
    north,
    organization,
    service,
)

PROVIDER = ("provider",)
COORDINATOR = ("coordinator",)
SCOPE = "directory.write"
LEEDS = next(hub for hub in HUBS if hub.code == "leeds").organisation


def types(events: list[Any]) -> list[str]:
    return [each["type"].removeprefix("kersey.directory.") for each in events]


# --- capacity --------------------------------------------------------------------------------


def test_of_room_that_nobody_spoke_of_no_day_is_told(house: House):
    house.load(service("Choir"))
    at = f"/directory/listings/{key('Choir')}"
    assert house.get(at)["kersey"]["capacity"] == {"state": "unknown", "keeps_list": False}
    told = {"state": "unknown"}
    house.send(
        "PUT",
        f"/directory/services/{key('Choir')}/capacity",
        told,
        organisation=OWNER,
        roles=PROVIDER,
    )
    assert house.get(at)["kersey"]["capacity"]["updated"] == "2026-11-23T09:30:00.000Z"


def test_a_provider_says_how_much_room_it_has_and_everybody_hears(house: House):
    house.load(service("Choir"))
    start = house.position()
    said = house.send(
        "PUT",
        f"/directory/services/{key('Choir')}/capacity",
        {"state": "taking", "places": 4, "first_date": "2026-12-01", "keeps_list": True},
        organisation=OWNER,
        roles=PROVIDER,
    )
    assert said == {
        "service_id": str(key("Choir")),
        "state": "taking",
        "places": 4,
        "first_date": "2026-12-01",
        "keeps_list": True,
        "updated": "2026-11-23T09:30:00.000Z",
        "expires": "2026-12-21T09:30:00.000Z",
    }
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.capacity.changed.v1"
    assert event["subject"] == f"service/{key('Choir')}"
    assert event["source"] == "kersey/providers"
    assert event["data"] == {
        "service": str(key("Choir")),
        "was": "unknown",
        "state": "taking",
        "places": 4,
        "keeps_list": True,
        "expires": "2026-12-21T09:30:00Z",
    }
    assert event["sequence"].startswith("000000000000002.")
    assert house.names(free_places="true") == ["Choir"]
    listing = house.get(f"/directory/listings/{key('Choir')}")
    assert listing["kersey"]["version"] == 2
    assert listing["kersey"]["capacity"]["places"] == 4


def test_a_waiting_list_that_was_agreed_stays_agreed(house: House):
    house.load(service("Choir"))
    path = f"/directory/services/{key('Choir')}/capacity"
    house.send("PUT", path, {"state": "waiting-list", "waiting": 2, "keeps_list": True})
    said = house.send("PUT", path, {"state": "taking", "places": 1})
    assert said["keeps_list"] is True
    assert house.send("PUT", path, {"state": "full", "keeps_list": False})["keeps_list"] is False


def test_capacity_can_be_promised_until_a_day(house: House):
    house.load(service("Choir"))
    path = f"/directory/services/{key('Choir')}/capacity"
    house.send("PUT", path, {"state": "full", "expires": "2026-11-30T12:00:00+01:00"})
    house.now = NOW + timedelta(days=8)
    assert (
        house.get(f"/directory/listings/{key('Choir')}")["kersey"]["capacity"]["state"] == "unknown"
    )


@pytest.mark.parametrize(
    ("said", "element"),
    [
        ({"state": "taking", "places": 0}, "places"),
        ({"state": "full", "places": 2}, "places"),
        ({"state": "taking", "places": -1}, "body.places"),
        ({"state": "taking", "places": True}, "body.places"),
        ({"state": "taking", "places": "2"}, "body.places"),
        ({"state": "taking", "waiting": False}, "body.waiting"),
        ({"state": "full", "keeps_list": "yes"}, "body.keeps_list"),
        ({"state": "full", "keeps_list": 1}, "body.keeps_list"),
        ({"state": "roomy"}, "body.state"),
        ({"state": "full", "expires": "2026-11-30T12:00:00"}, "body"),
        ({"state": "full", "expires": "2020-11-30T12:00:00Z"}, "expires"),
        ({"state": "full", "room": 3}, "body.room"),
        ({}, "body.state"),
    ],
)
def test_a_capacity_that_cannot_be_is_refused_by_field(
    house: House, said: dict[str, Any], element: str
):
    house.load(service("Choir"))
    start = house.position()
    problem = house.send("PUT", f"/directory/services/{key('Choir')}/capacity", said, status=422)
    assert problem["element"] == element
    assert house.events(after=start) == []


def test_only_its_own_provider_or_a_coordinator_says_so(house: House):
    house.load(service("Choir"))
    path, said = f"/directory/services/{key('Choir')}/capacity", {"state": "full"}
    start = house.position()
    answer = house.client.put(path, json=said)
    assert answer.status_code == 401
    house.send("PUT", path, said, status=403, scope="system/*.rs")
    house.send("PUT", path, said, status=403, organisation=OTHER, roles=PROVIDER)
    house.send("PUT", path, said, status=403, organisation=OWNER, roles=("link-worker",))
    assert house.events(after=start) == []
    house.send("PUT", path, said, status=403, organisation=LEEDS, roles=("coordinator",))
    house.send("PUT", path, said, organisation=HUB.organisation, roles=("coordinator",))


def test_capacity_of_what_is_not_there_or_no_longer_listed(house: House):
    house.load(service("Choir"))
    said = {"state": "full"}
    house.send("PUT", f"/directory/services/{uuid4()}/capacity", said, status=404)
    house.send("POST", f"/directory/services/{key('Choir')}/withdraw", {"reason": "Moved away"})
    house.send("PUT", f"/directory/services/{key('Choir')}/capacity", said, status=410)


# --- listings --------------------------------------------------------------------------------


def test_a_coordinator_lists_a_service_of_a_provider(house: House):
    house.load()
    start = house.position()
    wanted = body(
        "Knit & natter",
        needs=["loneliness"],
        at=north(100),
        capacity={"state": "taking", "places": 2},
    )
    answer = house.client.post(
        "/directory/services",
        json=wanted,
        headers={"Authorization": f"Bearer {house.token(HUB.organisation, COORDINATOR, SCOPE)}"},
    )
    assert answer.status_code == 201, answer.text
    listed = answer.json()
    assert answer.headers["location"] == f"/directory/services/{listed['id']}"
    assert listed["name"] == "Knit & natter"
    assert listed["kersey"]["tier"] == 1
    assert listed["kersey"]["terms"] == {"need": ["loneliness"]}
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.service.published.v1"
    assert event["data"]["provider"] == str(OWNER)
    assert event["data"]["listing"] == listed == house.get(f"/directory/listings/{listed['id']}")
    assert house.names(need="loneliness") == ["Knit & natter"]


def test_a_listing_is_replaced_as_a_whole_and_its_room_stays(house: House):
    house.load(service("Choir", needs=["work"], at=north(100), capacity={"state": "taking"}))
    path = f"/directory/services/{key('Choir')}"
    house.send("PUT", f"{path}/capacity", {"state": "full"})
    before = {name: house.count(name) for name in ("location", "attribute", "schedule")}
    assert before == {"location": 1, "attribute": 1, "schedule": 0}
    start = house.position()
    changed = body(
        "Choir of two towns",
        needs=["food"],
        schedules=[{"freq": "WEEKLY", "byday": "FR"}],
        capacity={"state": "taking", "places": 9},
    )
    listed = house.send("PUT", path, changed)
    assert listed["kersey"]["capacity"]["state"] == "full"
    assert listed["kersey"]["version"] == 3
    assert "service_at_locations" not in listed
    assert types(house.events(after=start)) == ["service.changed.v1"]
    assert house.names(need="food") == ["Choir of two towns"]
    assert house.names(need="work") == []
    after = {name: house.count(name) for name in ("location", "attribute", "schedule")}
    assert after == {"location": 0, "attribute": 1, "schedule": 1}


def test_the_same_listing_again_changes_nothing(house: House):
    house.load()
    path = f"/directory/services/{key('Choir')}"
    house.send("PUT", path, body("Choir", at=north(5)), status=201)
    start = house.position()
    house.send("PUT", path, body("Choir", at=north(5)))
    assert house.events(after=start) == []


def test_a_withdrawn_service_is_told_once_and_can_be_listed_again(house: House):
    house.load(service("Choir", needs=["work"]))
    path = f"/directory/services/{key('Choir')}"
    start = house.position()
    house.now = NOW + timedelta(hours=1)
    gone = house.send("POST", f"{path}/withdraw", {"reason": "The hall was sold"})
    house.send("POST", f"{path}/withdraw", {"reason": "Again"})
    assert gone["status"] == "defunct"
    events = house.events(after=start)
    assert types(events) == ["service.withdrawn.v1"]
    assert events[0]["data"]["listing"]["name"] == "Choir"
    assert house.names(need="work") == house.names("/directory/services") == []
    assert house.get(path)["status"] == "defunct"
    later = house.get("/directory/services", modified_after="2026-11-23T10:00:00Z")["contents"]
    assert [(each["name"], each["status"]) for each in later] == [("Choir", "defunct")]
    start = house.position()
    again = house.send("PUT", path, body("Choir", needs=["work"]))
    assert again["status"] == "active"
    assert types(house.events(after=start)) == ["service.published.v1"]
    assert house.names(need="work") == ["Choir"]


def test_who_may_list_and_withdraw(house: House):
    house.load(service("Choir"))
    path = f"/directory/services/{key('Choir')}"
    wanted = body("Choir", owner=OTHER)
    owner: dict[str, Any] = {"organisation": OWNER, "roles": PROVIDER, "status": 403}
    other: dict[str, Any] = {"organisation": OTHER, "roles": PROVIDER, "status": 403}
    worker: dict[str, Any] = {"organisation": OTHER, "roles": ("link-worker",), "status": 403}
    house.send("POST", "/directory/services", wanted, **owner)
    house.send("POST", "/directory/services", wanted, **worker)
    # A provider cannot take over another's service by naming itself as its owner.
    house.send("PUT", path, wanted, **other)
    house.send("POST", f"{path}/withdraw", {"reason": "x"}, **other)
    problem = house.send("PUT", path, wanted, status=422)
    assert problem["element"] == "organization_id"
    house.send("POST", f"/directory/services/{uuid4()}/withdraw", {"reason": "x"}, status=404)


def test_a_provider_does_not_vouch_for_itself(house: House):
    evidence = [
        {"kind": kind, "seen": "2026-01-05"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ]
    vouched = {"tier": 2, "evidence": evidence, "assured_by": "The hub, by a visit"}
    path = f"/directory/services/{key('Choir')}"
    house.load()
    mine: dict[str, Any] = {"organisation": OWNER, "roles": PROVIDER}
    wanted = body("Choir", kersey=vouched, assured_date="2026-01-05")
    assert house.send("PUT", path, wanted, status=403, **mine)["element"] == "assured_date"
    listed = house.send("PUT", path, wanted, status=201)
    assert listed["kersey"]["tier"] == 2
    waiting = house.send("PUT", path, body("Choir", description="New hall"), status=202, **mine)
    house.approve(waiting)
    changed = house.get(f"/directory/listings/{key('Choir')}")
    assert changed["description"] == "New hall"
    assert changed["kersey"]["tier"] == 2
    assert changed["kersey"]["assured_by"] == "The hub, by a visit"
    assert changed["assured_date"] == "2026-01-05"
    refused = house.send("PUT", path, body("Choir", kersey={"tier": 3}), status=422)
    assert refused["element"] == "body.kersey"


def test_a_provider_reads_a_listing_changes_it_and_sends_it_back(house: House):
    vouched = {
        "tier": 2,
        "evidence": [
            {"kind": kind, "seen": "2026-01-05"}
            for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
        ],
        "assured_by": "The hub, by a visit",
        "ask_by": "phone",
    }
    path = f"/directory/services/{key('Choir')}"
    house.load()
    house.send("PUT", path, body("Choir", kersey=vouched, assured_date="2026-01-05"), status=201)
    read, own = house.get(path), house.get(f"/directory/listings/{key('Choir')}")["kersey"]
    mine: dict[str, Any] = {"organisation": OWNER, "roles": PROVIDER}

    change = {"description": "New hall", "kersey": {"ask_by": "phone"}}
    house.approve(house.send("PUT", path, read | change, status=202, **mine))

    changed = house.get(path)
    assert changed == read | {
        "description": "New hall",
        "last_modified": changed["last_modified"],
    }
    kersey = house.get(f"/directory/listings/{key('Choir')}")["kersey"]
    assert kersey == own | {"version": kersey["version"]}
    later = read | {"assured_date": "2026-11-01"}
    assert house.send("PUT", path, later, status=403, **mine)["element"] == "assured_date"


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"name": ""}, "body.name"),
        ({"name": None}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"status": "open"}, "body.status"),
        ({"url": "javascript:alert(1)"}, "body.url"),
        ({"url": "https://a b.example"}, "body.url"),
        ({"email": "nobody"}, "body.email"),
        ({"minimum_age": 60, "maximum_age": 20}, "body"),
        ({"schedules": [{"byday": "9XX"}]}, "body.schedules.0.byday"),
        (
            {"schedules": [{"valid_from": "2026-02-01", "valid_to": "2026-01-01"}]},
            "body.schedules.0",
        ),
        (
            {"service_at_locations": [{"location": {"latitude": 53.7}}]},
            "body.service_at_locations.0.location",
        ),
        (
            {"service_at_locations": [{"location": {"latitude": 99, "longitude": 0}}]},
            "body.service_at_locations.0.location.latitude",
        ),
        ({"cost_options": [{"amount": -1}]}, "body.cost_options.0.amount"),
        ({"languages": [{"code": "??"}]}, "body.languages.0.code"),
        ({"kersey": {"tier": 4}}, "body.kersey.tier"),
        ({"kersey": {"hub": "atlantis"}}, "kersey.hub"),
        ({"kersey": {"colour": "red"}}, "body.kersey.colour"),
        ({"service_areas": [{"hub": "atlantis"}]}, "kersey.hub"),
        ({"organization_id": str(uuid4())}, "organization_id"),
        (
            {"attributes": [{"taxonomy_term_id": str(uuid4())}]},
            "attributes.taxonomy_term_id",
        ),
    ],
)
def test_a_listing_that_does_not_fit_is_refused_by_element_and_nothing_stays(
    house: House, change: dict[str, Any], element: str
):
    house.load()
    start = house.position()
    problem = house.send(
        "PUT", f"/directory/services/{key('Choir')}", body("Choir") | change, status=422
    )
    assert problem["element"] == element
    assert problem["detail"]
    assert house.events(after=start) == []
    assert house.count("service") == 0


def test_the_id_of_the_address_counts(house: House):
    house.load()
    wanted = body("Choir") | {"id": str(uuid4())}
    problem = house.send("PUT", f"/directory/services/{key('Choir')}", wanted, status=422)
    assert problem["element"] == "id"


def test_an_id_that_belongs_to_something_else_is_a_conflict(house: House):
    schedule = {"id": str(uuid4()), "byday": "MO"}
    house.load(service("Choir", schedules=[schedule]))
    start = house.position()
    problem = house.send(
        "POST", "/directory/services", body("Thief", schedules=[schedule]), status=409
    )
    assert problem["element"] == "id"
    assert house.events(after=start) == []


def test_of_two_who_list_the_same_id_one_is_told_to_try_again(house: House):
    house.load()
    statuses: list[int] = []
    coordinator = house.token(HUB.organisation, COORDINATOR, SCOPE)
    headers = {"Authorization": f"Bearer {coordinator}"}

    def put(number: int) -> None:
        wanted = body(f"Choir {number}", at=north(number))
        answer = house.client.put(
            f"/directory/services/{key('Choir')}", json=wanted, headers=headers
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 201, 409}
    assert statuses.count(201) == 1
    sequences = [each["sequence"] for each in house.events() if "service" in each["data"]]
    assert len(sequences) == len(set(sequences)) == len([s for s in statuses if s < 300])


def test_an_organisation_and_its_services_may_change_at_the_same_moment(house: House):
    house.load(*(service(f"S{number}") for number in range(6)))
    coordinator = house.token(HUB.organisation, ("coordinator",), "directory.write")
    statuses: list[int] = []

    def rename() -> None:
        for number in range(4):
            path = f"/directory/organizations/{OWNER}"
            change(path, {"name": f"Owner {number}", "description": "x"})

    def describe(name: str) -> None:
        for number in range(4):
            wanted = body(name, at=north(number), description=f"{number}")
            change(f"/directory/services/{key(name)}", wanted)

    def change(path: str, wanted: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {coordinator}"}
        statuses.append(house.client.put(path, json=wanted, headers=headers).status_code)

    threads = [threading.Thread(target=rename)]
    threads += [threading.Thread(target=describe, args=(f"S{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    for number in range(6):
        told = house.get(f"/directory/listings/{key(f'S{number}')}")
        subject = f"service/{key(f'S{number}')}"
        last = [each for each in house.events() if each["subject"] == subject][-1]
        assert last["data"]["listing"] == told
        assert told["organization"]["name"] == "Owner 3"


def test_a_room_is_described_by_one_organisation_only(house: House):
    room = {"id": str(uuid4()), "name": "Hall", "location_type": "physical"}
    house.load(service("Choir", service_at_locations=[{"location": room}]))
    stolen = body("Theirs", owner=OTHER, service_at_locations=[{"location": room | {"name": "!"}}])
    problem = house.send("POST", "/directory/services", stolen, status=422)
    assert problem["element"] == "service_at_locations"
    # Two services of one organisation share a room, and it stays while one of them uses it.
    house.send(
        "PUT",
        f"/directory/services/{key('Chess')}",
        body("Chess", service_at_locations=[{"location": room}]),
        status=201,
    )
    house.send("PUT", f"/directory/services/{key('Choir')}", body("Choir"))
    assert house.count("location") == 1
    house.send("PUT", f"/directory/services/{key('Chess')}", body("Chess"))
    assert house.count("location") == 0


def test_markup_is_cleaned_at_the_edge(house: House):
    house.load()
    wanted = body(
        "Tea <b>and</b> talk & cake",
        description="<p>Tea</p><script>alert(1)</script><img src=x onerror=alert(1)>",
        fees="",
        email=" ",
    )
    listed = house.send("PUT", f"/directory/services/{key('Tea')}", wanted, status=201)
    assert listed["name"] == "Tea and talk & cake"
    assert listed["description"] == "<p>Tea</p>"
    assert "fees" not in listed
    assert "email" not in listed


def test_everything_below_a_service_comes_back_out(house: House):
    house.load()
    wanted = body(
        "Whole",
        at=north(10),
        contacts=[
            {
                "title": "Desk",
                "attributes": [attribute("format", "phone")],
                "phones": [{"number": "01632 960123", "languages": [{"code": "pl"}]}],
            }
        ],
        service_areas=[{"name": "All of it", "hub": "leeds", "extent": "x", "extent_type": "text"}],
        funding=[{"source": "A fund", "amount": 500}],
        cost_options=[{"amount": 2.5, "currency": "GBP", "valid_from": "2026-01-01"}],
    )
    wanted["service_at_locations"][0]["location"] |= {
        "addresses": [
            {
                "address_1": "1 Row",
                "city": "Halifax",
                "state_province": "West Yorkshire",
                "postal_code": "HX1 9ZZ",
            }
        ],
        "accessibility": [{"accessibility": "A ramp at the side"}],
    }
    listed = house.send("PUT", f"/directory/services/{key('Whole')}", wanted, status=201)
    contact = listed["contacts"][0]
    assert contact["phones"][0]["languages"][0]["code"] == "pl"
    assert contact["attributes"][0]["taxonomy_term"]["code"] == "phone"
    assert listed["cost_options"][0]["amount"] == 2.5
    assert set(listed["funding"][0]) == {"id", "service_id", "source"}
    place = listed["service_at_locations"][0]["location"]
    assert place["accessibility"][0]["accessibility"] == "A ramp at the side"
    assert place["addresses"][0]["country"] == "GB"
    # Sent again without ids it is the same listing, entity by entity.
    again = house.send("PUT", f"/directory/services/{key('Whole')}", wanted | {"alert": "New"})
    assert again["contacts"] == listed["contacts"]
    at = house.get(f"/directory/service_at_locations/{listed['service_at_locations'][0]['id']}")
    assert at["service"]["name"] == "Whole"
    assert at["location"] == place


# --- organisations ---------------------------------------------------------------------------


def test_a_coordinator_lists_an_organisation(house: House):
    house.load()
    start = house.position()
    wanted = {
        "name": "New group",
        "description": "<p>Hello</p>",
        "kersey": {"hub": HUB.code},
        "parent_organization_id": str(OWNER),
        "attributes": [attribute("activity", "music")],
        "organization_identifiers": [{"identifier_type": "Charity", "identifier": "DEMO-1"}],
    }
    listed = house.send("POST", "/directory/organizations", wanted, status=201)
    assert listed["kersey"] == {"version": 1, "hub": HUB.code}
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.provider.published.v1"
    assert event["data"] == {"provider": listed["id"], "listing": listed}
    public = house.get(f"/directory/organizations/{listed['id']}")
    assert "kersey" not in public
    assert public["attributes"][0]["taxonomy_term_id"] == str(term_id("activity", "music"))
    assert public["parent_organization_id"] == str(OWNER)


def test_an_organisations_change_is_told_of_its_services_too(house: House):
    house.load(service("Choir"), service("Theirs", owner=OTHER))
    house.send("POST", f"/directory/services/{key('Theirs')}/withdraw", {"reason": "x"})
    start = house.position()
    changed = {"name": "Renamed", "description": "Ours"}
    house.send("PUT", f"/directory/organizations/{OWNER}", changed)
    events = house.events(after=start)
    assert types(events) == ["provider.changed.v1", "service.changed.v1"]
    assert events[1]["data"]["listing"]["organization"]["name"] == "Renamed"
    start = house.position()
    house.send("PUT", f"/directory/organizations/{OWNER}", changed)
    assert house.events(after=start) == []
    house.send("PUT", f"/directory/organizations/{OTHER}", changed)
    assert types(house.events(after=start)) == ["provider.changed.v1"]


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"parent_organization_id": str(uuid4())}, "parent_organization_id"),
        ({"website": "ftp://x.example"}, "body.website"),
        ({"description": None}, "body.description"),
    ],
)
def test_an_organisation_that_does_not_fit(house: House, change: dict[str, Any], element: str):
    house.load()
    wanted = {"name": "New", "description": "New"} | change
    problem = house.send("POST", "/directory/organizations", wanted, status=422)
    assert problem["element"] == element


def test_who_may_list_an_organisation(house: House):
    house.load(organizations=[organization("Owner")])
    wanted = {"name": "New", "description": "New"}
    mine: dict[str, Any] = {"organisation": OWNER, "roles": PROVIDER, "status": 403}
    house.send("POST", "/directory/organizations", wanted, **mine)
    house.send("PUT", f"/directory/organizations/{OTHER}", wanted, **mine)
    house.send("PUT", f"/directory/organizations/{OTHER}", wanted, status=201)


def test_a_coordinator_keeps_the_listings_of_the_hubs_own_place_only(house: House):
    house.load(service("Choir"))
    start = house.position()
    stranger: dict[str, Any] = {"organisation": LEEDS, "roles": ("coordinator",), "status": 403}
    redirected = body("Choir", kersey={"referral_email": "leeds@elsewhere.example"})
    house.send("PUT", f"/directory/services/{key('Choir')}", redirected, **stranger)
    house.send("POST", "/directory/services", body("Theirs, they say"), **stranger)
    gone = {"reason": "Because"}
    house.send("POST", f"/directory/services/{key('Choir')}/withdraw", gone, **stranger)
    taken = {"name": "Ours now", "description": "x"}
    for hub in ({}, {"kersey": {"hub": "leeds"}}, {"kersey": {"hub": HUB.code}}):
        house.send("PUT", f"/directory/organizations/{OWNER}", taken | hub, **stranger)
    assert house.events(after=start) == []


def test_an_id_belongs_to_one_thing_of_the_directory(house: House):
    """Elsewhere a party, a contact or a document is known by such an id alone."""
    house.load(service("Choir", needs=["work"], at=north(1)), organizations=[organization("Owner")])
    place = house.get(f"/directory/services/{key('Choir')}")["service_at_locations"][0]["location"]
    start = house.position()
    for taken in (key("Choir"), place["id"]):
        wanted = {"name": "New", "description": "New", "email": "elsewhere@x.example"}
        path = f"/directory/organizations/{taken}"
        assert house.send("PUT", path, wanted, status=422)["element"] == "id"
    for taken in (OWNER, place["id"]):
        path = f"/directory/services/{taken}"
        assert house.send("PUT", path, body("New"), status=422)["element"] == "id"
    for taken in (OWNER, key("Choir")):
        room = {"id": str(taken), "name": "Hall", "location_type": "physical"}
        new = body("New", service_at_locations=[{"location": room}])
        assert house.send("POST", "/directory/services", new, status=422)["element"] == "id"
    assert house.events(after=start) == []


def test_what_is_said_of_a_contact_is_not_said_of_a_service_with_the_same_id(house: House):
    house.load(service("Choir", needs=["work"]), service("Theirs", owner=OTHER))
    mine: dict[str, Any] = {"organisation": OTHER, "roles": PROVIDER}
    path = f"/directory/services/{key('Theirs')}"
    said = attribute("need", "money") | {"id": str(uuid4())}
    desk = {"id": str(key("Choir")), "name": "Desk", "attributes": [said]}
    for description in ("once", "twice"):
        wanted = body("Theirs", owner=OTHER, contacts=[desk], description=description)
        house.approve(house.send("PUT", path, wanted, status=202, **mine))
    choir = house.get(f"/directory/services/{key('Choir')}")
    assert [each["taxonomy_term"]["code"] for each in choir["attributes"]] == ["work"]
    assert house.names(need="work") == ["Choir"]
    assert house.names(need="money") == []
    term = str(term_id("need", "money"))
    assert house.names("/directory/services", taxonomy_term_id=term) == []


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ({"minimum_age": True}, "body.minimum_age"),
        ({"schedules": [{"interval": True}]}, "body.schedules.0.interval"),
        ({"cost_options": [{"amount": False}]}, "body.cost_options.0.amount"),
    ],
)
def test_a_yes_is_no_number(house: House, more: dict[str, Any], element: str):
    house.load()
    problem = house.send("POST", "/directory/services", body("New", **more), status=422)
    assert problem["element"] == element


def test_an_organisation_is_not_a_part_of_itself(house: House):
    house.load()
    wanted = {"name": "x", "description": "x", "parent_organization_id": str(OWNER)}
    problem = house.send("PUT", f"/directory/organizations/{OWNER}", wanted, status=422)
    assert problem["element"] == "parent_organization_id"


def test_an_organisation_stays_with_the_hub_that_listed_it_first(house: House):
    house.load()
    new = {"name": "New", "description": "New"}
    listed = house.send("POST", "/directory/organizations", new, status=201)
    assert listed["kersey"]["hub"] == HUB.code
    path, moved = f"/directory/organizations/{listed['id']}", new | {"kersey": {"hub": "leeds"}}
    mine: dict[str, Any] = {"organisation": listed["id"], "roles": PROVIDER}
    for who in ({}, mine):
        assert house.send("PUT", path, moved, status=403, **who)["element"] == "kersey.hub"
    waiting = house.send("PUT", path, new | {"name": "Ours"}, status=202, **mine)
    house.approve(waiting)
    again = house.send("PUT", path, new | {"name": "Renamed"})
    assert again["kersey"]["hub"] == HUB.code
    for hub in ("leeds", "atlantis"):
        wanted = new | {"kersey": {"hub": hub}}
        problem = house.send("POST", "/directory/organizations", wanted, status=403)
        assert problem["element"] == "kersey.hub"


def test_the_operator_moves_a_provider_to_another_hub_with_what_waits(house: House):
    house.load(service("Choir", description="Tuesdays"))
    mine: dict[str, Any] = {"organisation": OWNER, "roles": PROVIDER}
    path = f"/directory/services/{key('Choir')}"
    waiting = house.send("PUT", path, body("Choir", description="Wednesdays"), status=202, **mine)
    start, nobody = house.position(), uuid4()
    move = partial(move_providers, house.engine, house.directory.outbox)
    assert move({OWNER: "leeds", nobody: "leeds"}) == {nobody}
    told = [each["type"] for each in house.events(after=start)]
    assert told == [
        "kersey.directory.provider.changed.v1",
        "kersey.directory.service.changed.v1",
    ]
    assert move({OWNER: "leeds"}) == set()
    assert len(house.events(after=start)) == 2, "twice is once"
    house.approve(waiting, status=404)
    house.approve(waiting, organisation=LEEDS)
    assert house.get(path)["description"] == "Wednesdays"
    house.send("PUT", path, body("Choir"), status=403)
    house.send("PUT", path, body("Choir"), organisation=LEEDS)
    history = house.send("GET", f"/directory/organizations/{OWNER}/versions", organisation=LEEDS)
    assert history["versions"][0]["why"] == "Moved to the hub 'leeds'."


def test_whoever_coordinates_several_hubs_says_which(house: House):
    house.load()
    hubs = [DeclaredHub(code, code.title(), HUB.organisation) for code in ("leeds", "craven")]
    declare_hubs(house.engine, hubs)
    left = declare_hubs(house.engine, hubs)
    assert left == sorted({hub.code for hub in HUBS} - {"leeds"})
    declare_hubs(house.engine, [])
    new = {"name": "New", "description": "New"}
    problem = house.send("POST", "/directory/organizations", new, status=422)
    assert problem["element"] == "kersey.hub"
    for code in ("craven", "leeds", HUB.code):
        wanted = new | {"kersey": {"hub": code}}
        listed = house.send("POST", "/directory/organizations", wanted, status=201)
        assert listed["kersey"]["hub"] == code
    known = {each["code"]: each for each in house.get("/directory/hubs")["contents"]}
    assert known["leeds"]["name"] == "Leeds"
    assert known["leeds"]["email"] == "leeds@hubs.kersey.example"
    assert "email" not in known["craven"]


def test_a_provider_that_lists_itself_says_its_hub(house: House):
    house.load()
    path = f"/directory/organizations/{uuid4()}"
    mine: dict[str, Any] = {"organisation": path.rpartition("/")[2], "roles": PROVIDER}
    new = {"name": "New", "description": "New", "kersey": {"hub": "atlantis"}}
    assert house.send("PUT", path, new, status=422, **mine)["element"] == "kersey.hub"
    nowhere = new | {"kersey": {}}
    assert house.send("PUT", path, nowhere, status=409, **mine)["element"] == "kersey.hub"
    waiting = house.send("PUT", path, new | {"kersey": {"hub": "leeds"}}, status=202, **mine)
    house.send("GET", path.replace("organizations", "services"), status=404)
    house.approve(waiting, organisation=LEEDS)
    assert house.get(path)["name"] == "New"


def test_state_and_event_commit_together(house: House, monkeypatch: pytest.MonkeyPatch):
    house.load(service("Choir"))
    with house.engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox ADD CONSTRAINT none_more CHECK (position < 4)"))
    house.send("PUT", f"/directory/services/{key('Choir')}/capacity", {"state": "full"}, status=500)
    listing = house.get(f"/directory/listings/{key('Choir')}")
    assert listing["kersey"]["capacity"]["state"] == "unknown"
    assert listing["kersey"]["version"] == 1
