"""Where references lead once a transaction is done: by condition, by version, by address."""

from typing import Any

import pytest

from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import A, B, bundle, entry, everything, expressions, post
from tests.fhir.store.kit import BASE, NHS_NUMBER, patient, request, task

Json = dict[str, Any]

NUMBER = "9990000018"
NUMBERED = {"identifier": [{"system": NHS_NUMBER, "value": NUMBER}]}
BY_NUMBER = f"Patient?identifier={NHS_NUMBER}|{NUMBER}"
FOR = "Bundle.entry[0].resource.for.reference"


def about(reference: str) -> Json:
    return task(**{"for": {"reference": reference}})


def done(server: Server, *entries: Json) -> list[Json]:
    answer = server("POST", "/fhir", body=bundle(*entries))
    assert answer.status_code == 200, answer.text
    made: list[Json] = answer.json()["entry"]
    return made


@pytest.mark.parametrize(
    "condition",
    [
        BY_NUMBER,
        f"Patient?identifier={NUMBER}&gender=female",
        "Patient?family=syk",
        "Patient?birthdate=ge1950&name:contains=kes",
        "Patient?organization.name=mill",
        "Patient?_has:ServiceRequest:patient:intent=order",
    ],
)
def test_a_condition_finds_what_its_own_transaction_makes(server: Server, condition: str):
    """R4 http.html, trules: conditional references are resolved last."""
    someone = patient("Sykes", gender="female", birthDate="1950-05-05", **NUMBERED)
    practice = {"resourceType": "Organization", "name": "Mill Practice"}
    made = done(
        server,
        post(about(condition)),
        post(someone | {"managingOrganization": {"reference": B}}, A),
        post(request(A)),
        post(practice, B),
        post(patient("Ackroyd")),
    )
    person = made[1]["resource"]["id"]
    assert made[0]["resource"]["for"]["reference"] == f"Patient/{person}"
    assert server("GET", f"/fhir/Task?patient=Patient/{person}").json()["total"] == 1
    assert len(everything(server)) == 5


def test_a_condition_counts_what_is_there_and_what_is_made(server: Server):
    stored = server.create(patient("Sykes", **NUMBERED))
    before = len(everything(server))
    several = server(
        "POST", "/fhir", body=bundle(post(about(BY_NUMBER)), post(patient(**NUMBERED)))
    )
    assert (several.status_code, expressions(several)) == (412, [FOR])
    none = server("POST", "/fhir", body=bundle(post(about("Patient?family=no")), post(patient())))
    assert (none.status_code, expressions(none)) == (412, [FOR])
    assert len(everything(server)) == before
    replaced = done(
        server,
        post(about(BY_NUMBER)),
        post(patient("Barker", **NUMBERED)),
        entry("DELETE", f"Patient/{stored['id']}"),
    )
    made = replaced[1]["resource"]["id"]
    assert replaced[0]["resource"]["for"]["reference"] == f"Patient/{made}"


def test_a_condition_finds_what_its_own_transaction_changes(server: Server):
    stored = server.create(patient("Sykes"))
    path = f"Patient/{stored['id']}"
    changed = done(
        server, post(about(BY_NUMBER)), entry("PUT", path, patient(id=stored["id"], **NUMBERED))
    )
    assert changed[0]["resource"]["for"]["reference"] == path
    assert changed[1]["response"]["etag"] == 'W/"2"'
    later = server("POST", "/fhir", body=bundle(post(about("Patient?family=sykes"))))
    assert later.json()["entry"][0]["resource"]["for"]["reference"] == path


def test_what_the_condition_may_not_see_it_does_not_find(server: Server):
    scope = {"x-scope": "system/Task.cruds system/Patient.c"}
    sent = bundle(post(about(BY_NUMBER)), post(patient(**NUMBERED)))
    assert server("POST", "/fhir", body=sent, headers=scope).status_code == 403
    assert everything(server) == []


@pytest.mark.parametrize("version", ["2", "99", "0", "01", "x", "999999999"])
def test_a_version_that_never_was_is_no_reference(server: Server, version: str):
    path = f"Patient/{server.create(patient())['id']}"
    refused = server("POST", "/fhir/Task", body=about(f"{path}/_history/{version}"))
    assert (refused.status_code, expressions(refused)) == (422, ["Task.for.reference"])
    assert server("GET", "/fhir/Task").json()["total"] == 0


