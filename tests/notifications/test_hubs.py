"""A hub's staff act for their own place: another's contacts, calls and cases are not there."""

from uuid import uuid4

import pytest

from services.notifications.handlers.hubs import declare_hubs
from shared.messaging.events import (
    ProviderChanged,
    ProviderPublished,
    ReferralReceived,
    ReferralRouted,
    ServicePublished,
)
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, TEAM, requested

ALL = "notifications.read notifications.write"
BODY = {"means": "email", "address": "mine@aire.example.org", "verified_by_hub": True}


@pytest.fixture
def ours(house):
    return house.verifier.add("ours", roles="coordinator", scopes=ALL, organisation=HUB)


@pytest.fixture
def theirs(house):
    return house.verifier.add("theirs", roles="coordinator", scopes=ALL, organisation=OTHER_HUB)


@pytest.fixture
def listed(house):
    """A provider that only its listing places: at the hub called calder."""
    provider = uuid4()
    listing = {"email": "hello@clay.example.org", "kersey": {"hub": "calder"}}
    house.happens(ProviderPublished(provider=provider, listing=listing))
    return provider


@pytest.mark.parametrize("party", [PROVIDER, TEAM, "calder", uuid4()])
def test_another_hubs_coordinator_finds_no_contact_and_changes_none(client, house, theirs, party):
    key = house.contact(party=str(party))
    where = f"/notifications/contacts/{party}"
    assert client.get(where, headers=theirs).status_code == 404
    assert client.put(f"{where}/{key}", headers=theirs, json=BODY).status_code == 404
    assert client.put(f"{where}/{uuid4()}", headers=theirs, json=BODY).status_code == 404
    assert house.scalar("select string_agg(address, ' ') from contact") == "desk@clay.example.org"


@pytest.mark.parametrize("party", [PROVIDER, TEAM, "calder"])
def test_the_own_hubs_coordinator_sets_them(client, ours, party):
    where = f"/notifications/contacts/{party}/{uuid4()}"
    answer = client.put(where, headers=ours, json=BODY)
    assert (answer.status_code, answer.json()["source"]) == (200, "hub")


def test_a_listing_places_its_provider(client, ours, theirs, listed):
    where = f"/notifications/contacts/{listed}"
    assert client.get(where, headers=ours).status_code == 200
    assert client.get(where, headers=theirs).status_code == 404


def test_whoever_writes_a_listing_cannot_take_its_provider_over(client, house, theirs, listed):
    taken = {"email": "hello@clay.example.org", "kersey": {"hub": "aire"}}
    house.happens(ProviderChanged(provider=listed, listing=taken), sequence=2)
    house.happens(ServicePublished(service=uuid4(), provider=listed, listing=taken))
    assert client.get(f"/notifications/contacts/{listed}", headers=theirs).status_code == 404
    declare_hubs(house.engine, {}, {listed: "aire"})
    assert client.get(f"/notifications/contacts/{listed}", headers=theirs).status_code == 200


def test_a_providers_own_listing_places_it_before_its_services_do(client, house, ours):
    provider = uuid4()
    for event in (
        ServicePublished(service=uuid4(), provider=provider, listing={"kersey": {"hub": "aire"}}),
        ProviderPublished(provider=provider, listing={"kersey": {"hub": "calder"}}),
    ):
        house.happens(event)
    assert client.get(f"/notifications/contacts/{provider}", headers=ours).status_code == 200


def test_a_coordinator_whose_hub_nobody_declared_sees_nothing(client, house, listed):
    nobody = house.verifier.add("nobody", roles="coordinator", scopes=ALL)
    assert client.get(f"/notifications/contacts/{listed}", headers=nobody).status_code == 404


@pytest.fixture
def call(client, house):
    """The row of a call about a case of ours."""
    house.contact(means="phone", address="01422 496 0123")
    house.ask()
    (key,) = house.rows("id")
    return key


def shown(client, who, event):
    at = client.get("/notifications/deliveries", params={"case": event.case}, headers=who)
    assert at.status_code == 200
    return len(at.json()["deliveries"])


def test_another_hubs_calls_are_not_there(client, house, ours, theirs, call):
    assert client.get("/notifications/calls", headers=theirs).json() == {"calls": []}
    done = f"/notifications/calls/{call}/done"
    assert client.post(done, headers=theirs).status_code == 404
    retry = f"/notifications/deliveries/{call}/retry"
    assert client.post(retry, headers=theirs).status_code == 404
    assert house.rows("state") == ["queued"]
    assert len(client.get("/notifications/calls", headers=ours).json()["calls"]) == 1
    assert client.post(done, headers=ours).status_code == 200


def test_a_case_is_seen_by_its_own_hub_and_its_own_team(client, house, ours, theirs):
    worker = house.verifier.add("w", roles="link-worker", scopes=ALL, organisation=TEAM)
    other = house.verifier.add("o", roles="link-worker", scopes=ALL)
    house.contact()
    event = house.ask()
    assert [shown(client, who, event) for who in (ours, worker, theirs, other)] == [1, 1, 0, 0]


def test_the_hub_that_a_referral_came_to_holds_its_case(client, house, ours, theirs):
    house.contact()
    event = requested(team=None)
    received = {"case": event.case, "service_request": uuid4(), "task": uuid4()}
    house.happens(ReferralReceived(**received, hub="aire"))
    house.happens(event, sequence=2)
    assert [shown(client, who, event) for who in (ours, theirs)] == [0, 1]


def test_a_case_that_is_routed_goes_to_its_new_team_whatever_comes_late(client, house):
    first, second = uuid4(), uuid4()
    workers = [
        house.verifier.add(str(each), roles="link-worker", scopes=ALL, organisation=each)
        for each in (first, second)
    ]
    house.contact()
    event = requested(team=first)
    house.happens(event, sequence=2)
    routed = {"case": event.case, "task": uuid4(), "hub": "calder"}
    house.happens(ReferralRouted(**routed, team=second), sequence=5)
    house.happens(ReferralRouted(**routed, team=first), sequence=4)
    assert [shown(client, who, event) for who in workers] == [0, 1]
