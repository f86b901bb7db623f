"""How a subscriber is told: whole resources, batches, heartbeats, plain R4, signed, in time."""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.referrals import codes
from services.referrals.subscriptions.dispatching import Dispatcher
from services.referrals.subscriptions.notifying import HANDSHAKES
from shared.fhir.model import validate
from shared.worker import Wake
from tests.notifications.conftest import HttpSink, Request
from tests.referrals.house import House, Json
from tests.referrals.subscribing import (
    BACKPORT,
    TOPIC,
    about,
    deliver,
    dispatch,
    fast_forward,
    numbers,
    parameters,
    receiver,
    register,
    status,
    subscription,
    told,
)

SIGNED_WITH = "whsec_" + base64.b64encode(b"k" * 32).decode()
PLAIN: Json = {"content": None, "header": ["Authorization: Bearer of-the-receiver"]}


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def wish(name: str, **value: Any) -> Json:
    """An extension of the channel."""
    own = f"{codes.KERSEY}/StructureDefinition/notification-secret"
    return {"url": own if name == "secret" else f"{BACKPORT}/backport-{name}"} | value


def beat(house: House) -> int:
    """What the leader does as time passes."""
    dispatcher = Dispatcher(house.desk, Wake(), Wake())
    done = dispatcher.beat()
    dispatcher._lease.release()
    return done


def queue(house: House) -> list[tuple[str, str | None]]:
    return house.rows("select state, last_error from subscription_delivery order by position")


# --- whole resources ------------------------------------------------------------------------------


def test_whole_resources_are_those_that_the_client_would_read(house: House, sink: HttpSink):
    register(house, sink, content="full-resource")
    referral = house.refer()
    told(house)
    house.worker.post(f"{referral.at}/accept")
    told(house)
    first, second = (each.json for each in sink.requests)
    validate(first, expected_type="Bundle")
    at = f"/fhir/Task/{referral.triage}/_history"
    assert first["entry"][1]["resource"] == house.ehr.get(f"{at}/1")
    assert second["entry"][1]["resource"] == house.ehr.get(f"{at}/2")


def test_whole_resources_of_what_may_not_be_read_any_more_are_kept_back(
    house: House, sink: HttpSink
):
    register(house, sink, content="full-resource")
    house.refer()
    dispatch(house)
    house.execute("delete from document_reader")
    house.execute("update document_search set readers = '{}'")
    house.execute("update document set owner = 'nobody' where type = 'Task'")
    assert deliver(house) == 1
    assert sink.requests == []
    assert queue(house)[-1] == ("superseded", "not-readable")


# --- batches --------------------------------------------------------------------------------------


def test_what_waits_is_told_together_up_to_what_is_taken(house: House, sink: HttpSink):
    register(house, sink, extension=[wish("max-count", valuePositiveInt=3)])
    referrals = [house.refer(number=n) for n in range(1, 6)]
    assert told(house) == 2
    first, second = (each.json for each in sink.requests)
    validate(first, expected_type="Bundle")
    events = [
        [p for p in each["entry"][0]["resource"]["parameter"] if p["name"] == "notification-event"]
        for each in (first, second)
    ]
    assert [[e["part"][0]["valueString"] for e in each] for each in events] == [
        ["1", "2", "3"],
        ["4", "5"],
    ]
    assert numbers(sink) == [3, 5]
    assert about(first) == [f"Task/{each.triage}" for each in referrals[:3]]
    assert deliver(house) == 0, "nothing is told twice"
    assert queue(house)[1:].count(("superseded", "told-together")) == 3


def test_a_batch_that_is_refused_loses_nothing(house: House, sink: HttpSink):
    register(house, sink, extension=[wish("max-count", valuePositiveInt=10)])
    sink.status = 503
    house.refer()
    house.refer(number=2)
    assert told(house) == 1
    before = sink.requests[0].headers["webhook-id"]
    house.refer(number=3)
    dispatch(house)
    sink.status = 204
    sink.requests.clear()
    fast_forward(house)
    assert deliver(house) == 1
    assert numbers(sink) == [3]
    assert sink.requests[0].headers["webhook-id"] != before, "it says more than before"


# --- heartbeats and the end -----------------------------------------------------------------------


