"""A message of the Booking and Referral Standard starts, changes and takes back a referral."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from shared.fhir.model import validate
from tests.referrals.house import House, Json, a_bundle, a_person, replaced, wish
from tests.referrals.messaging import (
    NHS,
    PROCESS,
    TARGET,
    US,
    a_cancellation,
    a_message,
    an_update,
    coding,
    encoded,
    error,
    headers,
    resource,
    send,
    taken,
)


def case_of(house: House, request: str) -> tuple[str, str]:
    """The case and the triage Task that follow from a request."""
    case, task = house.row(
        "select c.id, t.id from referral_case c join case_task t on t.case = c.id"
        " where c.service_request = :request and t.kind = 'triage'",
        request=request,
    )
    return str(case), task


def request_of(answer: Json) -> str:
    """The id under which the referral is here."""
    return str(resource(answer, "ServiceRequest")["id"])


def issues(answer: Json) -> list[tuple[str, str]]:
    """Severity and element of each remark."""
    found = [e for e in answer["entry"] if e["resource"]["resourceType"] == "OperationOutcome"]
    return [(i["severity"], i["expression"][0]) for e in found for i in e["resource"]["issue"]]


def test_a_new_message_starts_what_a_bundle_would(house: House):
    before = len(house.events())
    house.refer(number=1)
    by_bundle = house.told(before)

    answer = taken(house, a_message(number=2))

    case, task = case_of(house, request_of(answer))
    assert house.state(task) == "requested/new"
    assert house.told(before)[len(by_bundle) :] == by_bundle
    assert house.worker.get(f"/referrals/cases/{case}")["practice"] == "ZZK01"
    kept = house.ehr.get(f"/fhir/ServiceRequest/{request_of(answer)}")
    assert kept["intent"] == "plan"
    assert kept["subject"]["reference"].startswith("Patient/")


def test_the_answer_is_a_valid_message_with_the_roles_exchanged(house: House):
    message = a_message()
    sent = headers()

    answer = house.ehr.send("POST", PROCESS, json=message, headers=sent)

    body = answer.json()
    assert validate(body, expected_type="Bundle") == ()
    assert answer.headers["X-Request-Id"] == sent["X-Request-Id"]
    assert answer.headers["X-Correlation-Id"] == sent["X-Correlation-Id"]
    header = body["entry"][0]["resource"]
    assert header["eventCoding"] == coding("message-events-bars", "servicerequest-response")
    assert header["response"]["identifier"] == message["id"]
    assert header["response"]["code"] == "ok"
    assert header["destination"][0]["endpoint"] == US
    assert header["source"]["endpoint"] == TARGET
    encounter = resource(body, "Encounter")
    assert encounter["status"] == "planned"
    by_url = {each["fullUrl"]: each["resource"] for each in body["entry"]}
    assert by_url[header["focus"][0]["reference"]] == encounter
    assert "id" not in encounter, "nothing is here to be read under one"
    assert by_url[encounter["basedOn"][0]["reference"]]["meta"]["versionId"] == "1"
    receiver = by_url[header["destination"][0]["receiver"]["reference"]]
    assert receiver["identifier"][0]["value"] == "ZZK01"


def test_who_cannot_be_answered_is_told_so_at_once(house: House):
    place = "Bundle.entry[0].resource.source.endpoint"
    assert issues(taken(house, a_message())) == [("information", place)]

    house.ehr.post("/fhir/Endpoint", an_endpoint("http://127.0.0.1:9/fhir"))

    assert issues(taken(house, a_message())) == []
    assert issues(taken(house, a_message(endpoint="http://127.0.0.1:9/fhir"))) == []


def an_endpoint(address: str, *header: str) -> Json:
    """Where a sender wants what is for its identifier."""
    system, _, value = US.rpartition("|")
    return {
        "resourceType": "Endpoint",
        "identifier": [{"system": system, "value": value}],
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "hl7-fhir-msg",
        },
        "payloadType": [{"text": "BaRS"}],
        "address": address,
    } | ({"header": list(header)} if header else {})


def test_what_a_bundle_is_warned_of_a_message_is_too(house: House):
    message = a_message(code="390893007")

    answer = taken(house, message)

    assert ("warning", "Bundle.entry[6].resource.code") in issues(answer)
    _, task = case_of(house, request_of(answer))
    assert house.state(task) == "requested/unrouted"


def test_all_that_a_referral_from_primary_care_brings_is_kept(house: House):
    message = a_message()
    patient = message["entry"][1]["fullUrl"]
    request = resource(message, "ServiceRequest")
    urls = {name: f"urn:uuid:{uuid4()}" for name in ("Encounter", "CarePlan", "Condition", "Task")}
    subject = {"reference": patient}
    more: list[Json] = [
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "AMB",
            },
            "subject": subject,
            "episodeOfCare": [{"reference": "EpisodeOfCare/d877b820-e72b-44d1-a627-195f54bfc606"}],
        },
        {
            "resourceType": "CarePlan",
            "status": "completed",
            "intent": "plan",
            "subject": subject,
            "encounter": {"reference": urls["Encounter"]},
            "addresses": [{"reference": urls["Condition"]}],
            "activity": [{"reference": {"reference": urls["Task"]}}],
        },
        {"resourceType": "Condition", "code": {"text": "Lonely"}, "subject": subject},
        {"resourceType": "Task", "status": "requested", "intent": "order"},
    ]
    message["entry"] += [{"fullUrl": urls[each["resourceType"]], "resource": each} for each in more]
    request |= {
        "encounter": {"reference": urls["Encounter"]},
        "basedOn": [{"reference": urls["CarePlan"]}],
    }

    answer = taken(house, message)

    kept = house.ehr.get(f"/fhir/ServiceRequest/{request_of(answer)}")
    plan = house.ehr.get(f"/fhir/{kept['basedOn'][0]['reference']}")
    encounter = house.worker.get(f"/fhir/{plan['encounter']['reference']}")
    journey = encounter["episodeOfCare"][0]
    assert "reference" not in journey, "no server has the journey: it is a logical reference"
    assert journey["identifier"]["value"] == "d877b820-e72b-44d1-a627-195f54bfc606"
    house.worker.get(f"/fhir/{plan['addresses'][0]['reference']}")


@pytest.mark.parametrize("use_case", ["a5t3", "a7t1", "our-own", None])
def test_no_use_case_is_demanded(house: House, use_case: str | None):
    message = a_message()
    category = resource(message, "ServiceRequest")["category"][0]
    if use_case:
        category["coding"].append(coding("usecases-categories-bars", use_case))

    taken(house, message)


# --- once ----------------------------------------------------------------------------------------


def test_the_same_message_is_taken_once(house: House):
    message, key = a_message(), str(uuid4())
    taken(house, message, X_Request_Id=key)

    with house.unchanged():
        again = send(house, message, X_Request_Id=key.upper())

    assert error(again) == (409, "REC_CONFLICT", "duplicate", ["http.X-Request-Id"])
    other = a_message(number=2, practice="ZZK05")
    assert send(house, other, by="ehr-2", X_Request_Id=key).status_code == 200, "ids are a sender's"


def test_what_was_refused_is_not_remembered_as_taken(house: House):
    message, key = a_message(), str(uuid4())
    wrong = an_update(message, status="completed")

    with house.unchanged():
        refused = send(house, wrong, X_Request_Id=key)

    assert refused.status_code == 400
    assert house.scalar("select count(*) from bars_message") == 0
    taken(house, message, X_Request_Id=key)


def test_nothing_is_kept_of_a_message_that_fails_in_the_end(house: House):
    message = a_message()
    resource(message, "PractitionerRole")["organization"] = {"reference": f"Organization/{uuid4()}"}

    with house.unchanged():
        refused = send(house, message)

    assert refused.status_code == 422
    element = "Bundle.entry[5].resource.organization.reference"
    assert error(refused)[1::2] == ("REC_UNPROCESSABLE_ENTITY", [element])
    assert house.scalar("select count(*) from bars_message") == 0


def test_a_message_that_is_being_taken_is_too_early(house: House):
    key = uuid4()
    with house.engine.begin() as connection:
        connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"bars/{house.ehr.who.organisation}/{key}"},
        )
        early = send(house, a_message(), X_Request_Id=str(key))

    assert error(early) == (425, "REC_TOO_EARLY", "duplicate", ["http.X-Request-Id"])


def test_of_the_same_message_several_times_at_once_one_is_taken(house: House):
    message, key = a_message(), str(uuid4())

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(house, message, X_Request_Id=key), range(4)))

    assert min(each.status_code for each in answers) == 200
    assert {each.status_code for each in answers} <= {200, 409, 425}
    assert house.scalar("select count(*) from bars_message") == 1
    assert house.told().count("referral.received") == 1


def test_a_referral_sent_as_another_message_starts_nothing(house: House):
    message = a_message()
    first = taken(house, message)

    again = taken(house, message)

    assert request_of(again) == request_of(first)
    assert house.told().count("referral.received") == 1
    changed = a_message(reference=None)
    resource(changed, "ServiceRequest")["identifier"] = resource(message, "ServiceRequest")[
        "identifier"
    ]
    code = error(send(house, changed))
    assert code[:3] == (409, "REC_CONFLICT", "conflict"), "`duplicate` would say it was taken"


def test_whoever_is_here_already_is_kept_once(house: House):
    """What messages bring must not stand in the way of a Bundle's `ifNoneExist`."""
    sent = a_message(number=1)
    practitioner = {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "999900000009"}
    resource(sent, "Practitioner")["identifier"] = [practitioner]
    taken(house, sent)
    kept = "select count(*) from document where type in ('Organization', 'Practitioner', 'Patient')"
    before = house.scalar(kept)
    again = a_message(number=1)
    resource(again, "Practitioner")["identifier"] = [practitioner]
    resource(again, "Patient")["telecom"] = [{"system": "phone", "value": "07700 900222"}]

    taken(house, again)

    unnumbered = 1  # the receiver, which the message names by no number
    assert house.scalar(kept) == before + unnumbered
    (patient,) = house.ehr.get("/fhir/Patient")["entry"]
    assert patient["resource"]["telecom"][0]["value"] == "07700 900222", "what was said last"
    house.refer(number=1)  # with `ifNoneExist` on the practice: 412, where there were two


