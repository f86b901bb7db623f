"""$validate tells what is wrong, what would be better and what profiles ask; nothing is stored."""

from typing import Any

import pytest
from httpx import Response

from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import SOUTH, patient
from tests.fhir.validation.test_profiles import GOOD, OURS, REFERRAL, without

Json = dict[str, Any]
WRONG: Json = {"resourceType": "Patient", "gender": "x"}
NAMELESS = without(GOOD, "identifier", "meta")
TYPE = "/fhir/ServiceRequest/$validate"


def asking(resource: Json | None = None, **parameters: Json) -> Json:
    """Parameters of $validate."""
    given: list[Json] = [{"name": name, **value} for name, value in parameters.items()]
    if resource is not None:
        given.append({"name": "resource", "resource": resource})
    return {"resourceType": "Parameters", "parameter": given}


def told(answer: Response, severity: str = "error") -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"]
    return [
        (issue["code"], *issue.get("expression", ()))
        for issue in outcome["issue"]
        if issue["severity"] == severity
    ]


@pytest.mark.parametrize("body", [patient(), WRONG])
def test_it_answers_200_with_what_it_found(server: Server, body: Json):
    wrapped = asking(body, mode={"valueCode": "create"})
    for path in ("/fhir/Patient/$validate", "/fhir/Patient/7/$validate"):
        for sent in (body, wrapped):
            assert bool(told(server("POST", path, body=sent))) == ("gender" in body)
    assert server("GET", "/fhir/Patient").json()["total"] == 0
    empty = server("POST", "/fhir/Patient/$validate", body=asking())
    assert (empty.status_code, empty.json()["resourceType"]) == (400, "OperationOutcome")


def test_what_would_be_better_is_a_warning_and_stands_against_nothing(server: Server):
    body = patient(
        name=[{"text": " "}],
        maritalStatus={"coding": [{"code": "M"}]},
        identifier=[
            {"system": "mine", "value": "1"},
            {"system": "urn:ietf:rfc:3986", "value": "1"},
        ],
        meta={"profile": ["https://other.example/p"]},
    )
    checked = server("POST", "/fhir/Patient/$validate", body=body)
    assert told(checked) == []
    assert told(checked, "warning") == [
        ("invariant", "Patient.text"),
        ("value", "Patient.name[0].text"),
        ("value", "Patient.maritalStatus.coding[0].system"),
        ("value", "Patient.identifier[0].system"),
        ("value", "Patient.identifier[1].value"),
    ]
    assert told(checked, "information") == [("not-supported", "Patient.meta.profile[0]")]
    assert "resourceType" in server.create(body)


def test_a_profile_is_asked_for_by_parameters_or_in_the_address(server: Server):
    missing = [("required", "ServiceRequest.identifier")]
    by_parameters = asking(NAMELESS, profile={"valueUri": REFERRAL})
    assert told(server("POST", TYPE, body=by_parameters)) == missing
    assert told(server("POST", f"{TYPE}?profile={REFERRAL}", body=NAMELESS)) == missing
    assert told(server("POST", TYPE, body=NAMELESS)) == []
    base = "http://hl7.org/fhir/StructureDefinition/ServiceRequest"
    assert told(server("POST", f"{TYPE}?profile={base}", body=NAMELESS)) == []
    unknown = server("POST", f"{TYPE}?profile=https://other.example/p", body=NAMELESS)
    assert told(unknown) == [("not-supported", "http.profile")]
    assert REFERRAL in unknown.text


def test_the_mode_says_what_would_be_done(server: Server):
    def mode(code: str, body: Json | None, path: str = "/fhir/Patient/7/$validate") -> Any:
        return told(server("POST", path, body=asking(body, mode={"valueCode": code})))

    assert mode("update", patient(id="7")) == []
    assert mode("update", patient(id="8")) == [("value", "Patient.id")]
    assert mode("update", patient()) == [("value", "Patient.id")]
    assert mode("profile", patient()) == [("required", "Parameters.parameter[0]")]
    assert mode("destroy", patient()) == [("value", "Parameters.parameter[0]")]
    assert mode("delete", None, "/fhir/Patient/$validate") == []
    audit = "/fhir/AuditEvent/$validate"
    assert ("not-supported", "Parameters.parameter[0]") in mode("create", patient(), audit)


