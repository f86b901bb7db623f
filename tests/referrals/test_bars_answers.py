"""The sender of a message is told what came of it at its own endpoint, and that is never lost."""

import base64
import json

import pytest

from services.referrals.app import outgoing
from services.referrals.bars.endpoints import check
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError
from tests.referrals.house import House, Json, wish
from tests.referrals.messaging import (
    US,
    a_cancellation,
    a_message,
    an_update,
    answered,
    headers,
    resource,
    taken,
)
from tests.referrals.subscribing import receiver
from tests.referrals.test_bars_messages import an_endpoint, case_of, request_of
from tests.referrals.test_subscription_clients import envelope, hear


def asked(house: House, message: Json, **how: str) -> tuple[str, str]:
    """The case of a message's referral, and the Task of the provider that is asked for it."""
    case, _ = case_of(house, request_of(taken(house, message, **how)))
    house.worker.post(f"/referrals/cases/{case}/accept")
    house.worker.post(f"/referrals/cases/{case}/person-accepts")
    asked = house.worker.post(f"/referrals/cases/{case}/requests", wish())
    return f"/referrals/cases/{case}", str(asked["task"])


def story(message: Json) -> tuple[str, str, list[str]]:
    """Reason, Encounter's status and reasons of an answer."""
    header, encounter = resource(message, "MessageHeader"), resource(message, "Encounter")
    reasons = [each["coding"][0]["code"] for each in encounter["reasonCode"]]
    return header["reason"]["coding"][0]["code"], encounter["status"], reasons


def test_a_sender_is_told_when_a_provider_takes_the_person_and_when_it_ends(house: House):
    message = a_message()
    sent = headers()
    with receiver() as sink:
        resource(message, "MessageHeader")["source"]["endpoint"] = f"{sink.url}/fhir"
        case, task = asked(house, message, X_Correlation_Id=sent["X-Correlation-Id"])
        assert answered(house) == 0, "that it is being looked at is no answer"

        house.answer(task, "accept")
        for step in ("start", "complete"):
            house.progress(task, step)
        house.worker.post(f"{case}/close", {"outcome": "completed"})

        assert answered(house) == 2
        first, last = sink.requests

    assert first.path.endswith("/fhir/$process-message")
    assert story(first.json) == ("new", "in-progress", ["selected"])
    assert story(last.json) == ("update", "finished", ["closed"])
    for each in (first, last):
        assert validate(each.json, expected_type="Bundle") == ()
        assert resource(each.json, "MessageHeader")["response"]["identifier"] == message["id"]
        assert each.headers["x-correlation-id"] == sent["X-Correlation-Id"]
        assert each.headers["content-type"] == "application/fhir+json; version=1.4.0"
    assert first.headers["x-request-id"] != last.headers["x-request-id"]
    target = json.loads(base64.b64decode(first.headers["nhsd-target-identifier"]))
    assert target == {"system": "urn:ietf:rfc:3986", "value": f"{sink.url}/fhir"}
    organisation = json.loads(base64.b64decode(first.headers["nhsd-end-user-organisation"]))
    assert organisation["identifier"][0]["value"] == "2000011147"


def test_an_answer_says_of_the_person_that_there_is_one(house: House):
    message = a_message()
    with receiver() as sink:
        resource(message, "MessageHeader")["source"]["endpoint"] = sink.url
        _, task = asked(house, message)
        house.answer(task, "decline", reason="full")
        answered(house)
        (told,) = sink.requests

    assert story(told.json) == ("new", "in-progress", ["provider-declined", "full"])
    person = resource(message, "Patient")
    for words in (person["name"][0]["family"], person["identifier"][0]["value"], "loneliness",
                  person["birthDate"], person["telecom"][0]["value"]):  # fmt: skip
        assert words not in json.dumps(told.json)
    assert resource(told.json, "ServiceRequest")["identifier"], "by which its sender knows it"
    assert "Saltaire" not in json.dumps(told.json), "a practice is not told which provider"


def test_what_the_sender_did_itself_it_is_not_told(house: House):
    with receiver() as sink:
        message = a_message(endpoint=sink.url)
        asked(house, message)
        taken(house, a_cancellation(message))

        assert answered(house) == 0


def test_an_identifier_leads_to_the_endpoint_that_its_sender_keeps(house: House):
    with receiver() as sink:
        house.ehr.post("/fhir/Endpoint", an_endpoint(sink.url, "Authorization: Bearer of-the-ehr"))
        house.by("ehr-2").post("/fhir/Endpoint", an_endpoint("http://127.0.0.1:9/theirs"))
        case, _ = case_of(house, request_of(taken(house, a_message())))
        house.worker.post(f"/referrals/cases/{case}/return", {"reason": "wrong-area"})
        assert answered(house) == 1
        (told,) = sink.requests

    assert story(told.json)[1] == "cancelled"
    assert told.headers["authorization"] == "Bearer of-the-ehr"
    target = json.loads(base64.b64decode(told.headers["nhsd-target-identifier"]))
    assert f"{target['system']}|{target['value']}" == US


def test_nothing_is_lost_while_the_receiver_is_away(house: House):
    with receiver(404) as sink:
        _, task = asked(house, a_message(endpoint=sink.url))
        house.answer(task, "accept")
        answered(house)
        sink.status = 503
        _again(house)
        answered(house)
        sink.status = 409
        _again(house)
        answered(house)
        keys = {each.headers["x-request-id"] for each in sink.requests}

    assert len(keys) == 1, "a repeat is known by its X-Request-Id"
    state = "select state, last_error from bars_delivery"
    assert house.row(state) == ("delivered", None), "409 to a repeat says that it had arrived"


