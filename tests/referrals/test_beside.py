"""What stands below /fhir beside the REST interactions."""

from typing import Any
from uuid import uuid4

import pytest

from tests.bad_input.door import FHIR
from tests.identity.realm import realm_at_work
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import URL, House, house_at, prepare
from tests.referrals.subscribing import BACKPORT, TOPIC, receiver, register, subscription, told

ENDPOINT = "https://ehr.example.org/hook"


def test_smart_clients_read_how_to_get_a_token(database: NewDatabase):
    with (
        realm_at_work() as realm,
        house_at(database("referrals", prepare), issuer=realm.issuer) as at,
    ):
        answer = at.http.get("/fhir/.well-known/smart-configuration")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["token_endpoint"].startswith(realm.issuer)


def status(bundle: dict[str, Any]) -> dict[str, object]:
    (entry,) = bundle["entry"]
    assert entry["resource"]["meta"]["profile"] == [f"{BACKPORT}/backport-subscription-status-r4"]
    assert entry["search"] == {"mode": "match"}
    return {
        each["name"]: next(value for name, value in each.items() if name != "name")
        for each in entry["resource"]["parameter"]
    }


def test_a_subscription_tells_how_it_stands(house: House):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    bundle = house.ehr.get(f"/fhir/Subscription/{made['id']}/$status")
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    assert status(bundle) == {
        "subscription": {"reference": f"{URL}/fhir/Subscription/{made['id']}"},
        "topic": TOPIC,
        "status": "requested",
        "type": "query-status",
        "events-since-subscription-start": "0",
    }


def test_it_counts_what_was_told(house: House):
    with receiver() as sink:
        key = register(house, sink)
        house.refer()
        told(house)
        found = status(house.ehr.post(f"/fhir/Subscription/{key}/$status", {}))
        assert found["status"] == "active"
        assert found["events-since-subscription-start"] == str(len(sink.requests))
        assert sink.requests


@pytest.mark.parametrize("by", ["ehr-2", "provider", "link-worker"])
def test_anothers_subscription_is_not_there(house: House, by: str):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    stranger = house.by(by, scopes=("system/*.cruds",))
    for key in (made["id"], str(uuid4()), "%00"):
        outcome = stranger.get(f"/fhir/Subscription/{key}/$status", status=404)
        assert outcome["issue"][0]["code"] == "not-found"


def test_it_needs_a_token_that_reaches_it(house: House):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    path = f"/fhir/Subscription/{made['id']}/$status"
    house.by("ehr", scopes=("system/Task.rs",)).get(path, status=403)
    answer = house.http.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith(FHIR["Content-Type"])


@pytest.mark.parametrize("size", [2_800, 500_000])
def test_a_name_of_absurd_length_links_nobody_and_harms_nothing(house: House, size: int):
    name = "".join(uuid4().hex for _ in range(size // 32 + 1))[:size]
    patient = {
        "resourceType": "Patient",
        "name": [{"family": name, "given": [name]}],
        "birthDate": "1950-02-01",
        "identifier": [{"system": name, "value": name}],
    }
    made = house.ehr.post("/fhir/Patient", patient)
    house.ehr.post("/fhir/Patient", patient)
    assert house.scalar("select count(*) from link_proposal") == 0
    found = house.ehr.get(f"/fhir/Patient?family={name[:300]}&_id={made['id']}")
    assert found["total"] == 1