def test_a_resource_with_numbers_without_end_is_no_search_without_end(house: House):
    message = a_message()
    person = resource(message, "Patient")
    person["identifier"] += [
        {"system": "https://ehr.example/numbers", "value": str(n)} for n in range(3000)
    ]
    asked = []
    count = event.listens_for(house.engine, "before_cursor_execute")
    count(lambda *how: asked.append(how[2]))

    taken(house, message)

    assert len(asked) < 200


def test_a_patient_of_another_name_under_the_same_number_is_another_patient(house: House):
    taken(house, a_message(number=1))
    other = a_message(number=1)
    resource(other, "Patient")["name"] = [{"family": "Another"}]

    taken(house, other)

    assert len(house.ehr.get("/fhir/Patient")["entry"]) == 2


def test_several_organisations_of_one_number_do_not_stop_a_message(house: House):
    organisation = dict(resource(a_message(), "Organization"))
    organisation.pop("id", None)
    first = house.ehr.send("POST", "/fhir/Organization", json=organisation).json()["id"]
    house.ehr.send("POST", "/fhir/Organization", json=organisation)

    request = request_of(taken(house, a_message()))

    role = house.ehr.get(f"/fhir/ServiceRequest/{request}")["requester"]["reference"]
    assert house.ehr.get(f"/fhir/{role}")["organization"]["reference"] == f"Organization/{first}"


