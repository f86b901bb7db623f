"""$status and $events: a client finds out how it stands and what it missed, and nothing else."""

from uuid import uuid4

import pytest

from services.referrals import codes
from shared.fhir.model import validate
from tests.notifications.conftest import HttpSink
from tests.referrals.house import URL, House, Json, a_bundle
from tests.referrals.subscribing import (
    TOPIC,
    about,
    dispatch,
    parameters,
    receiver,
    register,
    status,
    subscription,
    told,
)


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def found(bundle: Json) -> list[int]:
    """The numbers of the events that a Bundle tells."""
    return [
        int(part["valueString"])
        for each in bundle["entry"][0]["resource"]["parameter"]
        if each["name"] == "notification-event"
        for part in each["part"]
        if part["name"] == "event-number"
    ]


def ids(bundle: Json) -> list[str]:
    """The Subscriptions of which a Bundle tells the status."""
    return [
        each["resource"]["parameter"][0]["valueReference"]["reference"].rpartition("/")[2]
        for each in bundle.get("entry", [])
    ]


def asking(**values: str) -> Json:
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, "valueString": value} for name, value in values.items()],
    }


def test_all_of_a_clients_subscriptions_are_told_at_once(house: House, sink: HttpSink):
    first, second = register(house, sink), register(house, sink)
    gone = register(house, sink)
    house.ehr.call("DELETE", f"/fhir/Subscription/{gone}")
    register(house, sink, by="ehr-2")
    house.ehr.put(
        f"/fhir/Subscription/{second}",
        house.ehr.get(f"/fhir/Subscription/{second}") | {"status": "off"},
    )
    at = "/fhir/Subscription/$status"
    bundle = house.ehr.get(at)
    validate(bundle, expected_type="Bundle")
    assert bundle["type"] == "searchset"
    assert bundle["total"] == 2
    assert bundle["link"][0]["url"] == f"{URL}{at}"
    assert ids(bundle) == [first, second]
    assert ids(house.ehr.get(at, params={"status": "active"})) == [first]
    assert ids(house.ehr.get(at, params={"id": [second, str(uuid4())]})) == [second]
    assert ids(house.ehr.post(at, asking(id=first))) == [first]
    nothing = house.ehr.get(at, params={"status": "error"})
    assert nothing["total"] == 0
    assert "entry" not in nothing


@pytest.mark.parametrize("status", ["off", "error"])
def test_one_that_is_kept_and_was_never_served_has_a_status_too(
    house: House, sink: HttpSink, status: str
):
    served = register(house, sink)
    kept = house.ehr.post("/fhir/Subscription", subscription(sink.url) | {"status": status})["id"]
    odd = {"criteria": "Observation?code=1", "status": status}
    other = house.ehr.post("/fhir/Subscription", subscription(sink.url) | odd)["id"]
    house.by("ehr-2").post("/fhir/Subscription", subscription(sink.url) | {"status": status})
    bundle = house.ehr.get(f"/fhir/Subscription/{kept}/$status")
    validate(bundle, expected_type="Bundle")
    told = parameters(bundle)
    assert (told["status"], told["topic"]) == (status, TOPIC)
    assert told["events-since-subscription-start"] == "0"
    assert "topic" not in parameters(house.ehr.get(f"/fhir/Subscription/{other}/$status"))
    at = "/fhir/Subscription/$status"
    assert ids(house.ehr.get(at)) == [served, kept, other]
    assert ids(house.ehr.get(at, params={"status": status})) == [kept, other]
    assert ids(house.ehr.get(at, params={"id": [other, served]})) == [served, other]
    for content in ("", "?content=id-only", "?content=full-resource"):
        for each in (kept, other):
            events = house.ehr.get(f"/fhir/Subscription/{each}/$events{content}")
            assert found(events) == []
    house.by("ehr-2").call("GET", f"/fhir/Subscription/{kept}/$status", status=404)
    house.refer()
    dispatch(house)
    assert parameters(house.ehr.get(f"/fhir/Subscription/{kept}/$status"))["status"] == status