def test_silence_is_broken_by_a_heartbeat(house: House, sink: HttpSink):
    key = register(house, sink, extension=[wish("heartbeat-period", valueUnsignedInt=60)])
    assert beat(house) == 0, "it has just heard from us"
    overdue = "update subscription_state set beat_due = now() - interval '1 second'"
    house.refer()
    told(house)
    sink.requests.clear()
    assert beat(house) == 0, "a notification is a sign of life too"
    house.execute(overdue)
    assert beat(house) == 1
    assert beat(house) == 0
    assert deliver(house) == 1
    (request,) = sink.requests
    validate(request.json, expected_type="Bundle")
    found = parameters(request.json)
    assert found["type"] == "heartbeat"
    assert found["events-since-subscription-start"] == "1", "it does not count itself"
    assert "notification-event" not in found
    due = house.scalar("select beat_due from subscription_state where id = :id", id=key)
    assert due > datetime.now(UTC) + timedelta(seconds=50)


def test_no_heartbeat_while_something_waits_or_nothing_is_wanted(house: House, sink: HttpSink):
    register(house, sink, extension=[wish("heartbeat-period", valueUnsignedInt=60)])
    register(house, sink)
    house.refer()
    dispatch(house)
    house.execute("update subscription_state set beat_due = now() where beat_due is not null")
    assert beat(house) == 0


def test_a_heartbeat_that_nobody_takes_ends_in_error(house: House, sink: HttpSink):
    key = register(house, sink, extension=[wish("heartbeat-period", valueUnsignedInt=5)])
    house.execute("update subscription_state set beat_due = now()")
    beat(house)
    sink.status = 410
    deliver(house)
    assert status(house, key) == "error"


def test_it_is_turned_off_at_its_end(house: House, sink: HttpSink):
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url) | {"end": end})
    deliver(house)
    sink.requests.clear()
    assert beat(house) == 0
    house.refer()
    dispatch(house)
    house.execute("update subscription_state set ends = now()")
    assert deliver(house) == 1
    assert beat(house) == 1
    assert beat(house) == 0
    assert status(house, made["id"]) == "off"
    house.refer(number=2)
    assert told(house) == 0
    assert sink.requests == []


# --- plain R4 -------------------------------------------------------------------------------------


def test_plain_r4_without_payload_is_a_post_without_body(house: House, sink: HttpSink):
    body = subscription(sink.url, criteria="Task?status=requested", content=None)
    del body["channel"]["payload"]
    made = house.ehr.post("/fhir/Subscription", body)
    assert deliver(house) == 1
    assert status(house, made["id"]) == "active"
    assert sink.requests == [], "R4 knows no handshake"
    house.refer()
    told(house)
    (request,) = sink.requests
    assert (request.method, request.path, request.body) == ("POST", "/", b"")
    assert request.headers["authorization"] == "Bearer of-the-receiver"


def test_plain_r4_with_a_payload_puts_the_resource(house: House, sink: HttpSink):
    body = subscription(f"{sink.url}/fhir/", criteria="Task?status=requested", content=None)
    made = house.ehr.post("/fhir/Subscription", body)
    deliver(house)
    assert status(house, made["id"]) == "active"
    referral = house.refer()
    told(house)
    (request,) = sink.requests
    assert (request.method, request.path) == ("PUT", f"/fhir/Task/{referral.triage}")
    assert request.headers["content-type"] == "application/fhir+json"
    assert request.json == house.ehr.get(f"/fhir/Task/{referral.triage}")


# --- signature and time ---------------------------------------------------------------------------


def test_a_notification_is_signed_with_the_subscribers_secret(house: House, sink: HttpSink):
    register(house, sink, extension=[wish("secret", valueString=SIGNED_WITH)])
    house.refer()
    told(house)
    (request,) = sink.requests
    assert Webhook(SIGNED_WITH).verify(request.body, request.headers) == request.json
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(request.body, request.headers)


def test_a_repetition_has_the_same_id_and_without_a_secret_no_signature(
    house: House, sink: HttpSink
):
    register(house, sink)
    sink.status = 503
    house.refer()
    told(house)
    fast_forward(house)
    deliver(house)
    first, second = (each.headers for each in sink.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert "webhook-signature" not in first


@contextmanager
def hanging(sink: HttpSink) -> Iterator[None]:
    """The receiver takes what it gets and does not answer."""
    free = threading.Event()
    answer = sink.answer

    def wait(request: Request) -> tuple[int, Any]:
        free.wait(30)
        return answer(request)

    sink.answer = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        free.set()


def test_a_receiver_has_the_time_that_it_asked_for(house: House, sink: HttpSink):
    register(house, sink, extension=[wish("timeout", valueUnsignedInt=1)])
    house.refer()
    dispatch(house)
    with hanging(sink):
        begun = time.monotonic()
        deliver(house)
        assert time.monotonic() - begun < 10
    assert queue(house)[-1] == ("queued", "timeout")


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [401, 403, 404, 413])
def test_a_refusal_that_may_pass_is_tried_again(house: House, sink: HttpSink, code: int):
    key = register(house, sink)
    sink.status = code
    house.refer()
    told(house)
    assert status(house, key) == "active"
    assert queue(house)[-1] == ("queued", f"http-{code}")


