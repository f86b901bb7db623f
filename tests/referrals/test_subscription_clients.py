"""A Subscription goes on without a token, and is held to what its client may do all the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.referrals.handlers import clients
from services.referrals.subscriptions.stopping import of_client, stop_client
from shared.messaging.events import ClientChanged, Envelope, Sequence
from shared.messaging.outbox import ConsumingOnce
from tests.notifications.conftest import HttpSink
from tests.referrals.house import WHO, House, Json
from tests.referrals.subscribing import (
    about,
    deliver,
    dispatch,
    numbers,
    parameters,
    receiver,
    register,
    status,
    subscription,
    told,
)

EHR = WHO["ehr"]
TRIAGE_ONLY = ("system/Subscription.cruds", "system/Task.rs?status=requested")


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with receiver() as made:
        yield made


def envelope(sequence: int, **changes: Any) -> Envelope:
    """The issuer says how the record system's client stands."""
    said = {
        "client": EHR.client_id,
        "organisation": UUID(EHR.organisation),
        "active": True,
        "roles": EHR.roles,
        "scopes": EHR.scopes,
    }
    return Envelope(
        id=uuid4(),
        source="kersey/identity",
        time=datetime.now(UTC),
        sequence=Sequence(sequence),
        data=ClientChanged(**(said | changes)),
    )


def hear(house: House, *said: Envelope) -> None:
    """As the consumer does."""
    consume = ConsumingOnce(
        house.engine,
        clients.SUBSCRIPTION.consumer,
        lambda uow, each: clients.take_client(house.desk, uow, each),
    )
    for each in said:
        consume(each)


def refer(house: House) -> Any:
    return house.refer(number=len(house.rows("select id from referral_case")) + 1)


def why(house: House, key: str) -> str:
    """The error, which the resource and $status tell alike."""
    bundle = house.ehr.get(f"/fhir/Subscription/{key}/$status")
    found = parameters(bundle)
    assert found["status"] == status(house, key)
    said: str = found["error"]["text"]
    assert house.ehr.get(f"/fhir/Subscription/{key}")["error"] == said
    return said


def again(house: House, key: str, *, by: str = "ehr", **who: Any) -> Json:
    """Its client asks to be told again."""
    body = house.ehr.get(f"/fhir/Subscription/{key}")
    body["channel"]["header"] = ["Authorization: Bearer of-the-receiver"]
    answer: Json = house.by(by, **who).put(
        f"/fhir/Subscription/{key}", body | {"status": "requested"}
    )
    return answer


def test_a_deactivated_client_is_told_nothing_more_not_even_what_is_queued(
    house: House, sink: HttpSink
):
    key = register(house, sink)
    refer(house)
    dispatch(house)
    hear(house, envelope(1, active=False))
    assert status(house, key) == "error", "at once, and not when something is to be told"
    refer(house)
    told(house)
    assert sink.requests == []
    assert "deactivated" in why(house, key)
    assert "status requested" in why(house, key), "it says what to do"
    waiting = "select count(*) from subscription_delivery where due is not null"
    assert house.scalar(waiting) == 0


def test_an_activated_client_comes_back_and_sees_what_it_missed(house: House, sink: HttpSink):
    key = register(house, sink)
    hear(house, envelope(1, active=False))
    refer(house)
    told(house)
    hear(house, envelope(2))
    refer(house)
    told(house)
    assert sink.requests == [], "that it gets tokens again is not yet a wish to be told"
    again(house, key)
    deliver(house)
    assert numbers(sink) == [2]
    assert status(house, key) == "active"
    refer(house)
    told(house)
    assert numbers(sink) == [2, 3]


def test_a_token_that_is_still_good_brings_no_deactivated_client_back(house: House, sink: HttpSink):
    key = register(house, sink)
    hear(house, envelope(1, active=False))
    again(house, key)
    refer(house)
    told(house)
    assert sink.requests == [], "no handshake either"
    assert status(house, key) == "error"
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url))
    deliver(house)
    assert sink.requests == []
    assert "deactivated" in why(house, made["id"])


def test_plain_subscriptions_are_stopped_too(house: House, sink: HttpSink):
    how: Json = {"criteria": "Task?status=requested", "content": None}
    made = house.ehr.post("/fhir/Subscription", subscription(sink.url, **how))
    deliver(house)
    assert status(house, made["id"]) == "active"
    hear(house, envelope(1, active=False))
    again(house, made["id"])
    refer(house)
    told(house)
    assert sink.requests == []
    assert status(house, made["id"]) == "error"


def test_narrowed_scopes_narrow_what_is_told(house: House, sink: HttpSink):
    key = register(house, sink)
    hear(house, envelope(1, scopes=TRIAGE_ONLY))
    assert status(house, key) == "active"
    referral = refer(house)
    told(house)
    assert about(sink.requests[-1].json) == [f"Task/{referral.triage}"]
    house.worker.post(f"{referral.at}/accept")
    told(house)
    assert numbers(sink) == [1], "the Task is accepted, and no longer what the scope means"
    assert house.scalar("select number from subscription_state") == 1, "and is not counted"


