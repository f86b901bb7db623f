"""Requests that ask for nothing, are about nobody, or learn more later."""

from typing import Any

import pytest

from tests.referrals.house import House, a_bundle, a_person, replaced
from tests.referrals.test_hostile_identifiers import a_request, drafted
from tests.referrals.test_receiving import issues


@pytest.mark.parametrize(
    ("change", "element"),
    [({"doNotPerform": True}, "doNotPerform"), ({"intent": "option"}, "intent")],
)
def test_what_asks_for_nothing_starts_nothing_and_says_so(
    house: House, change: dict[str, Any], element: str
):
    bundle = a_bundle()
    bundle["entry"][4]["resource"] |= change
    (warning,) = issues(house.ehr.post("/fhir", bundle))
    assert "No referral was started" in warning["diagnostics"]
    assert warning["expression"] == [f"Bundle.entry[4].resource.{element}"]
    assert house.told() == []
    referral = house.refer(number=2)
    path = f"/fhir/ServiceRequest/{referral.request}"
    with house.unchanged():
        outcome = house.ehr.put(path, house.ehr.get(path) | change, status=409)
    assert outcome["issue"][0]["expression"] == [f"ServiceRequest.{element}"]


@pytest.mark.parametrize("intent", ["proposal", "plan", "directive", "order", "original-order"])
def test_plans_and_proposals_refer_as_orders_do(house: House, intent: str):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["intent"] = intent
    assert house.state(house.refer(bundle).triage) == "requested/new"


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "https://elsewhere.example/fhir/Patient/1"},
        {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}},
        {"reference": "#p"},
    ],
    ids=["absolute", "logical", "contained"],
)
def test_a_referral_about_nobody_here_is_placed_by_hand(house: House, subject: dict[str, Any]):
    bundle = a_bundle()
    request = bundle["entry"][4]["resource"]
    request["subject"] = subject
    if "#p" in subject.values():
        request["contained"] = [{"resourceType": "Patient", "id": "p"}]
    referral = house.refer(bundle)
    (warning,) = issues(referral.answer)
    assert warning["expression"] == ["Bundle.entry[4].resource.subject"]
    assert "nobody can see who it is about" in warning["diagnostics"]
    assert house.state(referral.triage) == "requested/unrouted"
    assert house.told() == ["referral.received", "referral.unrouted"]


def test_both_are_told_where_nobody_covers_it_either(house: House):
    bundle = a_bundle(person=a_person(1, "ZZK04"))
    bundle["entry"][4]["resource"]["subject"] = {"display": "Somebody"}
    told = [each["expression"][0] for each in issues(house.refer(bundle).answer)]
    assert told == ["Bundle.entry[4].resource.requester", "Bundle.entry[4].resource.subject"]


def test_the_patient_of_an_open_case_stays(house: House):
    request = a_request(house, "1")
    house.ehr.post("/fhir/ServiceRequest", request)
    patient = "/fhir/" + request["subject"]["reference"]
    with house.unchanged():
        house.ehr.call("DELETE", patient, status=409)
    (row,) = house.worker.get("/referrals/cases")
    house.worker.post(f"/referrals/cases/{row['case']}/return", {"reason": "wrong-area"})
    house.ehr.call("DELETE", patient)


def test_a_draft_whose_patient_was_deleted_is_about_nobody(house: House):
    request = a_request(house, "1")
    draft = drafted(house, request)
    house.ehr.call("DELETE", "/fhir/" + request["subject"]["reference"])
    house.ehr.patch(f"/fhir/ServiceRequest/{draft}", replaced("/status", "active"))
    assert house.told() == ["referral.received", "referral.unrouted"]


def test_what_a_request_refers_to_later_belongs_to_its_case(house: House):
    referral = house.refer()
    path = f"/fhir/ServiceRequest/{referral.request}"
    condition = house.ehr.post(
        "/fhir/Condition",
        {
            "resourceType": "Condition",
            "subject": {"reference": f"Patient/{referral.patient}"},
            "code": {"text": "Low mood"},
        },
    )
    reason = {"reference": f"Condition/{condition['id']}"}
    seen = f"/fhir/Condition/{condition['id']}"
    house.worker.get(seen, status=404)
    house.ehr.patch(path, {"op": "add", "path": "/reasonReference", "value": [reason]})
    assert house.worker.get(seen)["code"] == {"text": "Low mood"}
    house.by("link-worker-2").get(seen, status=404)
    found = house.row("select type, id from case_document where type = 'Condition'")
    assert found == ("Condition", condition["id"])
    house.ehr.patch(path, replaced("/reasonReference", [reason]))
    house.worker.get(seen)


def test_a_practice_inside_the_request_routes_it(house: House):
    bundle = a_bundle()
    practice = bundle["entry"][1]["resource"]
    request = bundle["entry"][4]["resource"]
    request["contained"] = [practice | {"id": "practice"}]
    request["requester"] = {"reference": "#practice"}
    del bundle["entry"][3]["resource"]["organization"], bundle["entry"][1]
    house.ehr.post("/fhir", bundle)
    assert house.worker.get("/referrals/cases")[0]["state"] == "new"


@pytest.mark.parametrize(
    "unknown",
    [
        {"modifierExtension": [{"url": "http://x.example/not", "valueBoolean": True}]},
        {"implicitRules": "http://x.example/rules"},
    ],
)
def test_what_changes_its_meaning_in_an_unknown_way_starts_nothing(
    house: House, unknown: dict[str, Any]
):
    bundle = a_bundle()
    bundle["entry"][4]["resource"] |= unknown
    answer = house.ehr.post("/fhir", bundle)
    (warning,) = answer["entry"][4]["response"]["outcome"]["issue"]
    assert "No referral was started" in warning["diagnostics"]
    assert warning["expression"] == [f"Bundle.entry[4].resource.{next(iter(unknown))}"]
    assert house.told() == []
