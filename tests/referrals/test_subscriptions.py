"""A record system is told by a rest-hook: ids only, numbered without gaps, and only what it may."""

import time

import pytest

from services.referrals.subscriptions.dispatching import Dispatcher
from shared.fhir.model import validate
from shared.worker import Wake
from tests.messaging.tools import running
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House, replaced
from tests.referrals.subscribing import (
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


@pytest.fixture
def sink():
    with receiver() as made:
        yield made


def test_a_handshake_that_is_taken_makes_it_active(house: House, sink: HttpSink):
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url) | {"status": "active"})
    assert status(house, made["id"]) == "requested", "active is the server's word"
    assert deliver(house) == 1
    (request,) = sink.requests
    assert request.headers["content-type"] == "application/fhir+json"
    assert request.headers["authorization"] == "Bearer of-the-receiver"
    validate(request.json, expected_type="Bundle")
    found = parameters(request.json)
    assert found["type"] == "handshake"
    assert found["status"] == "requested"
    assert found["events-since-subscription-start"] == "0"
    assert status(house, made["id"]) == "active"


def test_a_notification_holds_ids_and_nothing_else(house: House, sink: HttpSink):
    key = register(house, sink)
    referral = house.refer()
    assert told(house) == 1
    (request,) = sink.requests
    bundle = request.json
    validate(bundle, expected_type="Bundle")
    assert bundle["type"] == "history"
    first, second = bundle["entry"]
    assert second == {
        "fullUrl": f"http://kersey.test/fhir/Task/{referral.triage}",
        "request": {"method": "POST", "url": "Task"},
        "response": {"status": "201"},
    }, "as the Task's own history says it"
    assert first["resource"]["meta"]["profile"][0].endswith("backport-subscription-status-r4")
    found = parameters(bundle)
    assert found["topic"] == TOPIC
    assert found["subscription"]["reference"].endswith(f"Subscription/{key}")
    part = {each["name"]: each for each in found["notification-event"]}
    assert part["event-number"]["valueString"] == "1"
    assert part["focus"]["valueReference"]["reference"].endswith(f"Task/{referral.triage}")
    assert house.ehr.get(part["focus"]["valueReference"]["reference"].split("kersey.test")[1])
    house.worker.post(f"{referral.at}/accept")
    assert told(house) == 1
    changed = sink.requests[-1].json["entry"][1]
    assert changed["request"] == {"method": "PUT", "url": f"Task/{referral.triage}"}
    assert changed["response"] == {"status": "200"}


def test_an_empty_notification_does_not_even_hold_the_id(house: House, sink: HttpSink):
    register(house, sink, content="empty")
    referral = house.refer()
    told(house)
    (request,) = sink.requests
    assert referral.triage not in request.body.decode()
    assert numbers(sink) == [1]


def test_without_a_payload_it_is_empty(house: House, sink: HttpSink):
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url, content=None, payload=None)
                          | {"channel": {"type": "rest-hook", "endpoint": sink.url}})  # fmt: skip
    assert house.scalar("select content from subscription_state") == "empty"
    assert made["channel"]["type"] == "rest-hook"


def test_numbers_rise_by_one_through_the_whole_loop(house: House, sink: HttpSink):
    register(house, sink)
    referral, task = house.accepted()
    house.progress(task, "attend")
    house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    told(house)
    assert numbers(sink) == list(range(1, len(sink.requests) + 1))
    focused = {focus for each in sink.requests for focus in about(each.json)}
    assert focused == {f"Task/{referral.triage}", f"Task/{task}"}
    versions = house.scalar(
        "select count(*) from document_version where type = 'Task' and version > 0"
    )
    assert len(sink.requests) == versions, "each version is told once"


def test_two_dispatchers_leave_no_gap_and_tell_nothing_twice(house: House, sink: HttpSink):
    key = register(house, sink)
    dispatchers = [Dispatcher(house.desk, Wake(), Wake()) for _ in range(2)]
    with running(dispatchers[0]), running(dispatchers[1]):  # a group knows workers by name
        for _ in range(5):
            _, task = house.accepted()
            house.worker.post(f"/referrals/requests/{task}/cancel", {"reason": "other"})
            dispatchers[0]._lease.release()  # the other one may lead now
        end = time.monotonic() + 30
        waiting = "select count(*) from subscription_change where dispatched is null"
        while house.scalar(waiting) and time.monotonic() < end:
            time.sleep(0.02)
    rows = house.rows(
        "select number, id, version from subscription_event where subscription = :key"
        " order by number",
        key=key,
    )
    changes = house.rows(
        "select id, version from subscription_change where type = 'Task' order by position"
    )
    assert [row[0] for row in rows] == list(range(1, len(changes) + 1))
    assert [row[1:] for row in rows] == changes


