"""A reference by this server's own address is the same as `Type/id`, wherever one is looked for."""

from typing import Any

import pytest

from tests.referrals.house import URL, House, Json, a_bundle, a_person, replaced

BASE = f"{URL}/fhir"


def sent_apart(house: House, **changes: Any) -> tuple[Json, Json]:
    """A Patient and an active ServiceRequest about it, by absolute references."""
    bundle = a_bundle()
    patient = house.ehr.post("/fhir/Patient", bundle["entry"][0]["resource"])
    practice = house.ehr.post("/fhir/Organization", bundle["entry"][1]["resource"])
    request = bundle["entry"][4]["resource"] | {
        "subject": {"reference": f"{BASE}/Patient/{patient['id']}"},
        "requester": {"reference": f"{BASE}/Organization/{practice['id']}"},
    }
    return patient, house.ehr.post("/fhir/ServiceRequest", request | changes)


def test_it_opens_a_case_about_the_person_and_routes_it(house: House):
    patient, _ = sent_apart(house)
    (row,) = house.worker.get("/referrals/cases")
    assert row["state"] == "new"
    assert house.worker.get(f"/referrals/cases/{row['case']}")["patient"] == patient["id"]
    house.worker.put(f"/referrals/cases/{row['case']}/person/stops/died", {"stands": True})


def test_every_document_about_the_person_carries_their_key(house: House):
    patient, request = sent_apart(house)
    condition = {
        "resourceType": "Condition",
        "code": {"text": "Lonely"},
        "subject": {"reference": f"{BASE}/Patient/{patient['id']}/_history/1"},
    }
    made = house.ehr.post("/fhir/Condition", condition)
    appointment = {
        "resourceType": "Appointment",
        "status": "proposed",
        "participant": [
            {"actor": {"reference": f"{BASE}/Patient/{patient['id']}"}, "status": "needs-action"}
        ],
    }
    met = house.ehr.post("/fhir/Appointment", appointment)
    people = {
        house.scalar("select person from document where id = :id", id=each["id"])
        for each in (patient, request, made, met)
    }
    assert len(people) == 1
    assert None not in people


def test_it_is_kept_relative_also_by_a_patch(house: House):
    patient, request = sent_apart(house)
    assert request["subject"]["reference"] == f"Patient/{patient['id']}"
    patched = house.ehr.patch(
        f"/fhir/ServiceRequest/{request['id']}",
        replaced("/subject/reference", f"{BASE}/Patient/{patient['id']}"),
    )
    assert patched["subject"]["reference"] == f"Patient/{patient['id']}"


def test_what_is_about_another_patient_joins_no_case(house: House):
    other = house.ehr.post("/fhir/Patient", a_bundle(number=2)["entry"][0]["resource"])
    bundle = a_bundle()
    bundle["entry"].append(
        {
            "fullUrl": "urn:uuid:6f1b6c1c-4a55-4d1c-9a52-5a0d3a7f2c11",
            "resource": {
                "resourceType": "Condition",
                "code": {"text": "Not yours"},
                "subject": {"reference": f"{BASE}/Patient/{other['id']}"},
            },
            "request": {"method": "POST", "url": "Condition"},
        }
    )
    referral = house.refer(bundle)
    place = referral.answer["entry"][-1]["response"]["location"].split("/fhir/")[1]
    house.worker.get(f"/fhir/{place.split('/_history')[0]}", status=404)


def test_one_that_leads_nowhere_is_refused(house: House):
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": f"{BASE}/Patient/of-somebody-else"},
    }
    outcome = house.ehr.post("/fhir/Condition", condition, status=422)
    assert outcome["issue"][0]["expression"] == ["Condition.subject.reference"]


@pytest.mark.parametrize("worded", ["absolute", "display", "type"])
def test_a_revocation_may_word_the_subject_in_another_way(house: House, worded: str):
    referral = house.taken_on(person=a_person(1))
    path = f"/fhir/ServiceRequest/{referral.request}"
    request = house.ehr.get(path)
    subject = {
        "absolute": {"reference": f"{BASE}/Patient/{referral.patient}"},
        "display": request["subject"] | {"display": "N. T."},
        "type": request["subject"] | {"type": "Patient"},
    }[worded]
    house.ehr.put(path, request | {"status": "revoked", "subject": subject})
    assert house.state(referral.triage) == "failed/withdrawn"