def test_status_says_why_it_is_in_error(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 410
    house.refer()
    told(house)
    told_of = parameters({"entry": house.ehr.get(f"/fhir/Subscription/{key}/$status")["entry"]})
    assert told_of["status"] == "error"
    assert told_of["error"] == {"text": "http-410"}
    assert told_of["events-since-subscription-start"] == "1"


@pytest.mark.parametrize(
    ("operation", "parameters", "element"),
    [
        ("$status", {"status": "wrong"}, "http.status"),
        ("$status", {"colour": "red"}, "http.colour"),
        ("$events", {"eventsSinceNumber": "one"}, "http.eventsSinceNumber"),
        ("$events", {"eventsUntilNumber": "-1"}, "http.eventsUntilNumber"),
        ("$events", {"eventsUntilNumber": ["1", "2"]}, "http.eventsUntilNumber"),
        ("$events", {"content": "all"}, "http.content"),
        ("$events", {"since": "1"}, "http.since"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    house: House, sink: HttpSink, operation: str, parameters: Json, element: str
):
    key = register(house, sink)
    at = f"/fhir/Subscription/{key}/" if operation == "$events" else "/fhir/Subscription/"
    outcome = house.ehr.get(f"{at}{operation}", params=parameters, status=400)
    assert outcome["issue"][0]["expression"] == [element]


def test_a_body_is_parameters_with_simple_values(house: House, sink: HttpSink):
    key = register(house, sink)
    at = f"/fhir/Subscription/{key}/$events"
    wrong = {"resourceType": "Parameters", "parameter": [{"name": "content", "part": []}]}
    house.ehr.post(at, {"resourceType": "Patient"}, status=400)
    outcome = house.ehr.post(at, asking(colour="red"), status=400)
    assert outcome["issue"][0]["expression"] == ["Parameters.parameter[0].name"]
    house.ehr.post(at, wrong, status=400)
    house.ehr.call("POST", at, content="{", headers={"Content-Type": "text/plain"}, status=415)


def test_missed_events_are_told_by_their_numbers(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 410
    referral = house.refer()
    told(house)
    house.worker.post(f"{referral.at}/accept")
    other = house.refer(number=2)
    told(house)
    assert status(house, key) == "error"
    at = f"/fhir/Subscription/{key}/$events"
    bundle = house.ehr.get(at)
    validate(bundle, expected_type="Bundle")
    assert bundle["type"] == "history"
    told_of = parameters(bundle)
    assert told_of["type"] == "query-event"
    assert told_of["status"] == "error"
    assert told_of["events-since-subscription-start"] == "3"
    assert found(bundle) == [1, 2, 3], "counting went on"
    assert about(bundle) == [
        f"Task/{referral.triage}",
        f"Task/{other.triage}",
    ], "each resource once"
    assert found(house.ehr.get(at, params={"eventsSinceNumber": "2"})) == [2, 3]
    assert found(house.ehr.get(at, params={"eventsUntilNumber": "2"})) == [1, 2]
    between = {"eventsSinceNumber": "2", "eventsUntilNumber": "2"}
    assert found(house.ehr.get(at, params=between)) == [2]
    assert found(house.ehr.post(at, asking(**between))) == [2]
    assert found(house.ehr.get(at, params={"eventsSinceNumber": "9" * 18})) == []


def test_how_much_is_told_is_the_clients_choice(house: House, sink: HttpSink):
    key = register(house, sink, content="empty")
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    told(house)
    at = f"/fhir/Subscription/{key}/$events"
    assert referral.triage not in str(house.ehr.get(at)), "as the Subscription says"
    assert len(house.ehr.get(at, params={"content": "id-only"})["entry"]) == 2
    whole = house.ehr.get(at, params={"content": "full-resource"})
    validate(whole, expected_type="Bundle")
    versions = [each["resource"]["meta"]["versionId"] for each in whole["entry"][1:]]
    states = [each["resource"]["status"] for each in whole["entry"][1:]]
    assert versions == ["1", "2"]
    assert states == ["requested", "accepted"]


def test_what_may_not_be_read_now_is_not_told_now(house: House, sink: HttpSink):
    key = register(house, sink)
    referral, other = house.refer(), house.refer(number=2)
    told(house)
    house.execute(
        "delete from document_reader where pk = (select pk from document where id = :id)",
        id=referral.triage,
    )
    house.execute(
        "update document_search set readers = '{}' where pk ="
        " (select pk from document where id = :id)",
        id=referral.triage,
    )
    at = f"/fhir/Subscription/{key}/$events"
    for content in ("empty", "id-only", "full-resource"):
        bundle = house.ehr.get(at, params={"content": content})
        assert referral.triage not in str(bundle)
        assert found(bundle) == [2], content
        assert parameters(bundle)["events-since-subscription-start"] == "2"
    assert other.triage in str(house.ehr.get(at))


def test_events_are_for_the_one_who_subscribed(house: House, sink: HttpSink):
    key = register(house, sink)
    house.refer()
    dispatch(house)
    at = f"/fhir/Subscription/{key}/$events"
    for name in ("ehr-2", "provider", "link-worker"):
        house.by(name, scopes=("system/*.cruds",)).get(at, status=404)
    house.by("ehr", scopes=("system/Task.rs",)).get(at, status=403)
    narrow = house.by("ehr", scopes=("system/Subscription.rs",))
    narrow.get(at, status=403)
    assert found(narrow.get(at, params={"content": "empty"})) == [1]
    assert house.http.get(at).status_code == 401


def test_a_referral_comes_back_as_it_was_sent(house: House, sink: HttpSink):
    key = register(house, sink, criteria=codes.REFERRAL_TOPIC, content="full-resource")
    bundle = a_bundle()
    (sent,) = (
        each["resource"]
        for each in bundle["entry"]
        if each["resource"]["resourceType"] == "ServiceRequest"
    )
    referral = house.refer(bundle)
    told(house)
    at = f"/fhir/Subscription/{key}/$events"
    (entry,) = house.ehr.get(at)["entry"][1:]
    assert entry["resource"] == house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    assert entry["resource"]["reasonCode"] == sent["reasonCode"]