def test_a_stale_dispatcher_numbers_nothing(
    house: House, sink: HttpSink, monkeypatch: pytest.MonkeyPatch
):
    register(house, sink)
    stale, leader = (Dispatcher(house.desk, Wake(), Wake()) for _ in range(2))
    house.refer()
    epoch = stale._lease.acquire()
    house.execute("update lease set until = now() - interval '1 second'")
    assert leader._lease.acquire() == (epoch or 0) + 1
    monkeypatch.setattr(stale._lease, "leads", lambda: epoch)  # it was paused meanwhile
    assert stale.dispatch() == 0
    assert leader.dispatch() == 2, "the request and its Task"
    assert stale.dispatch() == 0


@pytest.mark.parametrize(
    ("how", "heard"),
    [
        ({"criteria": "Task"}, 2),
        ({"criteria": "Task?status=accepted"}, 1),
        ({"criteria": "Task?business-status=triage-accepted"}, 1),
    ],
)
def test_criteria_say_what_is_heard(house: House, sink: HttpSink, how: dict[str, str], heard: int):
    register(house, sink, **how)
    referral = house.refer()
    told(house)
    house.worker.post(f"{referral.at}/accept")
    told(house)
    assert len(sink.requests) == heard
    assert numbers(sink) == list(range(1, heard + 1))


@pytest.mark.parametrize("criteria", ["Task?status=requested", "Task?status=accepted"])
def test_a_state_that_was_passed_through_is_told(house: House, sink: HttpSink, criteria: str):
    """However late the dispatcher comes, and whatever came of the Task meanwhile."""
    register(house, sink, criteria)
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    house.worker.post(f"{referral.at}/close", {"outcome": "not-reached"})
    told(house)
    assert len(sink.requests) == 1
    assert house.ehr.get(f"/fhir/Task/{referral.triage}")["status"] not in criteria
    assert len(house.ehr.get("/fhir/" + criteria).get("entry", [])) == 0, "nothing of it stays"


def test_several_filters_must_all_hold(house: House, sink: HttpSink):
    register(house, sink, "Task?status=accepted", "Task?priority=asap")
    calm, urgent = house.refer(), house.refer(priority="asap")
    for referral in (calm, urgent):
        house.worker.post(f"{referral.at}/accept")
    told(house)
    heard = {focus for each in sink.requests for focus in about(each.json)}
    assert heard == {f"Task/{urgent.triage}"}


def test_another_organisation_is_not_told(house: House, sink: HttpSink):
    register(house, sink, by="ehr-2")
    register(house, sink, by="fhir-client")
    house.accepted()
    assert told(house) == 0


def test_everyone_with_a_part_in_the_case_may_be_told(house: House, sink: HttpSink):
    provider = house.by("provider", scopes=("system/*.cruds", "cases"))
    provider.post("/fhir/Subscription", subscription(sink.url))
    deliver(house)
    sink.requests.clear()
    _, task = house.asked()
    told(house)
    assert [about(each.json) for each in sink.requests] == [[f"Task/{task}"]]


def test_access_that_ended_is_seen_again_at_sending(house: House, sink: HttpSink):
    referral = house.refer(code="183452005")
    coordinator = house.by("coordinator", scopes=("system/*.cruds", "cases"))
    coordinator.post("/fhir/Subscription", subscription(sink.url))
    deliver(house)
    sink.requests.clear()
    coordinator.patch(
        f"/fhir/Task/{referral.triage}",
        replaced("/status", "rejected"),
        {"op": "add", "path": "/statusReason", "value": {"text": "x"}},
    )
    assert dispatch(house) == 3, "the request, its Task, and the Task again"
    house.execute("delete from document_reader where basis = 'routing'")
    house.execute("update document_search set readers = '{}' where type = 'Task'")
    deliver(house)
    assert sink.requests == []
    states = house.rows("select state, last_error from subscription_delivery order by position")
    assert states[-1] == ("superseded", "not-readable")