def test_what_is_stored_is_validated_where_no_resource_is_sent(server: Server):
    key = server.create(NAMELESS | {"subject": {"display": "x"}})["id"]
    at = f"/fhir/ServiceRequest/{key}/$validate"
    missing = [("required", "ServiceRequest.identifier")]
    assert told(server("GET", at)) == []
    assert told(server("GET", f"{at}?profile={REFERRAL}")) == missing
    assert told(server("POST", at, body=asking(profile={"valueUri": REFERRAL}))) == missing
    assert told(server("POST", at, body=asking(mode={"valueCode": "delete"}))) == []
    # Whether a document is there is told to nobody who may not read it.
    assert server("GET", at, SOUTH).status_code == 404
    assert server("POST", at, SOUTH, body=asking(mode={"valueCode": "delete"})).status_code == 404


def test_types_that_are_not_served_are_validated_too(server: Server):
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": WRONG}]}
    answer = server("POST", "/fhir/Bundle/$validate", body=bundle)
    assert told(answer) == [("code-invalid", "Bundle.entry[0].resource.gender")]
    assert server("POST", "/fhir/Nonsense/$validate", body=patient()).status_code == 404


def test_what_names_our_profile_is_held_to_it_when_it_is_written(server: Server):
    named = {"meta": {"profile": [REFERRAL]}}
    refused = server("POST", "/fhir/ServiceRequest", body=NAMELESS | named)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["ServiceRequest.identifier"]
    created = server.create(NAMELESS | {"subject": {"display": "x"}})
    patch = [{"op": "add", "path": "/meta/profile", "value": [REFERRAL]}]
    patched = server(
        "PATCH",
        f"/fhir/ServiceRequest/{created['id']}",
        json=patch,
        headers={"content-type": "application/json-patch+json"},
    )
    assert patched.status_code == 422


def test_the_definitions_are_public_and_named_in_metadata(server: Server):
    statement = server("GET", "/fhir/metadata", None).json()
    assert statement["implementationGuide"] == [f"{OURS}/ImplementationGuide/social-prescribing"]
    types = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert types["ServiceRequest"]["supportedProfile"] == [REFERRAL]
    for supported in types["ServiceRequest"]["supportedProfile"]:
        found = server("GET", f"/fhir/StructureDefinition?url={supported}", None).json()
        assert (found["type"], found["total"]) == ("searchset", 1)
        (entry,) = found["entry"]
        read = server("GET", entry["fullUrl"].partition(".test")[2], None)
        assert read.json() == entry["resource"]
        for element in entry["resource"]["differential"]["element"]:
            if "binding" in element:
                at = f"/fhir/ValueSet?url={element['binding']['valueSet']}"
                assert server("GET", at, None).json()["total"] == 1
    assert server("GET", "/fhir/CodeSystem/need", None).json()["content"] == "fragment"
    assert server("GET", "/fhir/CodeSystem/nothing", None).status_code == 404
    for found in (
        "name=need&status=active",
        f"url={OURS}/ValueSet/need|1.0.0",
        "_id=need,x&_count=9",
    ):
        assert server("GET", f"/fhir/ValueSet?{found}", None).json()["total"] == 1
    assert server("GET", "/fhir/ValueSet?name=x&version=1.0.0", None).json()["total"] == 0
    assert server("GET", "/fhir/ValueSet?code=x", None).status_code == 400


def test_definitions_come_in_pages_where_that_is_asked_for(server: Server):
    every = server("GET", "/fhir/CodeSystem", None).json()
    assert every["total"] == len(every["entry"]) > 2
    seen: list[Json] = []
    at = "/fhir/CodeSystem?_count=2&status=active"
    while at:
        page = server("GET", at, None).json()
        assert (page["total"], len(page["entry"]) <= 2) == (every["total"], True)
        seen += page["entry"]
        following = [e["url"] for e in page["link"] if e["relation"] == "next"]
        at = following[0].partition(".test")[2] if following else ""
    assert seen == every["entry"]
    for none in ("_count=0", "_summary=count"):
        counted = server("GET", f"/fhir/CodeSystem?{none}", None).json()
        assert (counted["total"], "entry" in counted) == (every["total"], False)
    refused = server("GET", "/fhir/CodeSystem?_count=x", None)
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["http._count"]
