"""FHIR that is wrong: the element at fault is named, its value is not repeated."""

from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from tests.bad_input.door import PLANTED, Door, Json, outcome
from tests.referrals.house import a_bundle

NHS = "https://fhir.nhs.uk/Id/nhs-number"
ENTRY = {"patient": 0, "organisation": 1, "practitioner": 2, "role": 3, "request": 4}

PATIENT: Json = {
    "resourceType": "Patient",
    "identifier": [{"system": NHS, "value": "9990000018"}],
    "name": [{"family": PLANTED}],
    "birthDate": "1950-03-01",
}
REQUEST: Json = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/1"},
    "note": [{"text": PLANTED}],
}
TASK: Json = {"resourceType": "Task", "status": "requested", "intent": "order"}


def changed(resource: Json, **elements: Any) -> Json:
    """A copy with other elements; None leaves one out."""
    made = deepcopy(resource) | elements
    return {name: value for name, value in made.items() if value is not None}


def in_bundle(name: str, **elements: Any) -> Json:
    """The example referral with other elements in one of its resources."""
    bundle = a_bundle()
    entry = bundle["entry"][ENTRY[name]]
    entry["resource"] = changed(entry["resource"], **elements)
    return bundle


def place(name: str, element: str) -> str:
    return f"Bundle.entry[{ENTRY[name]}].resource.{element}"


@pytest.mark.parametrize("path", ["Nonsense", PLANTED, "patient", "Medication", "Patient%20"])
def test_an_unknown_resource_type_in_the_address(door: Door, path: str):
    body = {"resourceType": "Patient"}
    assert outcome(door.fhir(f"/{path}", body), 404)["code"] == "not-found"
    outcome(door.send("GET", f"/fhir/{path}"), 404)
    outcome(door.send("GET", f"/fhir/{path}/1"), 404)
    outcome(door.fhir(f"/{path}/1", body, method="PUT"), 404)


@pytest.mark.parametrize("kind", ["Nonsense", PLANTED, "patient", "Medication", "Bundle"])
def test_an_unknown_resource_type_in_the_body(door: Door, kind: str):
    outcome(door.fhir("/Patient", {"resourceType": kind}), 400, "Patient.resourceType")


def test_an_unknown_resource_type_in_a_bundle(door: Door):
    outcome(
        door.fhir("", in_bundle("request", resourceType="Nonsense")),
        400,
        "Bundle.entry[4].resource.resourceType",
    )


@pytest.mark.parametrize("name", ["nickname", "__proto__", "constructor", "_"])
def test_an_unknown_element(door: Door, name: str):
    outcome(door.fhir("/Patient", changed(PATIENT, **{name: PLANTED})), 400, f"Patient.{name}")
    outcome(door.fhir("", in_bundle("patient", **{name: PLANTED})), 400, place("patient", name))


def test_an_unknown_element_whose_name_is_no_name(door: Door):
    outcome(door.fhir("/Patient", changed(PATIENT, **{f"{PLANTED} b. 1950": 1})), 400)


def test_an_unknown_element_deep_inside(door: Door):
    name = [{"family": "x", "maiden": PLANTED}]
    outcome(door.fhir("/Patient", changed(PATIENT, name=name)), 400, "Patient.name[0].maiden")


@pytest.mark.parametrize("element", ["status", "intent", "subject"])
def test_missing_required(door: Door, element: str):
    lacking = changed(REQUEST, **{element: None})
    outcome(door.fhir("/ServiceRequest", lacking), 400, f"ServiceRequest.{element}")
    outcome(door.fhir("", in_bundle("request", **{element: None})), 400, place("request", element))


@pytest.mark.parametrize("status", ["actve", "Active", "", " active", PLANTED])
def test_a_status_that_there_is_not(door: Door, status: str):
    for path, body, where in (
        ("/ServiceRequest", changed(REQUEST, status=status), "ServiceRequest.status"),
        ("", in_bundle("request", status=status), place("request", "status")),
    ):
        answer = door.fhir(path, body)
        assert answer.status_code == (422 if status.strip() == status != "" else 400)
        outcome(answer, answer.status_code, where)