def test_an_error_stops_what_is_queued(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 410
    house.refer()
    house.refer(number=2)
    assert told(house) == 1
    assert status(house, key) == "error"
    assert queue(house)[-1] == ("superseded", "subscription-error")
    sink.status = 204
    house.ehr.put(
        f"/fhir/Subscription/{key}",
        house.ehr.get(f"/fhir/Subscription/{key}") | {"status": "active"},
    )
    sink.requests.clear()
    deliver(house)
    assert numbers(sink) == [2], "its client asks for them by $events"
    assert status(house, key) == "active"


def test_a_handshake_is_given_up_soon(house: House, sink: HttpSink):
    sink.status = 503
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url))
    attempts = 0
    while sent := deliver(house):
        attempts += sent
        fast_forward(house)
    assert attempts == len(HANDSHAKES.delays) + 1
    assert status(house, made["id"]) == "error"


@pytest.mark.parametrize("code", [400, 404])
def test_an_endpoint_that_refuses_its_handshake_is_in_error_at_once(
    house: House, sink: HttpSink, code: int
):
    sink.status = code
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url))
    deliver(house)
    assert status(house, made["id"]) == "error"
    assert f"http-{code}" in house.ehr.get(f"/fhir/Subscription/{made['id']}")["error"]


def test_what_waits_at_a_change_of_endpoint_waits_for_its_handshake(house: House, sink: HttpSink):
    key = register(house, sink)
    house.refer()
    dispatch(house)
    path = f"/fhir/Subscription/{key}"
    with receiver() as other:
        body = house.ehr.get(path)
        body["channel"] |= {"endpoint": other.url, "header": ["Authorization: Bearer x"]}
        house.ehr.put(path, body)
        other.status = 404
        deliver(house)
        assert [parameters(each.json)["type"] for each in other.requests] == ["handshake"]
        assert status(house, key) == "error"
        other.status = 204
        other.requests.clear()
        house.ehr.put(path, body)
        deliver(house)
    assert sink.requests == []


def test_what_happens_before_the_handshake_is_told_after_it(house: House, sink: HttpSink):
    house.ehr.post("/fhir/Subscription", subscription(sink.url))
    house.refer()
    dispatch(house)
    deliver(house)
    assert [parameters(each.json)["type"] for each in sink.requests] == [
        "handshake",
        "event-notification",
    ]
    assert numbers(sink) == [0, 1]


@pytest.mark.parametrize(
    ("how", "element"),
    [
        ({"extension": [wish("timeout", valueUnsignedInt=21)]}, "channel.extension"),
        ({"extension": [wish("timeout", valueString="5")]}, "channel.extension"),
        ({"extension": [wish("heartbeat-period", valueUnsignedInt=10**6)]}, "channel.extension"),
        ({"extension": [wish("max-count", valueString="many")]}, "channel.extension"),
        ({"extension": [wish("secret", valueString="whsec_short")]}, "channel.extension"),
        ({"extension": [wish("secret", valueString=SIGNED_WITH[6:])]}, "channel.extension"),
        ({"header": ["webhook-signature: v1,x"]}, "channel.header"),
        (
            {"criteria": "Task", "content": None}
            | {"extension": [wish("heartbeat-period", valueUnsignedInt=10)]},
            "channel.extension",
        ),
        (
            {"criteria": "Task", "content": None} | {"endpoint": "https://ehr.example/?a=b"},
            "channel.endpoint",
        ),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_by_name(house: House, how: Json, element: str):
    wanted = {"endpoint": "https://ehr.example.org/hook", "criteria": TOPIC} | how
    body = subscription(**wanted)
    outcome = house.ehr.post("/fhir/Subscription", body, status=422)
    assert outcome["issue"][0]["expression"] == [f"Subscription.{element}"]