def test_a_version_that_is_or_was_stays_in_its_reference(server: Server):
    stored = server.create(patient())
    path = f"Patient/{stored['id']}"
    server("PUT", f"/fhir/{path}", body=stored | {"gender": "male"})
    for version in (1, 2):
        reference = f"{path}/_history/{version}"
        kept = server.create(about(reference))
        assert kept["for"]["reference"] == reference
        again = server("PUT", f"/fhir/Task/{kept['id']}", body=kept | {"priority": "urgent"})
        assert again.status_code == 200
    ahead = bundle(
        post(about(f"{path}/_history/3")), entry("PUT", path, stored | {"gender": "other"})
    )
    assert server("POST", "/fhir", body=ahead).status_code == 200
    elsewhere = "https://ehr.test/r4/Patient/p"
    new = done(server, post(about(f"{elsewhere}/_history/1")), post(patient(), elsewhere))
    made = new[1]["resource"]["id"]
    assert new[0]["resource"]["for"]["reference"] == f"Patient/{made}/_history/1"
    sent = bundle(post(about(f"{elsewhere}/_history/2")), post(patient(), elsewhere))
    never = server("POST", "/fhir", body=sent)
    assert (never.status_code, expressions(never)) == (422, [FOR])
    server("DELETE", f"/fhir/{path}")
    assert server("POST", "/fhir/Task", body=about(f"{path}/_history/1")).status_code == 422


def test_addresses_of_entries_are_rewritten_by_their_type(server: Server):
    """R4 http.html, trules: elements of type uri, url, oid and uuid, and never canonical."""
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": A},
        "instantiatesUri": [A, "https://elsewhere.example"],
        "instantiatesCanonical": [A],
        "extension": [
            {"url": "http://x.test/u", "valueUri": A},
            {"url": "http://x.test/c", "valueCanonical": A},
            {"url": "http://x.test/s", "valueString": A},
        ],
        "_status": {"extension": [{"url": "http://x.test/l", "valueUrl": A}]},
        "contained": [
            {
                "resourceType": "DocumentReference",
                "id": "d",
                "status": "current",
                "content": [{"attachment": {"url": A}}],
            }
        ],
        "supportingInfo": [{"reference": "#d"}],
    }
    made = done(server, post(plan), post(patient(), A))
    here = f"Patient/{made[1]['resource']['id']}"
    stored = made[0]["resource"]
    assert stored["instantiatesUri"] == [here, "https://elsewhere.example"]
    assert stored["instantiatesCanonical"] == [A]
    values = [{k: v for k, v in e.items() if k != "url"} for e in stored["extension"]]
    assert values == [{"valueUri": here}, {"valueCanonical": A}, {"valueString": A}]
    assert stored["_status"]["extension"][0]["valueUrl"] == here
    assert stored["contained"][0]["content"][0]["attachment"]["url"] == here


def test_a_part_of_a_resource_does_not_replace_the_whole(server: Server):
    """R4 search.html, elements: SUBSETTED warns whoever would send it back."""
    stored = server.create(patient(gender="female"))
    path = f"Patient/{stored['id']}"
    part = server("GET", f"/fhir/{path}?_elements=gender").json()
    alone = server("PUT", f"/fhir/{path}", body=part)
    assert (alone.status_code, expressions(alone)) == (422, ["Patient.meta.tag[0]"])
    within = server("POST", "/fhir", body=bundle(entry("PUT", path, part)))
    assert expressions(within) == ["Bundle.entry[0].resource.meta.tag[0]"]
    created = server("POST", "/fhir/Patient", body={k: v for k, v in part.items() if k != "id"})
    assert (created.status_code, expressions(created)) == (422, ["Patient.meta.tag[0]"])
    tagging = [{"op": "add", "path": "/meta/tag", "value": part["meta"]["tag"]}]
    patched = server(
        "PATCH",
        f"/fhir/{path}",
        json=tagging,
        headers={"content-type": "application/json-patch+json"},
    )
    assert (patched.status_code, expressions(patched)) == (422, ["Patient.meta.tag[0]"])
    assert server("GET", f"/fhir/{path}").json() == stored


def test_an_address_of_this_server_may_be_the_name_of_an_entry(server: Server):
    """What has no base of its own is relative to this server (R4 bundle.html, references)."""
    named = post(patient("Sykes"), f"{BASE}/Patient/not-yet")
    by_urn, bare = post(about("Patient/not-yet"), A), post(about("Patient/not-yet"))
    whole = post(about(f"{BASE}/Patient/not-yet"))
    made = done(server, named, by_urn, bare, whole)
    person = {"reference": f"Patient/{made[0]['resource']['id']}"}
    assert [each["resource"]["for"] for each in made[1:]] == [person] * 3