@pytest.mark.parametrize("value", [1, True, None, [], ["active"], {}, {"value": PLANTED}])
def test_a_status_of_another_type(door: Door, value: Any):
    body = deepcopy(REQUEST) | {"status": value}
    outcome(door.fhir("/ServiceRequest", body), 400)


@pytest.mark.parametrize("reference", ["Task/1", "Organization/1", "ServiceRequest/1"])
def test_a_wrong_reference_target(door: Door, reference: str):
    subject = {"reference": reference}
    answer = door.fhir("/ServiceRequest", changed(REQUEST, subject=subject))
    outcome(answer, 400, "ServiceRequest.subject")


def test_a_wrong_reference_target_within_the_bundle(door: Door):
    bundle = a_bundle()
    subject = {"reference": bundle["entry"][ENTRY["organisation"]]["fullUrl"]}
    bundle["entry"][ENTRY["request"]]["resource"]["subject"] = subject
    outcome(door.fhir("", bundle), 400, place("request", "subject"))


@pytest.mark.parametrize(
    "reference", ["Patient/nobody-of-ours", f"Patient/{PLANTED}", "Patient/x/_history/2"]
)
def test_a_reference_to_what_is_not_there(door: Door, reference: str):
    answer = door.fhir("/ServiceRequest", changed(REQUEST, subject={"reference": reference}))
    outcome(answer, 422, "ServiceRequest.subject.reference")


@pytest.mark.parametrize(
    "reference", ["", "Patient/", "Patient/a b", "javascript:x", "file:///etc/passwd", PLANTED]
)
def test_a_reference_that_is_none(door: Door, reference: str):
    answer = door.fhir("/ServiceRequest", changed(REQUEST, subject={"reference": reference}))
    assert answer.status_code in (400, 422)
    outcome(answer, answer.status_code)


@pytest.mark.parametrize(
    "number", ["9990000019", "1234567890", "999000001", "99900000181", PLANTED]
)
def test_a_bad_nhs_number(door: Door, number: str):
    identifier = [{"system": NHS, "value": number}]
    answer = door.fhir("/Patient", changed(PATIENT, identifier=identifier))
    outcome(answer, 422, "Patient.identifier[0].value")
    answer = door.fhir("", in_bundle("patient", identifier=identifier))
    outcome(answer, 422, place("patient", "identifier[0].value"))
    assert number not in answer.text


PERIOD = {"start": "2026-05-02", "end": "2026-05-01"}


def test_a_period_that_ends_before_it_starts(door: Door):
    answer = door.fhir("/ServiceRequest", changed(REQUEST, occurrencePeriod=PERIOD))
    outcome(answer, 422, "ServiceRequest.occurrencePeriod.end")
    answer = door.fhir("", in_bundle("request", occurrencePeriod=PERIOD))
    outcome(answer, 422, place("request", "occurrencePeriod.end"))


def test_a_period_deep_inside_that_ends_before_it_starts(door: Door):
    name = [{"family": PLANTED, "period": PERIOD}]
    outcome(door.fhir("/Patient", changed(PATIENT, name=name)), 422, "Patient.name[0].period.end")


@pytest.mark.parametrize(
    "value", ["2026-13-01", "2026-02-30", "01/02/2026", "tomorrow", "", PLANTED]
)
def test_a_date_that_is_none(door: Door, value: str):
    outcome(door.fhir("/Patient", changed(PATIENT, birthDate=value)), 400, "Patient.birthDate")


@pytest.mark.parametrize("key", ["x" * 65, "a b", "a/b", "", "ä", "a_b", "a" * 10_000])
def test_an_id_that_is_none(door: Door, key: str):
    outcome(door.fhir("/Patient", changed(PATIENT, id=key)), 400, "Patient.id")
    outcome(door.fhir("", in_bundle("patient", id=key)), 400, place("patient", "id"))


