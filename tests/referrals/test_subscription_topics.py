"""What can be subscribed to: referrals and Tasks, whoever wrote them, as /metadata says."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.referrals import codes
from shared.fhir.model import validate
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House, Json, replaced
from tests.referrals.letters import messages, send
from tests.referrals.subscribing import (
    TOPIC,
    about,
    deliver,
    dispatch,
    parameters,
    receiver,
    register,
    status,
    subscription,
    told,
)

REFERRALS = codes.REFERRAL_TOPIC
GP_MESSAGES = codes.GP_MESSAGE_TOPIC
EXTENSION = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def focuses(sink: HttpSink) -> list[str]:
    return [focus for each in sink.requests for focus in about(each.json)]


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
        {"url": EXTENSION, "valueCanonical": each} for each in (TOPIC, REFERRALS, GP_MESSAGES)
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


def test_a_practice_hears_of_what_it_is_told(house: House, sink: HttpSink):
    with receiver() as other:
        register(house, sink, criteria=GP_MESSAGES)
        register(house, other, criteria=GP_MESSAGES, by="ehr-2")
        referral = house.taken_on()
        assert send(house) == 1
        told(house)
        (line,) = messages(house, referral)
        assert focuses(sink) == [f"Communication/{line['id']}"]
        assert other.requests == [], "it is another practice's"


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


def an_observation(code: str) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
    }


def test_a_query_of_any_type_is_told_as_r4_says(house: House, sink: HttpSink):
    """HL7's own example asks for an Observation; other servers know no topics at all."""
    by = house.by("ehr")
    before = by.post("/fhir/Observation", an_observation("1975-2"))
    criteria = "Observation?code=http://loinc.org|1975-2"
    by.post("/fhir/Subscription", subscription(sink.url, criteria=criteria, content=None))
    alone = by.post("/fhir/Observation", an_observation("1975-2"))
    by.post("/fhir/Observation", an_observation("1-8"))
    by.post("/fhir/Condition", {"resourceType": "Condition", "subject": {"display": "x"}})
    entry = {"request": {"method": "POST", "url": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    sent = bundle | {"entry": [entry | {"resource": an_observation("1975-2")}] * 2}
    answered = by.post("/fhir", sent)
    together = [each["resource"]["id"] for each in answered["entry"]]
    by.put(f"/fhir/Observation/{before['id']}", before | {"status": "amended"})
    house.by("ehr-2").post("/fhir/Observation", an_observation("1975-2"))
    dispatch(house)
    while deliver(house):
        pass
    wanted = [alone["id"], *together, before["id"]]
    assert sorted(each.path.rpartition("/")[2] for each in sink.requests) == sorted(wanted)
    assert {each.method for each in sink.requests} == {"PUT"}
    assert {each.path.split("/")[-2] for each in sink.requests} == {"Observation"}
    assert house.scalar("select count(*) from subscription_change where type = 'Condition'") == 0


def test_of_a_type_without_a_topic_none_is_named(house: House, sink: HttpSink):
    criteria = "Observation?status=final"
    key = register(house, sink, criteria=criteria)
    made = house.by("ehr").post("/fhir/Observation", an_observation("1975-2"))
    told(house)
    assert focuses(sink) == [f"Observation/{made['id']}"]
    status_part = sink.requests[0].json["entry"][0]["resource"]
    assert "topic" not in {each["name"] for each in status_part["parameter"]}
    validate(sink.requests[0].json, expected_type="Bundle")
    events = house.by("ehr").get(f"/fhir/Subscription/{key}/$events")
    assert about(events) == [f"Observation/{made['id']}"]


@pytest.mark.parametrize("criteria", [TOPIC, "Task?status=requested", "Observation?status=final"])
def test_a_deletion_is_told_to_nobody_and_is_in_the_history(
    house: House, sink: HttpSink, criteria: str
):
    """R4 subscription.html tells of what is "created or updated"; so do the topics here."""
    client = house.by("fhir-client")
    key = register(house, sink, by="fhir-client", criteria=criteria)
    new = an_observation("1975-2") if criteria.startswith("Obs") else a_task()
    at = f"/fhir/{new['resourceType']}"
    made = client.post(at, new)
    told(house)
    sink.requests.clear()
    client.call("DELETE", f"{at}/{made['id']}")
    assert dispatch(house) == 0, "nothing that changed waits"
    state = parameters(client.get(f"/fhir/Subscription/{key}/$status"))
    assert state["events-since-subscription-start"] == "1"
    methods = [each["request"]["method"] for each in client.get(f"{at}/_history")["entry"]]
    assert methods[0] == "DELETE"

    client.put(f"{at}/{made['id']}", made)
    assert told(house) == 1, "what comes back is a new version"
    client.put(f"{at}/{made['id']}", made)
    client.call("DELETE", f"{at}/{made['id']}")
    told(house)
    assert len(sink.requests) == 1, "nor is what is gone before anybody was told of it"


def test_nothing_is_noted_for_those_that_ended(house: House, sink: HttpSink):
    key = register(house, sink, criteria="Observation?status=final")
    path = f"/fhir/Subscription/{key}"
    house.by("ehr").put(path, house.by("ehr").get(path) | {"status": "off"})
    house.by("ehr").post("/fhir/Observation", an_observation("1975-2"))
    assert house.scalar("select count(*) from subscription_change where type = 'Observation'") == 0
