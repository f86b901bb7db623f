"""Security labels and restricted people: who does not read a document finds no trace of it."""

import pytest

from services.referrals.subject.restricting import restrict
from tests.referrals.house import House, Json, Referral, a_bundle, replaced

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def labelled(code: str) -> Json:
    return {"security": [{"system": CONFIDENTIALITY, "code": code}]}


def with_condition(meta: Json | None = None, practice: str = "ZZK01", **marks: Json) -> Json:
    """A referral that brings a Condition; ``marks`` are the labels of other resources."""
    bundle = a_bundle(practice=practice)
    urls = {each["resource"]["resourceType"]: each["fullUrl"] for each in bundle["entry"]}
    for each in bundle["entry"]:
        if each["resource"]["resourceType"] in marks:
            each["resource"]["meta"] = marks[each["resource"]["resourceType"]]
    condition = {
        "resourceType": "Condition",
        "code": {"text": "Something private"},
        "subject": {"reference": urls["Patient"]},
    } | ({"meta": meta} if meta else {})
    at = "urn:uuid:00000000-0000-4000-8000-00000000c0de"
    request = {"method": "POST", "url": "Condition"}
    bundle["entry"].append({"fullUrl": at, "resource": condition, "request": request})
    for each in bundle["entry"]:
        if each["resource"]["resourceType"] == "ServiceRequest":
            each["resource"]["reasonReference"] = [{"reference": at}]
    return bundle


def condition_of(referral: Referral) -> str:
    (location,) = [
        each["response"]["location"]
        for each in referral.answer["entry"]
        if "/Condition/" in each["response"]["location"]
    ]
    return f"Condition/{location.split('/')[-3]}"


def traces(house: House, by: str, referral: Referral) -> set[str]:
    """The ways by which a reader finds a referral's Condition."""
    reader, found = house.by(by), set()
    condition, patient = condition_of(referral), f"Patient/{referral.patient}"
    for way, path in {
        "read": f"/fhir/{condition}",
        "vread": f"/fhir/{condition}/_history/1",
        "history": f"/fhir/{condition}/_history",
    }.items():
        if reader.send("GET", path).status_code == 200:
            found.add(way)
    for way, path in {
        "search": f"/fhir/Condition?_id={condition[10:]}",
        "label": "/fhir/Condition?_security=R,V",
        "type-history": "/fhir/Condition/_history",
        "include": f"/fhir/Patient?_id={referral.patient}&_revinclude=Condition:patient",
        "everything": f"/fhir/{patient}/$everything",
        "compartment": f"/fhir/{patient}/Condition",
        "provenance": f"/fhir/Provenance?target={condition}",
    }.items():
        answer = reader.send("GET", path)
        shown = answer.json().get("entry", []) if answer.status_code == 200 else []
        keys = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in shown}
        about = condition.replace("/", ".") + ".1"
        if {condition, f"Provenance/{about}"} & keys:
            found.add(way)
    for way, path in {
        "total": "/fhir/Condition?_total=accurate&_count=0",
        "has": "/fhir/Patient?_has:Condition:patient:code:text=private",
    }.items():
        answer = reader.send("GET", path)
        if answer.status_code == 200 and answer.json().get("total"):
            found.add(way)
    return found


@pytest.mark.parametrize(("code", "team"), [(None, True), ("N", True), ("R", True), ("V", False)])
def test_a_label_says_who_reads_what_came_with_a_referral(
    house: House, code: str | None, team: bool
):
    referral = house.refer(with_condition(labelled(code) if code else None))
    assert {"read", "search", "include", "everything"} <= traces(house, "ehr", referral)
    seen = traces(house, "link-worker", referral)
    assert {"read", "vread", "history", "search", "include", "total"} <= seen if team else not seen
    assert not traces(house, "provider", referral)
    house.worker.get(f"/fhir/ServiceRequest/{referral.request}")


def test_what_is_restricted_is_for_the_team_and_not_for_the_hub_before(house: House):
    open_to_all = house.refer(with_condition(practice="ZZK04"))
    assert "read" in traces(house, "coordinator-2", open_to_all), "nobody covers it: the hub reads"
    restricted = house.refer(with_condition(labelled("R"), practice="ZZK04"))
    assert not traces(house, "coordinator-2", restricted) - {"total", "has"}, "of the other alone"
    hub = house.by("coordinator-2")
    team = house.by("link-worker-2").who.organisation
    hub.post(f"{restricted.at}/route", {"team": team})
    assert "read" in traces(house, "link-worker-2", restricted)


def test_a_request_that_is_very_restricted_can_still_be_acted_upon(house: House):
    very = labelled("V")
    referral = house.refer(with_condition(ServiceRequest=very, Patient=very))
    house.worker.get(f"/fhir/ServiceRequest/{referral.request}")
    house.worker.get(f"/fhir/Patient/{referral.patient}")
    house.worker.post(f"{referral.at}/accept")


def test_a_label_that_comes_later_counts_from_then_on(house: House):
    referral = house.refer(with_condition())
    condition = condition_of(referral)
    assert "read" in traces(house, "link-worker", referral)
    sent = house.ehr.get(f"/fhir/{condition}")
    house.ehr.put(f"/fhir/{condition}", sent | {"meta": labelled("V")})
    assert not traces(house, "link-worker", referral)
    house.ehr.patch(f"/fhir/{condition}", {"op": "remove", "path": "/meta/security"})
    assert "read" in traces(house, "link-worker", referral)
    assert "history" in traces(house, "link-worker", referral)
    house.worker.get(f"/fhir/{condition}/_history/2", status=404)
    house.ehr.patch(f"/fhir/{condition}", replaced("/code/text", "Something else"))
    assert "read" in traces(house, "link-worker", referral)


def test_what_was_sent_about_a_restricted_person_is_not_for_the_hub(house: House):
    referral = house.refer(with_condition(practice="ZZK04"))
    person = house.scalar("select person from patient_link where patient = :p", p=referral.patient)
    assert "read" in traces(house, "coordinator-2", referral)
    restrict(house.desk, person, by="tester")
    assert not traces(house, "coordinator-2", referral)
    house.by("coordinator-2").get(f"/fhir/Patient/{referral.patient}", status=404)
    restrict(house.desk, person, by="tester", restricted=False)
    assert "read" in traces(house, "coordinator-2", referral)