@pytest.mark.parametrize("how", ["put", "patch", "delete"])
def test_off_stops_even_what_is_queued(house: House, sink: HttpSink, how: str):
    key = register(house, sink)
    house.refer()
    dispatch(house)
    path = f"/fhir/Subscription/{key}"
    if how == "put":
        house.ehr.put(path, house.ehr.get(path) | {"status": "off"})
    elif how == "patch":
        house.ehr.patch(path, replaced("/status", "off"))
    else:
        house.ehr.call("DELETE", path)
    house.refer(number=2)
    assert told(house) == 0
    assert sink.requests == []
    if how != "delete":
        assert status(house, key) == "off"


def test_off_between_claim_and_sending_is_seen(house: House, sink: HttpSink):
    key = register(house, sink)
    house.refer()
    dispatch(house)
    house.execute("update subscription_state set status = 'off' where id = :key", key=key)
    deliver(house)
    assert sink.requests == []
    house.execute("update subscription_delivery set state = 'queued', due = now(), ended = null")
    deliver(house)
    assert status_row(house, key) == "off", "a late handshake does not wake it"


def status_row(house: House, key: str) -> str:
    return str(house.scalar("select status from subscription_state where id = :key", key=key))


def test_a_refusal_for_good_is_an_error_that_its_client_sees(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 410
    house.refer()
    told(house)
    assert status(house, key) == "error"
    body = house.ehr.get(f"/fhir/Subscription/{key}")
    assert "http-410" in body["error"]


def test_what_may_pass_is_tried_again_in_order(house: House, sink: HttpSink):
    register(house, sink)
    sink.status = 503
    house.asked()
    assert told(house) == 1, "what follows waits"
    sink.status = 204
    sink.requests.clear()
    fast_forward(house)
    deliver(house)
    assert numbers(sink) == list(range(1, len(sink.requests) + 1))


def test_after_the_last_attempt_it_is_in_error(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 503
    house.refer()
    dispatch(house)
    attempts = 0
    while sent := deliver(house):
        attempts += sent
        assert status(house, key) == ("active" if attempts < 8 else "error")
        fast_forward(house)
    assert attempts == 8


def test_a_client_that_comes_back_sees_by_the_number_what_it_missed(house: House, sink: HttpSink):
    key = register(house, sink)
    sink.status = 410
    referral = house.refer()
    told(house)
    house.worker.post(f"{referral.at}/accept")
    told(house)
    assert len(sink.requests) == 1, "in error nothing is sent"
    sink.status = 204
    sink.requests.clear()
    path = f"/fhir/Subscription/{key}"
    back = house.ehr.put(path, house.ehr.get(path) | {"status": "requested"})
    assert back["status"] == "requested"
    assert "error" not in back
    house.worker.post(f"{referral.at}/person-accepts")
    dispatch(house)  # before the handshake was taken
    deliver(house)
    assert status(house, key) == "active"
    house.worker.post(f"{referral.at}/hold")
    told(house)
    assert numbers(sink) == [2, 3, 4], "the handshake says how many went by unheard"


def test_a_new_endpoint_gets_its_own_handshake(house: House, sink: HttpSink):
    key = register(house, sink)
    path = f"/fhir/Subscription/{key}"
    with receiver() as other:
        body = house.ehr.get(path)
        body["channel"]["endpoint"] = other.url
        body["channel"]["header"] = ["Authorization: Bearer of-the-other"]
        house.ehr.put(path, body)
        house.refer()
        told(house)
        types = [parameters(each.json)["type"] for each in other.requests]
        assert types == ["handshake", "event-notification"]
        house.refer(number=2)
        told(house)
        assert numbers(other) == [0, 1, 2]
    assert sink.requests == []


def test_nobody_else_reads_or_changes_a_subscription(house: House, sink: HttpSink):
    key = register(house, sink)
    for name in ("ehr-2", "fhir-client"):
        stranger = house.by(name)
        stranger.get(f"/fhir/Subscription/{key}", status=404)
        stranger.patch(f"/fhir/Subscription/{key}", replaced("/status", "off"), status=404)
    worker = house.by("link-worker", scopes=("system/*.cruds",))
    worker.get(f"/fhir/Subscription/{key}", status=404)


def test_the_dispatcher_stops_when_told_and_lets_the_next_lead(house: House):
    with running(Dispatcher(house.desk, Wake(), Wake())):
        end = time.monotonic() + 20
        while not house.rows("select 1 from lease") and time.monotonic() < end:
            time.sleep(0.01)
    assert Dispatcher(house.desk, Wake(), Wake())._lease.acquire() is not None
