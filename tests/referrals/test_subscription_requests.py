"""What may be asked for in a Subscription; everything else is refused by name."""

from typing import Any

import pytest

from services.referrals.app import outgoing
from tests.referrals.house import House, Json, house_at, prepare
from tests.referrals.subscribing import BACKPORT, TOPIC, subscription

ENDPOINT = "https://ehr.example.org/hook"


def channel(**changes: Any) -> Json:
    body = subscription(ENDPOINT)
    body["channel"] = body["channel"] | changes
    return body


def content(code: str) -> Json:
    extension = [{"url": f"{BACKPORT}/backport-payload-content", "valueCode": code}]
    return channel(_payload={"extension": extension})


@pytest.mark.parametrize(
    ("body", "element"),
    [
        (subscription(ENDPOINT, criteria="Patient?favourite-colour=red"), "criteria"),
        (subscription(ENDPOINT, criteria="Patient?gender=femail"), "criteria"),
        (subscription(ENDPOINT, criteria="AuditEvent?outcome=4"), "criteria"),
        (subscription(ENDPOINT, criteria="Provenance"), "criteria"),
        (subscription(ENDPOINT, criteria="Subscription?status=active"), "criteria"),
        (subscription(ENDPOINT, criteria="Medication?code=1"), "criteria"),
        (subscription(ENDPOINT, "ServiceRequest?status=active"), "criteria"),
        (subscription(ENDPOINT, criteria="https://other.example/Topic"), "criteria"),
        (subscription(ENDPOINT, criteria="Task?favourite-colour=red"), "criteria"),
        (subscription(ENDPOINT, "Task?status=accepted", "Patient?name=x"), "criteria"),
        (subscription(ENDPOINT, "Task?no-such=1"), "criteria"),
        *(
            (subscription(ENDPOINT, f"Task?status=accepted&{shape}"), "criteria")
            for shape in (
                "_count=5",
                "_summary=count",
                "_sort=-_lastUpdated",
                "_include=Task:patient",
                "_revinclude:iterate=Task:part-of",
                "_elements=id",
                "_total=none",
            )
        ),
        (subscription(ENDPOINT, criteria="Task?_count=0"), "criteria"),
        *(
            (subscription(ENDPOINT, never), "criteria")
            for never in (
                "Task",
                "Task?",
                "Task?status=",
                "Task?status=accepted&owner=",
                "Task?status=acepted",
                "Task?status=accepted,acepted",
                "Task?status:not=complete",
                "Task?status=http://hl7.org/fhir/request-status|accepted",
                "Task?focus:ServiceRequest.status=actve",
                "Task?focus:ServiceRequest.favourite-colour=red",
                "Task?_has:Provenance:target:favourite-colour=red",
            )
        ),
        (subscription(ENDPOINT, criteria="Task?status=acepted"), "criteria"),
        (channel(payload="application/fhir+xml"), "channel.payload"),
        (channel(payload="text/plain"), "channel.payload"),
        (channel(payload="application/json;x= y"), "channel.payload"),
        (channel(type="email"), "channel.type"),
        (channel(type="websocket"), "channel.type"),
        (channel(endpoint="ftp://ehr.example.org"), "channel.endpoint"),
        (channel(endpoint="https://user:password@ehr.example.org"), "channel.endpoint"),
        (channel(endpoint="https://"), "channel.endpoint"),
        (channel(endpoint="not-an-address"), "channel.endpoint"),
        (content("everything"), "channel.payload"),
        (channel(header=["no colon"]), "channel.header"),
        (channel(header=["Bad name: x"]), "channel.header"),
        (channel(header=["Host: elsewhere.example"]), "channel.header"),
        (channel(header=["Content-Length: 5"]), "channel.header"),
        (channel(header=["Transfer-Encoding: chunked"]), "channel.header"),
        (channel(header=["connection: close"]), "channel.header"),
        (channel(header=["Content-Type: text/plain"]), "channel.header"),
        (channel(header=["X-Key: sch\u00f6n"]), "channel.header"),
        (channel(header=["X-Key: a\tb"]), "channel.header"),
    ],
)
def test_what_is_not_served_is_refused_by_its_element(house: House, body: Json, element: str):
    with house.unchanged():
        outcome = house.ehr.post("/fhir/Subscription", body, status=422)
    assert outcome["issue"][0]["expression"] == [f"Subscription.{element}"]
    assert house.scalar("select count(*) from subscription_delivery") == 0


def test_without_an_endpoint_there_is_nobody_to_tell(house: House):
    body = channel()
    del body["channel"]["endpoint"]
    outcome = house.ehr.post("/fhir/Subscription", body, status=422)
    assert outcome["issue"][0]["expression"] == ["Subscription.channel.endpoint"]


def test_extensions_of_others_are_passed_over(house: House):
    body = subscription(ENDPOINT, "Task?status=accepted")
    body["_criteria"]["extension"].append(
        {"url": "https://other.example", "valueString": "Patient"}
    )
    body["channel"]["_payload"]["extension"].insert(
        0, {"url": "https://other.example", "valueCode": "full-resource"}
    )
    house.ehr.post("/fhir/Subscription", body)
    row = house.row("select topic, content, filters from subscription_state")
    assert row == (TOPIC, "id-only", ["Task?status=accepted"])


