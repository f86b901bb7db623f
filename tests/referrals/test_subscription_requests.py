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
        (subscription(ENDPOINT) | {"status": "error"}, "status"),
        (subscription(ENDPOINT, criteria="Patient?name=x"), "criteria"),
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


def test_notifications_may_be_plain_json(house: House):
    for payload in ("application/json", "application/fhir+json; fhirVersion=4.0"):
        made = house.ehr.post("/fhir/Subscription", channel(payload=payload))
        state = "select media_type from subscription_state where id = :id"
        assert house.scalar(state, id=made["id"]) == payload


def test_an_update_is_checked_like_a_new_one(house: House):
    made = house.ehr.post("/fhir/Subscription", subscription(ENDPOINT))
    wrong = made | {"criteria": "Patient?name=x"}
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