def test_a_65_character_id_in_the_address(door: Door):
    key = "x" * 65
    refused = door.fhir(f"/Patient/{key}", changed(PATIENT, id=key), method="PUT")
    outcome(refused, 400, "Patient.id")
    outcome(door.send("GET", f"/fhir/Patient/{key}"), 404)
    outcome(door.send("DELETE", f"/fhir/Patient/{key}"), 404)


def test_an_update_whose_id_is_another(door: Door):
    body = changed(PATIENT, id="one")
    outcome(door.fhir("/Patient/two", body, method="PUT"), 400, "Patient.id")
    outcome(door.fhir("/Patient/two", PATIENT, method="PUT"), 400, "Patient.id")


XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


@pytest.mark.parametrize(
    "div",
    [
        f"<div {XHTML}><script>alert('{PLANTED}')</script></div>",
        f'<div {XHTML}><img src="x" onerror="{PLANTED}"/></div>',
        f'<div {XHTML}><a href="javascript:{PLANTED}">x</a></div>',
        f'<div {XHTML}><iframe src="https://{PLANTED}.example"/></div>',
        f'<div {XHTML}><form action="/x"><input name="{PLANTED}"/></form></div>',
        f'<div {XHTML} onclick="{PLANTED}">x</div>',
        f"<p>{PLANTED}</p>",
        f"<div {XHTML}>{PLANTED}",
        f'<!DOCTYPE div [<!ENTITY e "{PLANTED}">]><div {XHTML}>&e;</div>',
        f"{PLANTED}",
    ],
)
def test_a_script_in_the_narrative(door: Door, div: str):
    text = {"status": "generated", "div": div}
    answer = door.fhir("/Patient", changed(PATIENT, text=text))
    assert answer.status_code in (400, 422), answer.text
    outcome(answer, answer.status_code, "Patient.text.div")
    answer = door.fhir("", in_bundle("patient", text=text))
    outcome(answer, answer.status_code, place("patient", "text.div"))


@pytest.mark.parametrize(
    "patch",
    [
        {},
        [1],
        [{"op": "nonsense", "path": "/status"}],
        [{"op": "add", "path": PLANTED, "value": 1}],
        [{"op": "replace"}],
        [{"op": "add", "path": "/a~2b", "value": PLANTED}],
    ],
)
def test_a_patch_that_is_none(door: Door, patch: Any):
    headers = {"Content-Type": "application/json-patch+json"}
    answer = door.fhir("/ServiceRequest/1", patch, method="PATCH", headers=headers)
    outcome(answer, 400)


def test_several_faults_are_told_at_once(door: Door):
    body = changed(REQUEST, status="actve", intent=None, nickname=PLANTED)
    told = door.fhir("/ServiceRequest", body)
    outcome(told, 400, "ServiceRequest.intent", "ServiceRequest.nickname")


@pytest.mark.parametrize("kind", ["rest-hook", "websocket"])
def test_a_subscription_that_leads_nowhere_good(door: Door, kind: str):
    body = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "x",
        "criteria": f"Task?{PLANTED}=1",
        "channel": {"type": kind, "endpoint": f"ftp://{PLANTED}.example", "payload": "text/plain"},
    }
    answer = door.fhir("/Subscription", body)
    assert answer.status_code in (400, 422)
    outcome(answer, answer.status_code)


@pytest.mark.parametrize("name", ["system", "value"])
def test_an_identifier_of_absurd_length(door: Door, name: str):
    bundle = a_bundle()
    n, request = next(
        (n, each["resource"])
        for n, each in enumerate(bundle["entry"])
        if each["resource"]["resourceType"] == "ServiceRequest"
    )
    request["identifier"][0][name] = "urn:" + "".join(uuid4().hex for _ in range(100))
    told = outcome(door.fhir("", bundle), 422, f"Bundle.entry[{n}].resource.identifier[0].{name}")
    assert told["code"] == "too-long"