@pytest.mark.parametrize(
    "query",
    [
        "status=accepted,rejected",
        "status:not=draft",
        "status=http://hl7.org/fhir/task-status|accepted",
        "status=|accepted",
        "focus:ServiceRequest.status=active",
        "code=anything-at-all",
        "status:missing=true",
    ],
)
def test_what_can_be_met_is_taken(house: House, query: str):
    house.ehr.post("/fhir/Subscription", subscription(ENDPOINT, f"Task?{query}"))


@pytest.mark.parametrize("asked", ["requested", "active", "off"])
def test_what_is_over_is_off(house: House, asked: str):
    """R4, `end`: "the time for the server to turn the subscription off"; HL7's own example is of
    2021 and asks for what is told to nobody here.
    """
    over = ELSEWHERE | {"status": asked}
    made = house.ehr.post("/fhir/Subscription", over)
    assert {name: made[name] for name in over} == over | {"status": "off"}
    assert house.scalar("select count(*) from subscription_state") == 0
    running = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    ended = running | {"status": asked, "end": "2020-01-01T00:00:00Z"}
    path = f"/fhir/Subscription/{running['id']}"
    assert house.ehr.put(path, ended)["status"] == "off"
    assert house.scalar("select status from subscription_state") == "off"


def test_notifications_may_be_plain_json(house: House):
    for payload in ("application/json", "application/fhir+json; fhirVersion=4.0"):
        made = house.ehr.post("/fhir/Subscription", channel(payload=payload))
        state = "select media_type from subscription_state where id = :id"
        assert house.scalar(state, id=made["id"]) == payload


ELSEWHERE: Json = {
    "resourceType": "Subscription",
    "end": "2021-01-01T00:00:00Z",
    "reason": "Monitor new neonatal function",
    "criteria": "Observation?code=http://loinc.org|1975-2",
    "channel": {"type": "email", "endpoint": "mailto:a@example.org", "payload": "text/plain"},
}
"""Nothing that is served here, in the manner of HL7's own examples."""


@pytest.mark.parametrize("status", ["off", "error"])
def test_what_asks_for_nothing_is_kept_whatever_it_is(house: House, status: str):
    body = ELSEWHERE | {"status": status, "error": "Socket Error 10060"}
    made = house.ehr.post("/fhir/Subscription", body)
    key = made["id"]
    path = f"/fhir/Subscription/{key}"
    assert {name: made[name] for name in body} == body
    assert house.ehr.get(path) == made
    assert house.scalar("select count(*) from subscription_state where id = :id", id=key) == 0
    secret = body["channel"] | {"header": ["Authorization: Bearer of-the-receiver"]}
    assert "of-the-receiver" not in str(
        house.ehr.post("/fhir/Subscription", body | {"channel": secret})
    )
    again = house.ehr.put(path, made | {"reason": "x"})
    assert (again["reason"], again["status"]) == ("x", status)
    without_end = {name: each for name, each in again.items() if name != "end"}
    refused = house.ehr.put(path, without_end | {"status": "requested"}, status=422)
    assert refused["issue"][0]["expression"] == ["Subscription.channel.type"]
    no_topic = without_end | {"status": "requested", "criteria": "https://other.example/Topic"}
    refused = house.ehr.put(path, no_topic, status=422)
    assert refused["issue"][0]["expression"] == ["Subscription.criteria"]
    assert "Task?status=accepted" in refused["issue"][0]["diagnostics"]
    assert "status off" in refused["issue"][0]["diagnostics"]
    served = subscription(ENDPOINT) | {"id": key}
    assert house.ehr.put(path, served)["status"] == "requested"
    assert house.scalar("select status from subscription_state where id = :id", id=key)


def test_one_that_was_served_may_become_anything_when_it_is_off(house: House):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    path = f"/fhir/Subscription/{made['id']}"
    refused = house.ehr.put(path, made | {"status": "error"}, status=422)
    assert refused["issue"][0]["expression"] == ["Subscription.status"]
    off = house.ehr.put(path, ELSEWHERE | {"id": made["id"], "status": "off"})
    assert (off["status"], off["criteria"]) == ("off", ELSEWHERE["criteria"])
    state = "select status from subscription_state where id = :id"
    assert house.scalar(state, id=made["id"]) == "off"


def test_an_update_is_checked_like_a_new_one(house: House):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    wrong = made | {"criteria": "Patient?favourite-colour=red"}
    with house.unchanged():
        house.ehr.put(f"/fhir/Subscription/{made['id']}", wrong, status=422)


@pytest.mark.parametrize(
    "endpoint",
    ["http://ehr.example.org", "https://127.0.0.1/hook", "https://10.1.2.3", "https://localhost/x"],
)
def test_in_production_only_public_https_is_called(database, endpoint: str):
    production = {
        "environment": "production",
        "public_url": "https://kersey.example.org",
        "issuer": "http://kersey.test/identity",
    }
    with house_at(database("referrals", prepare)) as house:
        settings = house.settings.model_copy(update=production)
        assert outgoing(settings).fault(endpoint)
        assert outgoing(house.settings).fault(endpoint) is None
        allowed = settings.model_copy(update={"allow_private_endpoints": True})
        assert outgoing(allowed).fault(endpoint) is None