@pytest.mark.parametrize("twice", [True, False])
def test_whoever_cannot_be_told_at_this_moment_is_not_forgotten(house: House, twice: bool):
    with receiver() as sink:
        kept = house.ehr.post("/fhir/Endpoint", an_endpoint(f"{sink.url}/fhir"))
        case, task = asked(house, a_message())
        other = f"{sink.url}/other"
        if twice:
            other = house.ehr.post("/fhir/Endpoint", an_endpoint(other))["id"]
        else:
            house.ehr.put(f"/fhir/Endpoint/{kept['id']}", kept | {"status": "suspended"})
        house.answer(task, "accept")
        answered(house)
        assert sink.requests == []
        assert house.worker.get(case)["sender_not_told"] == "no-endpoint"

        if twice:
            house.ehr.call("DELETE", f"/fhir/Endpoint/{other}")
        else:
            house.ehr.put(f"/fhir/Endpoint/{kept['id']}", kept)
        house.worker.post(f"{case}/sender-not-told/again")
        assert answered(house) == 1
        assert len(sink.requests) == 1
        assert house.worker.get(case)["sender_not_told"] is None


def test_of_a_restricted_record_no_answer_goes_out_by_itself(house: House):
    with receiver() as sink:
        case, task = asked(house, a_message(endpoint=sink.url))
        restricted = f"{case}/person/stops/restricted"
        house.worker.put(restricted, {"stands": True, "told_by": "the person"})
        house.answer(task, "accept")
        answered(house)
        house.worker.post(f"{case}/sender-not-told/again")
        answered(house)
        assert sink.requests == []
        assert house.worker.get(case)["sender_not_told"] == "restricted"

        house.worker.put(restricted, {"stands": False, "told_by": "the person"})
        house.worker.post(f"{case}/sender-not-told/again")
        assert answered(house) == 1
        assert len(sink.requests) == 1
        assert house.worker.get(case)["sender_not_told"] is None


def test_a_deactivated_client_is_told_nothing_more_and_the_case_says_so(house: House):
    message = a_message()
    with receiver() as sink:
        resource(message, "MessageHeader")["source"]["endpoint"] = sink.url
        case, task = asked(house, message)
        hear(house, envelope(1, active=False))
        house.answer(task, "accept")
        answered(house)
        assert sink.requests == []
        told = house.worker.get(case)["sender_not_told"]
        assert told == "client-deactivated"

        # Another client of its organisation takes the referral over.
        update = an_update(message)
        taken(house, update, who={"client_id": "another"})
        house.progress(task, "start")
        house.progress(task, "complete")
        house.worker.post(f"{case}/close", {"outcome": "completed"})
        answered(house)
        assert len(sink.requests) == 1


def test_what_could_not_be_told_is_shown_on_the_case(house: House):
    with receiver(410) as sink:
        case, task = asked(house, a_message(endpoint=sink.url))
        assert house.worker.get(case)["sender_not_told"] is None
        house.answer(task, "accept")
        answered(house)
        assert house.worker.get(case)["sender_not_told"] == "http-410"

        sink.status = 200
        house.progress(task, "start")
        house.progress(task, "complete")
        house.worker.post(f"{case}/close", {"outcome": "completed"})
        answered(house)

    assert house.worker.get(case)["sender_not_told"] is None


def test_what_could_not_be_told_is_told_once_somebody_asks_for_it(house: House):
    with receiver(410) as sink:
        case, task = asked(house, a_message(endpoint=sink.url))
        again = f"{case}/sender-not-told/again"
        nothing = house.worker.call("POST", again, status=409)
        assert nothing["detail"] == "No answer to the sender has failed."
        house.answer(task, "accept")
        answered(house)
        for who in ("link-worker-2", "coordinator-2", "provider", "ehr"):
            assert house.by(who).send("POST", again).status_code in {403, 404}, who

        sink.status = 200
        assert answered(house) == 0, "it had failed for good"
        assert house.by("coordinator").post(again)["sender_not_told"] == "http-410"
        assert answered(house) == 1

        assert house.worker.get(case)["sender_not_told"] is None
        first, second = sink.requests
    assert first.headers["x-request-id"] == second.headers["x-request-id"], "the same answer"
    house.worker.call("POST", again, status=409)


def test_an_answer_commits_with_the_step_that_it_tells(house: House):
    with receiver() as sink:
        _, task = asked(house, a_message(endpoint=sink.url))
        assert house.scalar("select count(*) from bars_delivery") == 0
        house.answer(task, "decline", status=422)
        assert house.scalar("select count(*) from bars_delivery") == 0
        house.answer(task, "decline", reason="full")
        assert house.scalar("select count(*) from bars_delivery") == 1


def test_an_address_inside_is_refused_where_subscriptions_refuse_it(house: House):
    strict = outgoing(house.settings.model_copy(update={"environment": "production"}))
    for address in (
        "http://ehr.example/fhir",
        "https://127.0.0.1/fhir",
        "https://[::1]/fhir",
        "https://10.0.0.1/fhir",
        "https://ehr.example/fhir?practice=1",
    ):
        with pytest.raises(FhirError) as refused:
            check(address, strict, "Bundle.entry[0].resource.source.endpoint")
        assert refused.value.status == 422

    house.ehr.post("/fhir/Endpoint", an_endpoint("https://127.0.0.1/fhir"))
    case, task = asked(house, a_message())
    house.answer(task, "accept")
    answered(house, strict)

    assert house.scalar("select state from bars_delivery") == "failed"
    assert house.worker.get(case)["sender_not_told"] == "address-private"


def _again(house: House) -> None:
    house.execute("update bars_delivery set due = now() where due is not null")