# --- changing and taking back ---------------------------------------------------------------------


def test_an_update_changes_the_documents_that_it_brought(house: House):
    message = a_message()
    request = request_of(taken(house, message))
    before = house.scalar("select count(*) from document")
    again = an_update(message, priority="urgent")
    resource(again, "Patient")["telecom"] = [{"system": "phone", "value": "07700 900222"}]

    answer = taken(house, again)

    assert request_of(answer) == request
    assert house.scalar("select count(*) from document") == before, "nothing is kept twice"
    kept = house.ehr.get(f"/fhir/ServiceRequest/{request}")
    assert (kept["meta"]["versionId"], kept["priority"]) == ("2", "urgent")
    patient = house.ehr.get(f"/fhir/{kept['subject']['reference']}")
    assert patient["telecom"][0]["value"] == "07700 900222"
    case, _ = case_of(house, request)
    assert house.worker.get(f"/referrals/cases/{case}")["priority"] == "urgent"


def test_what_a_sender_read_here_it_may_send_back_changed(house: House):
    referral = house.refer()
    request = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    message = a_message()
    role = house.ehr.get(f"/fhir/{request['requester']['reference']}")
    practitioner = house.ehr.get(f"/fhir/{role['practitioner']['reference']}")
    read = [
        request
        | {"priority": "urgent", "category": resource(message, "ServiceRequest")["category"]},
        house.ehr.get(f"/fhir/Patient/{referral.patient}"),
        role,
        practitioner | {"active": True},
    ]
    base = "http://kersey.test/fhir"
    organisations = [e for e in message["entry"] if e["resource"]["resourceType"] == "Organization"]
    header = message["entry"][0]
    header["resource"]["focus"] = [{"reference": f"{base}/ServiceRequest/{referral.request}"}]
    kept = [
        {"fullUrl": f"{base}/{each['resourceType']}/{each['id']}", "resource": each}
        for each in read
    ]
    message["entry"] = [header, *organisations, *kept]
    header["resource"]["reason"]["coding"][0]["code"] = "update"

    taken(house, message)

    assert house.ehr.get(f"/fhir/Practitioner/{practitioner['id']}")["active"] is True
    found = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    assert (found["priority"], found["subject"]) == ("urgent", request["subject"])


