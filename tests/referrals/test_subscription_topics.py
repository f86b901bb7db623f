"""What can be subscribed to: referrals and Tasks, whoever wrote them, as /metadata says."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.referrals import codes
from shared.fhir.model import validate
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House, Json, replaced
from tests.referrals.subscribing import (
    TOPIC,
    deliver,
    dispatch,
    receiver,
    register,
    status,
    subscription,
    told,
)

REFERRALS = codes.REFERRAL_TOPIC
EXTENSION = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def focuses(sink: HttpSink) -> list[str]:
    return [each.json["entry"][1]["request"]["url"] for each in sink.requests]


def a_task(**more: Any) -> Json:
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": {"text": "Of a client's own"},
    } | more


def test_metadata_names_the_topics_and_the_operations(house: House):
    statement = house.http.get("/fhir/metadata").json()
    validate(statement, expected_type="CapabilityStatement")
    (entry,) = (each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription")
    assert entry["extension"] == [
        {"url": EXTENSION, "valueCanonical": each} for each in (TOPIC, REFERRALS)
    ]
    definitions = {each["name"]: each["definition"] for each in entry["operation"]}
    assert definitions["status"].endswith("/backport-subscription-status")
    assert definitions["events"].endswith("/backport-subscription-events")
    assert "validate" in definitions


def test_a_sender_hears_of_its_referrals(house: House, sink: HttpSink):
    register(house, sink, criteria=REFERRALS)
    referral = house.refer()
    house.withdraw(referral)
    told(house)
    assert focuses(sink) == [f"ServiceRequest/{referral.request}"] * 2
    assert sink.requests[0].json["entry"][0]["resource"]["parameter"][1] == {
        "name": "topic",
        "valueCanonical": REFERRALS,
    }


def test_a_filter_is_of_the_topics_type(house: House, sink: HttpSink):
    register(house, sink, "ServiceRequest?status=revoked", criteria=REFERRALS)
    referral = house.refer()
    told(house)
    assert sink.requests == []
    house.withdraw(referral)
    told(house)
    assert focuses(sink) == [f"ServiceRequest/{referral.request}"]


def test_a_provider_hears_of_the_request_that_is_for_it_and_of_no_other(
    house: House, sink: HttpSink
):
    provider = house.by("provider", scopes=("system/*.cruds", "cases"))
    provider.post("/fhir/Subscription", subscription(sink.url, criteria=REFERRALS))
    deliver(house)
    sink.requests.clear()
    referral, task = house.asked()
    told(house)
    onward = provider.get(f"/fhir/Task/{task}")["focus"]["reference"]
    assert focuses(sink) == [onward]
    assert onward != f"ServiceRequest/{referral.request}"


def test_a_general_client_hears_of_its_own_tasks(house: House, sink: HttpSink):
    client = house.by("fhir-client")
    register(house, sink, by="fhir-client", criteria="Task?status=requested")
    made = client.post("/fhir/Task", a_task())
    told(house)
    client.put(f"/fhir/Task/{made['id']}", made | {"description": "More of it"})
    told(house)
    client.patch(f"/fhir/Task/{made['id']}", replaced("/status", "accepted"))
    told(house)
    assert focuses(sink) == [f"Task/{made['id']}"] * 2


def test_what_is_rolled_back_is_told_to_nobody(house: House, sink: HttpSink):
    register(house, sink, by="fhir-client")
    entry = {"request": {"method": "POST", "url": "Task"}}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            entry | {"resource": a_task()},
            entry | {"resource": a_task(**{"for": {"reference": "Patient/not-there"}})},
        ],
    }
    house.by("fhir-client").post("/fhir", bundle, status=422)
    assert dispatch(house) == 0


@pytest.mark.parametrize(("criteria", "focus"), [(TOPIC, "Task"), (REFERRALS, "ServiceRequest")])
def test_who_may_not_read_a_type_is_not_told_of_it(house: House, criteria: str, focus: str):
    body = subscription("https://ehr.example.org/hook", criteria=criteria)
    client = house.by("ehr", scopes=("system/Subscription.cruds", "system/Observation.r"))
    outcome = client.post("/fhir/Subscription", body, status=403)
    assert f"system/{focus}.r" in outcome["issue"][0]["diagnostics"]
    assert outcome["issue"][0]["expression"] == ["Subscription.criteria"]


def test_a_filter_that_is_no_longer_served_stops_its_own_subscription_only(
    house: House, sink: HttpSink
):
    with receiver() as other:
        broken = register(house, other, "Task?status=requested")
        register(house, sink)
        filters = '["Task?no-such-parameter=1"]'
        house.execute(
            "update subscription_state set filters = cast(:f as jsonb) where id = :id",
            f=filters,
            id=broken,
        )
        house.refer()
        told(house)
        assert other.requests == []
    assert len(sink.requests) == 1
    assert status(house, broken) == "error"


def test_what_is_created_together_is_told_each(house: House, sink: HttpSink):
    client = house.by("fhir-client")
    register(house, sink, by="fhir-client", criteria="Task")
    with ThreadPoolExecutor(8) as many:
        made = list(many.map(lambda _: client.post("/fhir/Task", a_task())["id"], range(16)))
        others = {"resourceType": "Organization", "name": "Of no interest"}
        list(many.map(lambda _: client.post("/fhir/Organization", others), range(8)))
    told(house)
    assert sorted(focuses(sink)) == sorted(f"Task/{each}" for each in made)
