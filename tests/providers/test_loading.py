"""Loading a dataset: twice the same is no change, and only what changed is told."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.demo.directory import dataset
from services.providers import hsds, loading
from services.providers.loading import load_directory
from services.providers.publishing import Misfit
from shared.messaging.outbox import Outbox
from tests.providers import listings
from tests.providers.conftest import NOW, House
from tests.providers.listings import body, key, organization, service


def test_the_demo_is_loaded_whole_and_told_once(house: House):
    told: list[tuple[int, int]] = []
    data = dataset()
    loaded = load_directory(
        house.engine, Outbox("kersey/providers"), data, lambda *done: told.append(done)
    )
    assert len(loaded.organizations) == len(data.organizations)
    assert len(loaded.services) == len(data.services)
    kinds = Counter(each["type"] for each in house.events())
    assert kinds == {
        "kersey.directory.provider.published.v1": len(data.organizations),
        "kersey.directory.service.published.v1": len(data.services),
    }
    assert told[-1] == (253, 253)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    again = load_directory(house.engine, Outbox("kersey/providers"), data)
    assert not again.organizations
    assert not again.services
    assert sum(Counter(each["type"] for each in house.events()).values()) == 253


def test_an_event_carries_the_whole_public_listing(own_demo: House):
    events = {
        each["data"]["listing"]["name"]: each["data"]
        for each in own_demo.events()
        if "service" in each["data"]
    }
    larks = events["Singing for Breath and Company"]
    listing = larks["listing"]
    assert listing == own_demo.get(f"/directory/listings/{larks['service']}")
    assert listing["organization"]["id"] == larks["provider"]
    own = listing["kersey"]
    assert own["tier"] == 2
    assert own["hub"] == "calderdale"
    assert own["referral"] == {"ask_by": "email", "email": "referrals@calderlarks.example"}
    assert own["terms"]["need"] == ["loneliness", "long-term-condition", "low-mood"]
    assert own["access"] == {"hearing-loop": True, "step-free": True, "toilets": True}
    assert own["capacity"]["places"] == 3


def test_only_what_changed_is_told(house: House):
    house.load(service("Choir"), service("Chess"))
    start = house.position()
    house.load(service("Choir"), service("Chess", description="Now with clocks"))
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.service.changed.v1"
    assert event["data"]["service"] == str(key("Chess"))


def test_a_change_says_whether_the_service_ran_before(house: House):
    house.load(service("Choir", status="temporarily closed"))
    start = house.position()
    house.load(service("Choir"))
    house.load(service("Choir", fees="Free"))
    said = [each["data"].get("was") for each in house.events(after=start)]
    assert said == ["temporarily closed", None]


def test_a_change_says_whom_the_service_met_before_where_that_changed(house: House):
    """So that who waits for what an edit adds is told, and of what was there is not (care 3)."""
    address = {
        "address_type": "physical", "address_1": "1 Mill Lane", "city": "Halifax",
        "state_province": "West Yorkshire", "country": "GB", "postal_code": "HX1 1AA",
    }  # fmt: skip
    at = [{"location": {"location_type": "physical", "addresses": [address]}}]
    house.load(service("Choir", needs=["loneliness"], service_at_locations=at))
    start = house.position()
    both = ["loneliness", "anxiety"]
    house.load(service("Choir", needs=both, service_at_locations=at))
    house.load(service("Choir", needs=both))
    house.load(service("Choir", needs=both, fees="Free, with tea"))
    needs, place, words = (each["data"].get("before") for each in house.events(after=start))
    assert needs["kersey"]["terms"] == {"need": ["loneliness"], "format": []}
    assert place["kersey"]["terms"]["need"] == sorted(both)
    there = [{"location": {"addresses": [{"postal_code": "HX1 1AA"}]}}]
    assert needs["service_at_locations"] == place["service_at_locations"] == there
    assert words is None


def test_a_reload_undoes_neither_a_capacity_nor_a_withdrawal(house: House):
    listed = (service("Choir", capacity={"state": "taking", "places": 5}), service("Chess"))
    house.load(*listed)
    house.send("PUT", f"/directory/services/{key('Choir')}/capacity", {"state": "full"})
    house.send("POST", f"/directory/services/{key('Chess')}/withdraw", {"reason": "x"})
    start = house.position()
    house.load(*listed)
    assert house.events(after=start) == []
    assert house.names() == ["Choir"]
    assert house.get("/directory/search")["contents"][0]["capacity"]["state"] == "full"


def test_a_listing_that_refers_to_nothing_stops_its_batch(house: House):
    stray = service("Stray", owner=key("Nobody"))
    with pytest.raises(Misfit) as refusal:
        house.load(service("Choir"), stray)
    assert refusal.value.element == "organization_id"
    assert house.count("service") == 0
    assert house.count("organization") == 2


def test_a_listing_of_a_dataset_needs_an_id(house: House):
    nameless = hsds.Service.model_validate(body("Choir"))
    with pytest.raises(ValueError, match="needs an id: Choir"):
        house.load(nameless)


def test_two_who_load_at_the_same_moment_tell_it_once(house: House):
    data = dataset()

    def load(_: int) -> None:
        load_directory(house.engine, Outbox("kersey/providers"), data)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(load, range(3)))
    told = Counter((each["subject"], each["sequence"]) for each in house.events())
    assert len(told) == len(data.organizations) + len(data.services)
    assert set(told.values()) == {1}


def test_hubs_and_terms_are_corrected_by_a_reload(house: House):
    house.load()
    data = listings.dataset()
    renamed = type(data.hubs[0])(**{**vars(data.hubs[0]), "name": "Bradford and Craven"})
    changed = type(data)((renamed, *data.hubs[1:]), data.districts, data.taxonomies, (), ())
    load_directory(house.engine, Outbox("kersey/providers"), changed, clock=lambda: NOW)
    names = [each["name"] for each in house.get("/directory/hubs")["contents"]]
    assert "Bradford and Craven" in names
    assert len(names) == 5


@pytest.mark.parametrize("batch", [50, 1])
def test_a_parent_may_come_after_its_child(
    house: House, monkeypatch: pytest.MonkeyPatch, batch: int
):
    monkeypatch.setattr(loading, "BATCH", batch)
    child = organization("Child", parent_organization_id=str(key("Parent")))
    house.load(organizations=[child, organization("Parent")])
    found = house.get(f"/directory/organizations/{key('Child')}")
    assert found["parent_organization_id"] == str(key("Parent"))