@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_a_cancellation_takes_the_referral_back_and_nothing_else(house: House, status: str):
    message = a_message()
    request = request_of(taken(house, message))

    answer = taken(house, a_cancellation(message, status))

    kept = house.ehr.get(f"/fhir/ServiceRequest/{request}")
    assert kept["status"] == status
    assert kept["note"] == resource(message, "ServiceRequest")["note"], "the record stays whole"
    assert resource(answer, "Encounter")["status"] == "cancelled"
    _, task = case_of(house, request)
    assert house.state(task) == "cancelled/withdrawn"
    assert house.told()[-1] == "referral.withdrawn"


def test_the_reason_delete_cancels_where_the_status_says_so(house: House):
    message = a_message()
    taken(house, message)
    cancellation = a_cancellation(message)
    resource(cancellation, "MessageHeader")["reason"]["coding"][0]["code"] = "delete"

    assert resource(taken(house, cancellation), "Encounter")["status"] == "cancelled"


def test_who_may_not_read_a_referral_is_not_shown_it_for_changing_it(house: House):
    message = a_message()
    taken(house, message)
    writes = {"scopes": ("system/*.cu",)}

    told = taken(house, a_cancellation(message), who=writes)

    shown = resource(told, "ServiceRequest")
    assert shown["status"] == "revoked"
    assert "reasonCode" not in shown
    other = a_message(number=2)
    assert resource(taken(house, other, who=writes), "ServiceRequest")["reasonCode"], "its own"
    reads = taken(house, an_update(other, note=[{"text": "Rings at noon"}]))
    assert resource(reads, "ServiceRequest")["reasonCode"]


