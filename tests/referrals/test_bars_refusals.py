"""What is refused of messages: named by element, in BaRS's codes, and nothing is kept of it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.fhir.model import validate
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import House, Json, house_at, prepare, settings_for
from tests.referrals.messaging import (
    NHS,
    PROCESS,
    SERVICE_ID,
    a_message,
    an_update,
    coding,
    encoded,
    error,
    headers,
    resource,
    send,
)

Change = Callable[[Json], Any]
HEADER = "Bundle.entry[0].resource"
REQUEST = "Bundle.entry[6].resource"
BAD = (400, "REC_BAD_REQUEST")


@pytest.fixture(scope="module")
def house(module_database: NewDatabase) -> Iterator[House]:
    """One service for all: nothing that is refused leaves a trace."""
    with house_at(module_database("referrals", prepare)) as made:
        yield made
        assert made.scalar("select count(*) from document where owner != 'kersey'") == 0
        assert made.scalar("select count(*) from bars_message") == 0


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Request-Id", None, "required"),
        ("X-Correlation-Id", None, "required"),
        ("NHSD-Target-Identifier", None, "required"),
        ("NHSD-End-User-Organisation", None, "required"),
        ("NHSD-Requesting-Software", None, "required"),
        ("X-Request-Id", "42", "invalid"),
        ("X-Correlation-Id", "{8d1c7a3e-2f64-4b8e-9d0a-5c3b1e7f9a20}", "invalid"),
        ("NHSD-Target-Identifier", "%%%", "structure"),
        ("NHSD-Target-Identifier", "bm8ganNvbg==", "structure"),
        ("NHSD-Target-Identifier", encoded(["no object"]), "structure"),
        ("NHSD-Target-Identifier", encoded({"value": "1"}), "structure"),
        ("NHSD-Target-Identifier", encoded({"value": 1, "system": SERVICE_ID}), "structure"),
        ("NHSD-End-User-Organisation", encoded({"resourceType": "Patient"}), "structure"),
        ("NHSD-End-User-Organisation", encoded({"resourceType": "Organization"}), "structure"),
        ("NHSD-End-User-Organisation", encoded({"resourceType": "Organization",
                                                "identifier": [7]}), "structure"),
        ("NHSD-Requesting-Software", encoded({"resourceType": "Software"}), "structure"),
        ("NHSD-Requesting-Practitioner", encoded({"resourceType": "Person"}), "structure"),
        ("use-context", "a4t2|referral", "invalid"),
    ],
)  # fmt: skip
def test_a_header_that_is_wrong_is_named(house: House, name: str, value: str | None, code: str):
    header: Json = {name.replace("-", "_"): value}
    refused = send(house, a_message(), **header)

    assert error(refused) == (*BAD, code, [f"http.{name}"])
    if name != "X-Correlation-Id":
        assert refused.headers["X-Correlation-Id"]
    assert refused.headers["X-Request-Id"]


def test_all_headers_that_are_missing_are_named_at_once(house: House):
    missing: Json = dict.fromkeys(["X_Request_Id", "X_Correlation_Id", "NHSD_Requesting_Software"])

    refused = send(house, a_message(), **missing)

    assert len(refused.json()["issue"]) == 3
    assert validate(refused.json(), expected_type="OperationOutcome") == ()


@pytest.mark.parametrize("name", ["Accept", "Content_Type"])
def test_another_version_of_the_standard_is_not_spoken(house: House, name: str):
    header: Json = {name: "application/fhir+json; version=2.0.0"}
    refused = send(house, a_message(), **header)

    assert error(refused)[:3] == (406, "REC_NOT_ACCEPTABLE", "processing")


def without(kind: str, *names: str) -> Change:
    def change(message: Json) -> None:
        for name in names:
            resource(message, kind).pop(name)

    return change


def with_event(code: str, system: str = "message-events-bars", **more: Any) -> Change:
    def change(message: Json) -> None:
        resource(message, "MessageHeader").update(eventCoding=coding(system, code), **more)

    return change


def with_reason(code: str, status: str = "active") -> Change:
    def change(message: Json) -> None:
        message |= an_update(message, code, status=status)

    return change


def with_category(*codings: Json) -> Change:
    def change(message: Json) -> None:
        resource(message, "ServiceRequest")["category"] = [{"coding": list(codings)}]

    return change


def with_definition(name: str) -> Change:
    def change(message: Json) -> None:
        resource(message, "MessageHeader")["definition"] = f"{NHS}/MessageDefinition/{name}"

    return change


def with_endpoint(endpoint: str) -> Change:
    def change(message: Json) -> None:
        resource(message, "MessageHeader")["source"]["endpoint"] = endpoint

    return change


def with_one_more(body: Json) -> Change:
    def change(message: Json) -> None:
        message["entry"].append({"fullUrl": f"urn:uuid:{uuid4()}", "resource": body})

    return change


def two_patients(message: Json) -> None:
    with_one_more({"resourceType": "Patient", "active": True})(message)


def header_last(message: Json) -> None:
    message["entry"].append(message["entry"].pop(0))


def focus_on_the_patient(message: Json) -> None:
    resource(message, "MessageHeader")["focus"] = [{"reference": message["entry"][1]["fullUrl"]}]


def of_version(version: str | None) -> Change:
    def change(message: Json) -> None:
        message["meta"].pop("versionId")
        message["meta"] |= {"versionId": version} if version else {}

    return change


def a_long_address(message: Json) -> None:
    message["entry"][1]["fullUrl"] = "https://ehr.example/" + "x" * 300 + "/Patient/1"
    resource(message, "ServiceRequest")["subject"]["reference"] = message["entry"][1]["fullUrl"]


FLAG = {"resourceType": "Flag", "status": "active", "code": {"text": "Dog"}, "subject": {
    "display": "x"}}  # fmt: skip
UNPROCESSABLE = (422, "REC_UNPROCESSABLE_ENTITY")
CASES: list[tuple[str, Change, tuple[Any, ...], str]] = [
    ("no message", lambda m: m.update(type="transaction"), (*BAD, "value"), "Bundle.type"),
    ("no id", lambda m: m.pop("id"), (*BAD, "required"), "Bundle.id"),
    ("no version", of_version(None), (*BAD, "invariant"), "Bundle.meta.versionId"),
    ("version", of_version("2.0.0"), (*UNPROCESSABLE, "not-supported"), "Bundle.meta.versionId"),
    ("header last", header_last, (*UNPROCESSABLE, "invariant"), HEADER),
    *(
        (name, without("MessageHeader", name), (*BAD, "required"), f"{HEADER}.{name}")
        for name in ("destination", "sender", "reason", "focus", "definition")
    ),
    ("no source", without("MessageHeader", "source"), (*BAD, "required"), f"{HEADER}.source"),
    ("unknown event", with_event("admin-notify"), (*BAD, "invariant"), f"{HEADER}.eventCoding"),
    (
        "event of another system",
        with_event("servicerequest-request", "message-event"),
        (*BAD, "invariant"),
        f"{HEADER}.eventCoding",
    ),
    ("booking", with_event("booking-request"), (*BAD, "not-supported"), f"{HEADER}.eventCoding"),
    (
        "an answer to nothing",
        with_event("servicerequest-response"),
        (*BAD, "invariant"),
        f"{HEADER}.response",
    ),
    (
        "an answer to what was never asked",
        with_event("servicerequest-response", response={"identifier": "a", "code": "ok"}),
        (404, "REC_NOT_FOUND", "not-found"),
        f"{HEADER}.response.identifier",
    ),
    ("unknown reason", with_reason("again"), (*BAD, "invariant"), f"{HEADER}.reason"),
    ("new and revoked", with_reason("new", "revoked"), (*BAD, "invariant"), f"{HEADER}.reason"),
    ("update and draft", with_reason("update", "draft"), (*BAD, "invariant"), f"{HEADER}.reason"),
    ("delete and active", with_reason("delete"), (*BAD, "invariant"), f"{HEADER}.reason"),
    ("focus", focus_on_the_patient, (*BAD, "invariant"), f"{HEADER}.focus"),
    ("category", without("ServiceRequest", "category"), (*BAD, "invariant"), f"{REQUEST}.category"),
    (
        "validation",
        with_category(coding("message-category-servicerequest", "validation")),
        (*BAD, "not-supported"),
        f"{REQUEST}.category[0].coding[0].code",
    ),
    ("no date", without("ServiceRequest", "authoredOn"), (*BAD, "required"),
     f"{REQUEST}.authoredOn"),
    (
        "definition",
        with_definition("bars-message-booking-request"),
        (*BAD, "not-supported"),
        f"{HEADER}.definition",
    ),
    ("two patients", two_patients, (*BAD, "invariant"), "Bundle.entry"),
    (
        "a type that nobody would see",
        with_one_more(FLAG),
        (*UNPROCESSABLE, "not-supported"),
        "Bundle.entry[7].resource",
    ),
    ("fullUrl", a_long_address, (*BAD, "too-long"), "Bundle.entry[1].fullUrl"),
    (
        "nowhere to answer to",
        with_endpoint("https://user@ehr.example/fhir"),
        (*UNPROCESSABLE, "business-rule"),
        f"{HEADER}.source.endpoint",
    ),
    (
        "element",
        lambda m: resource(m, "ServiceRequest").update(basedOn={"reference": "x"}),
        (*BAD, "structure"),
        f"{REQUEST}.basedOn",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected", "place"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_a_message_that_is_wrong_is_refused_by_element(
    house: House, change: Change, expected: tuple[Any, ...], place: str
):
    message = a_message()
    change(message)

    refused = send(house, message)

    assert error(refused)[:3] == expected, refused.text
    assert place in error(refused)[3]
    assert validate(refused.json(), expected_type="OperationOutcome") == ()


@pytest.mark.parametrize("use_case", ["a1t1", "a2t1", "a3t2", "a4t2", "a6t3"])
def test_no_use_case_of_urgent_care_is_taken(house: House, use_case: str):
    referral = coding("message-category-servicerequest", "referral")
    message = a_message()
    with_category(referral, coding("usecases-categories-bars", use_case))(message)

    place = f"{REQUEST}.category[0].coding[1].code"
    assert error(send(house, message)) == (*UNPROCESSABLE, "not-supported", [place])


def test_what_cannot_be_done_with_a_message_is_refused(house: House):
    for name, value in (("async", "true"), ("response-url", "https://ehr.example/fhir")):
        refused = house.ehr.send(
            "POST", f"{PROCESS}?{name}={value}", json=a_message(), headers=headers()
        )
        assert error(refused) == (*BAD, "not-supported", [f"http.{name}"])


def test_the_header_use_context_agrees_with_the_message(house: House):
    for context in ("|referral|booking-request|new", "|referral|servicerequest-request|update"):
        refused = send(house, a_message(), use_context=context)

        assert error(refused)[:3] == (*BAD, "invariant")
        assert error(refused)[3][0] == "http.use-context"


@pytest.mark.parametrize(
    "named",
    [
        {"system": SERVICE_ID, "value": "3"},
        {"system": "https://other.example/Id", "value": "2000011147"},
    ],
)
def test_the_header_names_the_service_that_the_message_is_for(house: House, named: Json):
    refused = send(house, a_message(), NHSD_Target_Identifier=encoded(named))

    places = ["http.NHSD-Target-Identifier", f"{HEADER}.destination[0].endpoint"]
    assert error(refused) == (*BAD, "invariant", places)


NO_MESSAGES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"resourceType":"Patient"}',
    b'{"resourceType":"Bundle"}',
    b'{"resourceType":"Bundle","type":"message"}',
    b'{"resourceType":"Bundle","type":"message","entry":[null]}',
)


@pytest.mark.parametrize("body", NO_MESSAGES)
def test_what_is_no_message_at_all_is_refused_with_a_code(house: House, body: bytes):
    assert error(send(house, body))[:2] in {BAD, UNPROCESSABLE}


def test_only_referral_senders_send_messages(house: House):
    for name in ("fhir-client", "link-worker", "provider", "coordinator"):
        refused = send(house, a_message(), by=name)
        assert error(refused)[:3] == (403, "REC_FORBIDDEN", "forbidden")


def test_the_scopes_of_a_token_hold_within_a_message(house: House):
    scopes = ("system/ServiceRequest.cruds", "system/Organization.cruds", "system/Patient.rs")

    refused = send(house, a_message(), who={"scopes": scopes})

    place = "Bundle.entry[1].resource"
    assert error(refused) == (403, "REC_FORBIDDEN", "forbidden", [place])


def test_without_a_token_nothing_is_read(house: House):
    refused = house.http.post(PROCESS, content=b"{", headers={"X-Correlation-Id": "c"})

    assert error(refused)[:3] == (401, "REC_UNAUTHORIZED", "login")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.headers["X-Correlation-Id"] == "c"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_message_is_posted(house: House, method: str):
    refused = house.ehr.send(method, PROCESS)

    assert error(refused)[:3] == (405, "REC_METHOD_NOT_ALLOWED", "not-supported")
    assert refused.headers["Allow"] == "POST"


def test_a_message_in_xml_is_refused(house: House):
    refused = send(house, b"<Bundle/>", Content_Type="application/fhir+xml")

    assert error(refused)[:2] == (415, "REC_BAD_REQUEST")
    answer = send(house, a_message(), Accept="application/fhir+xml")
    assert error(answer)[:2] == (406, "REC_NOT_ACCEPTABLE")


def test_a_body_that_is_too_large_is_refused_in_the_same_words(house: House):
    assert error(send(house, b" " * (5 * 1024 * 1024 + 1)))[:2] == (413, "REC_BAD_REQUEST")


def test_no_refusal_repeats_what_was_sent(house: House):
    message = a_message()
    patient = resource(message, "Patient")
    patient["birthDate"] = "1959-13-99"
    resource(message, "ServiceRequest")["status"] = "Hardcastle"

    refused = send(house, message)

    assert refused.status_code == 400
    for words in ("1959-13-99", "Hardcastle", patient["name"][0]["family"]):
        assert words not in refused.text


def test_services_are_declared_by_system_and_value():
    with pytest.raises(ValidationError, match="system and value"):
        settings_for("postgresql://nowhere", bars_services="2000011147")


def test_a_deployment_takes_what_is_for_its_services_alone(module_database: NewDatabase):
    url = module_database("referrals", prepare)
    with house_at(url, bars_services=f"{SERVICE_ID}|2000011147, {SERVICE_ID}|3") as house:
        spelled = f"{SERVICE_ID}".replace("https", "http").replace("/Id/", "/id/")
        for_another = encoded({"system": SERVICE_ID, "value": "9"})
        refused = send(house, a_message(), NHSD_Target_Identifier=for_another)
        assert error(refused) == (*BAD, "value", ["http.NHSD-Target-Identifier"])
        message = a_message()
        resource(message, "MessageHeader")["destination"][0]["endpoint"] = f"{SERVICE_ID}|9"
        assert error(send(house, message))[:2] == UNPROCESSABLE
        same = encoded({"system": spelled, "value": "2000011147"})
        assert send(house, a_message(), NHSD_Target_Identifier=same).status_code == 200
        found = house.ehr.get(f"/fhir/MessageDefinition?context={SERVICE_ID}|3")
        assert found["total"] == 3
        assert house.ehr.get(f"/fhir/MessageDefinition?context={SERVICE_ID}|9")["total"] == 0