def test_what_was_numbered_before_is_held_to_the_scopes_of_now(house: House, sink: HttpSink):
    register(house, sink, content="full-resource")
    referral = refer(house)
    house.worker.post(f"{referral.at}/accept")
    second = refer(house)
    dispatch(house)
    hear(house, envelope(1, scopes=TRIAGE_ONLY))
    for _ in range(4):
        deliver(house)
    assert [about(each.json) for each in sink.requests] == [[f"Task/{second.triage}"]]
    (shown,) = [each.json["entry"][1]["resource"] for each in sink.requests]
    assert shown["status"] == "requested"


def test_scopes_that_reach_the_topic_no_more_end_it(house: House, sink: HttpSink):
    key = register(house, sink)
    refer(house)
    dispatch(house)
    hear(house, envelope(1, scopes=("system/Subscription.cruds", "system/ServiceRequest.rs")))
    told(house)
    assert sink.requests == []
    assert status(house, key) == "error"
    assert "scopes" in why(house, key)


def test_a_filter_that_looks_into_what_the_scopes_reach_no_more_ends_it(
    house: House, sink: HttpSink
):
    key = register(house, sink, "Task?focus:ServiceRequest.status=active")
    hear(house, envelope(1, scopes=("system/Subscription.cruds", "system/Task.rs")))
    refer(house)
    told(house)
    assert sink.requests == []
    assert status(house, key) == "error"


def test_a_client_with_a_narrow_scope_subscribes_and_asks_within_it(house: House, sink: HttpSink):
    body = subscription(sink.url)
    narrow = house.by("ehr", scopes=TRIAGE_ONLY)
    key = narrow.post("/fhir/Subscription", body)["id"]
    deliver(house)
    sink.requests.clear()
    referral = refer(house)
    told(house)
    house.worker.post(f"{referral.at}/accept")
    second = refer(house)
    told(house)
    assert [about(each.json) for each in sink.requests] == [
        [f"Task/{each.triage}"] for each in (referral, second)
    ]
    events = narrow.get(f"/fhir/Subscription/{key}/$events")
    assert about(events) == [f"Task/{second.triage}"]


def test_a_client_of_another_organisation_now_hears_nothing_of_the_first(
    house: House, sink: HttpSink
):
    key = register(house, sink)
    hear(house, envelope(1, organisation=UUID(WHO["ehr-2"].organisation)))
    refer(house)
    told(house)
    assert sink.requests == []
    assert status(house, key) == "error"


def test_other_clients_of_the_organisation_are_left_alone(house: House, sink: HttpSink):
    key = register(house, sink)
    hear(house, envelope(1, client="another-one", active=False))
    refer(house)
    told(house)
    assert numbers(sink) == [1]
    hear(house, envelope(1, active=False))
    again(house, key, client_id="another-two")
    deliver(house)
    assert status(house, key) == "active", "another client of its organisation took it over"


def test_the_event_twice_or_out_of_order_does_no_harm(house: House, sink: HttpSink):
    key = register(house, sink)
    late, stopped, back = (envelope(1), envelope(2, active=False), envelope(3))
    hear(house, stopped, stopped, late)
    assert house.rows("select active, sequence from known_client") == [(False, str(Sequence(2)))]
    hear(house, back, stopped, envelope(2, active=False))
    again(house, key)
    deliver(house)
    assert status(house, key) == "active"
    hear(house, envelope(3, active=False))
    assert status(house, key) == "active", "of one sequence the first counts"


def test_a_copy_that_is_wrong_is_mended_by_telling_it_again(house: House, sink: HttpSink):
    key = register(house, sink)
    hear(house, envelope(3))
    hear(house, replace(envelope(3, active=False), replay=False))
    assert status(house, key) == "active", "the same change twice says the same"
    hear(house, replace(envelope(2, active=False), replay=True))
    assert status(house, key) == "active", "something newer is known"
    hear(house, replace(envelope(3, active=False), replay=True))
    assert status(house, key) == "error"


def test_an_operator_stops_the_subscriptions_of_a_client_of_another_issuer(
    house: House, sink: HttpSink
):
    key = register(house, sink)
    refer(house)
    dispatch(house)
    assert [each.id for each in of_client(house.desk, EHR.client_id)] == [key]
    assert of_client(house.desk, "another-one") == []
    assert stop_client(house.desk, "another-one", "operations") == 0
    assert stop_client(house.desk, EHR.client_id, "operations") == 1
    deliver(house)
    assert sink.requests == []
    assert status(house, key) == "off"
    assert "operator" in why(house, key)
    trail = "select subject from audit_entry where action = 'subscription-stopped' and record = :r"
    assert house.scalar(trail, r=f"Subscription/{key}") == "operations"
    assert stop_client(house.desk, EHR.client_id, "operations") == 0
    again(house, key)
    deliver(house)
    assert status(house, key) == "active"