def test_where_an_activity_runs_a_cancellation_asks(house: House):
    message = a_message()
    request = request_of(taken(house, message))
    case, _ = case_of(house, request)
    house.worker.post(f"/referrals/cases/{case}/accept")
    house.worker.post(f"/referrals/cases/{case}/person-accepts")
    task = house.worker.post(f"/referrals/cases/{case}/requests", wish())["task"]
    house.answer(task, "accept")
    house.progress(task, "start")

    answer = taken(house, a_cancellation(message))

    assert resource(answer, "Encounter")["status"] == "in-progress"
    assert house.told()[-1] == "referral.withdrawal-asked"


def by_our_id(message: Json, request: str) -> None:
    resource(message, "ServiceRequest")["id"] = request
    resource(message, "ServiceRequest").pop("identifier")
    rename(message)


def by_number(message: Json, _: str) -> None:
    rename(message)


def by_our_address(message: Json, request: str) -> None:
    resource(message, "ServiceRequest").pop("identifier")
    rename(message, f"http://kersey.test/fhir/ServiceRequest/{request}")


def rename(message: Json, url: str | None = None) -> None:
    """Give the request another fullUrl, as software does that keeps none."""
    for each in message["entry"]:
        if each["resource"]["resourceType"] == "ServiceRequest":
            each["fullUrl"] = url or f"urn:uuid:{uuid4()}"
            resource(message, "MessageHeader")["focus"] = [{"reference": each["fullUrl"]}]


@pytest.mark.parametrize("name", [by_our_id, by_number, by_our_address])
def test_a_cancellation_finds_its_referral_though_it_came_as_a_bundle(
    house: House, name: Callable[[Json, str], None]
):
    number = str(uuid4())
    referral = house.refer(a_bundle(number))
    cancellation = a_cancellation(a_message(number))
    name(cancellation, referral.request)

    taken(house, cancellation)

    assert house.state(referral.triage) == "cancelled/withdrawn"


def test_nobody_cancels_what_is_anothers_or_not_there(house: House):
    message = a_message()
    request = request_of(taken(house, message))
    cancellation = a_cancellation(message)
    resource(cancellation, "ServiceRequest")["id"] = request

    with house.unchanged():
        theirs = send(house, cancellation, by="ehr-2")
        unknown = send(house, a_cancellation(a_message()))

    assert error(theirs)[:3] == error(unknown)[:3] == (404, "REC_NOT_FOUND", "not-found")


def test_what_is_not_current_any_more_is_not_cancelled(house: House):
    message = a_message()
    taken(house, message)
    taken(house, a_cancellation(message))
    closed = a_message(number=2)
    case, _ = case_of(house, request_of(taken(house, closed)))
    house.worker.post(f"/referrals/cases/{case}/accept")
    house.worker.post(f"/referrals/cases/{case}/close", {"outcome": "not-reached"})

    with house.unchanged():
        twice = send(house, a_cancellation(message))
        after_the_end = send(house, a_cancellation(closed))
        changed = send(house, an_update(closed, priority="urgent"))

    for each in (twice, after_the_end, changed):
        assert error(each)[:3] == (409, "REC_CONFLICT", "conflict")


def test_a_cancellation_of_what_was_changed_meanwhile_is_refused(house: House):
    message = a_message()
    request = request_of(taken(house, message))
    stale = a_cancellation(message)
    resource(stale, "ServiceRequest")["meta"]["versionId"] = "1"
    read = house.ehr.get(f"/fhir/ServiceRequest/{request}")["meta"]["lastUpdated"]
    house.ehr.patch(f"/fhir/ServiceRequest/{request}", replaced("/priority", "urgent"))
    by_time = a_cancellation(message)
    resource(by_time, "ServiceRequest")["meta"]["lastUpdated"] = read

    with house.unchanged():
        assert error(send(house, stale))[:3] == (409, "REC_CONFLICT", "conflict")
        place = "Bundle.entry[4].resource.meta.lastUpdated"
        assert error(send(house, by_time)) == (409, "REC_CONFLICT", "conflict", [place])

    resource(stale, "ServiceRequest")["meta"]["versionId"] = "2"
    taken(house, stale)


def test_a_message_that_was_overtaken_by_a_later_one_changes_nothing(house: House):
    message = a_message()
    taken(house, message)
    late = an_update(message, priority="routine")
    resource(late, "ServiceRequest")["meta"]["lastUpdated"] = "2026-01-01T00:00:00Z"
    taken(house, an_update(message, priority="urgent"))

    with house.unchanged():
        assert error(send(house, late))[:3] == (409, "REC_CONFLICT", "conflict")


def test_a_cancellation_for_another_person_is_refused(house: House):
    message = a_message()
    taken(house, message)
    cancellation = a_cancellation(message)
    resource(cancellation, "Patient")["identifier"][0]["value"] = a_person(2).nhs_number

    with house.unchanged():
        refused = send(house, cancellation)

    place = "Bundle.entry[1].resource.identifier"
    assert error(refused) == (409, "REC_CONFLICT", "conflict", [place])


def test_whoever_has_neither_number_nor_birth_date_is_told_by_name(house: House):
    message = a_message()
    taken(house, message)
    changed = an_update(message)
    patient = resource(changed, "Patient")
    del patient["identifier"], patient["birthDate"]
    taken(house, changed)
    patient["name"] = [{"family": "Other", "given": ["Person"]}]

    with house.unchanged():
        refused = send(house, changed)

    place = "Bundle.entry[1].resource.name"
    assert error(refused) == (409, "REC_CONFLICT", "conflict", [place])


def same_url(message: Json, of: Json) -> Json:
    """The message with the fullUrl of another's request: a template that was copied."""
    (url,) = [e["fullUrl"] for e in of["entry"] if e["resource"] is resource(of, "ServiceRequest")]
    rename(message, url)
    return message


def test_a_full_url_that_is_used_again_never_means_another_referral(house: House):
    first = a_message()
    request = request_of(taken(house, first))

    with house.unchanged():
        unknown = send(house, same_url(a_cancellation(a_message()), first))
    assert error(unknown)[:3] == (404, "REC_NOT_FOUND", "not-found")

    wrong = same_url(a_cancellation(a_message()), first)
    resource(wrong, "ServiceRequest")["id"] = request
    with house.unchanged():
        refused = send(house, wrong)
    assert error(refused)[:3] == (409, "REC_CONFLICT", "conflict")
    assert error(refused)[3][0].endswith("resource.identifier")


def test_which_of_several_is_meant_is_not_guessed(house: House):
    first = a_message()
    second = same_url(a_message(number=2), first)
    for each in (first, second):
        taken(house, each)
    nameless = a_cancellation(second)
    resource(nameless, "ServiceRequest").pop("identifier")

    with house.unchanged():
        refused = send(house, nameless)

    code, _, kind, places = error(refused)
    assert (code, kind) == (409, "conflict")
    assert places[0].endswith(".fullUrl")


# --- finding it again -----------------------------------------------------------------------------


def test_a_sender_finds_the_referrals_of_a_person_as_bars_writes_it(house: House):
    message = a_message()
    request = request_of(taken(house, message))
    taken(house, a_message(number=2))
    number = resource(message, "Patient")["identifier"][0]["value"]
    identifier = resource(message, "ServiceRequest")["identifier"][0]["value"]
    of_bars = {"NHSD-Target-Identifier": encoded({"system": "x", "value": "y"})}

    for query in (
        f"patient:identifier={NHS}/Id/nhs-number|{number}",
        f"patient:identifier={number}&ServiceRequest.identifier={identifier}",
    ):
        found = house.ehr.get(f"/fhir/ServiceRequest?{query}", headers=of_bars)
        assert [each["resource"]["id"] for each in found["entry"]] == [request]
    plain = house.ehr.get(f"/fhir/ServiceRequest?patient:identifier={number}")
    assert plain["total"] == 0, "in R4 it asks for an identifier in the reference"
