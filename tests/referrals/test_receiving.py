"""No silent 201: what nobody covers is on a staffed list, and its sender is told (care 1, 11)."""

from typing import Any

import pytest

from tests.referrals.house import House, Json, a_bundle, a_person, replaced


def issues(answer: Json) -> list[Json]:
    """The remarks on the ServiceRequest's entry, the only one that has any."""
    told = [each["response"].get("outcome") for each in answer["entry"]]
    assert not any(told[:-1])
    return told[-1]["issue"] if told[-1] else []


def test_a_referral_that_is_covered_is_answered_without_remarks(house: House):
    referral = house.refer()
    assert issues(referral.answer) == []
    assert house.state(referral.triage) == "requested/new"


def without_requester() -> Json:
    bundle = a_bundle()
    del bundle["entry"][-1]["resource"]["requester"]
    del bundle["entry"][1:4]
    return bundle


def unknown_practice() -> Json:
    bundle = a_bundle()
    bundle["entry"][1]["resource"]["identifier"][0]["value"] = "ZZZ99"
    bundle["entry"][1]["request"].pop("ifNoneExist")
    return bundle


@pytest.mark.parametrize(
    ("bundle", "by", "element", "words", "hub"),
    [
        (a_bundle("1", code="183452005"), "ehr", "code", "not one that starts", "bradford"),
        (unknown_practice(), "ehr", "requester", "is not registered here", "bradford"),
        (without_requester(), "ehr", "requester", "send an Organization", "bradford"),
        (a_bundle("2"), "ehr-2", "requester", "not one for which this client", "bradford"),
        (
            a_bundle("3", person=a_person(1, "ZZK04")),
            "ehr",
            "requester",
            "No link-worker service covers",
            "calderdale",
        ),
    ],
    ids=["unknown-code", "unknown-practice", "no-requester", "not-your-practice", "not-covered"],
)
def test_what_nobody_covers_is_on_the_hubs_list_and_its_sender_knows(
    house: House, bundle: Json, by: str, element: str, words: str, hub: str
):
    referral = house.refer(bundle, by=by)
    (warning,) = issues(referral.answer)
    assert warning["severity"] == "warning"
    place = len(bundle["entry"]) - 1
    assert warning["expression"] == [f"Bundle.entry[{place}].resource.{element}"]
    assert "list of referrals to place by hand" in warning["diagnostics"]
    assert words in warning["diagnostics"]
    assert f"Do not send it again. To ask about it: {hub.title()}" in warning["diagnostics"]
    assert house.state(referral.triage) == "requested/unrouted"
    assert house.told() == ["referral.received", "referral.unrouted"]
    coordinator = {"bradford": "coordinator", "calderdale": "coordinator-2"}[hub]
    (row,) = house.by(coordinator).get("/referrals/cases", params={"unrouted": True})
    assert row["case"] == referral.case


@pytest.mark.parametrize("priority", ["asap", "stat"])
def test_kersey_says_at_once_that_it_is_no_emergency_route(house: House, priority: str):
    referral = house.refer(priority=priority)
    (warning,) = issues(referral.answer)
    assert "999" in warning["diagnostics"]
    assert "111" in warning["diagnostics"]
    assert warning["expression"] == ["Bundle.entry[4].resource.priority"]
    assert house.told() == ["referral.received", "referral.urgent"]
    calm = house.refer(number=2)
    rows = house.worker.get("/referrals/cases")
    assert [row["case"] for row in rows] == [referral.case, calm.case], "urgent first"
    assert [row["urgent"] for row in rows] == [True, False]


def test_urgent_alone_is_no_alarm(house: House):
    assert issues(house.refer(priority="urgent").answer) == []
    assert house.told() == ["referral.received"]


def test_both_remarks_come_together(house: House):
    referral = house.refer(priority="stat", code="183452005")
    assert len(issues(referral.answer)) == 2
    assert house.told() == ["referral.received", "referral.unrouted", "referral.urgent"]


def single(house: House, **changes: Any) -> Json:
    """A ServiceRequest alone, about what was sent before as plain documents."""
    patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])
    practice = house.ehr.post("/fhir/Organization", a_bundle()["entry"][1]["resource"])
    request = a_bundle()["entry"][4]["resource"] | {
        "subject": {"reference": f"Patient/{patient['id']}"},
        "requester": {"reference": f"Organization/{practice['id']}"},
    }
    result: Json = request | changes
    return result


def test_a_request_alone_finds_what_was_sent_before(house: House):
    answer = house.ehr.send("POST", "/fhir/ServiceRequest", json=single(house))
    assert answer.status_code == 201
    (row,) = house.worker.get("/referrals/cases")
    assert house.worker.get(f"/fhir/ServiceRequest/{answer.json()['id']}")
    patient = answer.json()["subject"]["reference"]
    assert house.worker.get(f"/fhir/{patient}"), "what it refers to came with it"
    assert row["state"] == "new"


def test_the_practice_may_be_named_by_its_ods_code_alone(house: House):
    code = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "ZZK01"}
    request = single(house, requester={"identifier": code})
    house.ehr.post("/fhir/ServiceRequest", request)
    assert house.worker.get("/referrals/cases")[0]["state"] == "new"


def test_a_request_alone_is_answered_with_the_remark(house: House):
    request = single(house, requester={"display": "Somebody"}, priority="asap")
    answer = house.ehr.send("POST", "/fhir/ServiceRequest", json=request)
    assert answer.status_code == 201
    assert answer.headers["location"]
    prefer = {"Prefer": "return=OperationOutcome"}
    request = request | {"identifier": [{"system": "urn:s", "value": "2"}]}
    told = house.ehr.post("/fhir/ServiceRequest", request, headers=prefer)
    expressions = [each["expression"] for each in told["issue"]]
    assert expressions == [["ServiceRequest.requester"], ["ServiceRequest.priority"]]


def test_a_batch_tells_each_entry_its_own(house: House):
    request = single(house, priority="stat")
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"resource": request, "request": {"method": "POST", "url": "ServiceRequest"}},
            {
                "resource": {"resourceType": "Patient", "gender": "wrong"},
                "request": {"method": "POST", "url": "Patient"},
            },
        ],
    }
    good, bad = house.ehr.post("/fhir", bundle)["entry"]
    assert good["response"]["status"].startswith("201")
    assert "999" in good["response"]["outcome"]["issue"][0]["diagnostics"]
    assert bad["response"]["status"].startswith("422")


@pytest.mark.parametrize("status", ["draft", "on-hold", "unknown"])
def test_what_is_not_active_starts_nothing_until_it_is(house: House, status: str):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["status"] = status
    answer = house.ehr.post("/fhir", bundle)
    (warning,) = issues(answer)
    assert "No referral was started" in warning["diagnostics"]
    assert warning["expression"] == ["Bundle.entry[4].resource.status"]
    assert house.told() == []
    path = "/fhir/" + answer["entry"][4]["response"]["location"].split("/fhir/")[1].split("/_")[0]
    house.ehr.put(path, house.ehr.get(path) | {"patientInstruction": "Soon"})
    assert house.told() == []
    house.ehr.put(path, house.ehr.get(path) | {"status": "active"})
    assert house.told() == ["referral.received"]
    (row,) = house.worker.get("/referrals/cases")
    house.worker.post(f"/referrals/cases/{row['case']}/accept")


@pytest.mark.parametrize(("element", "value"), [("status", "draft"), ("doNotPerform", True)])
def test_what_starts_nothing_is_no_emergency_route_either(house: House, element: str, value: Any):
    bundle = a_bundle(priority="stat")
    bundle["entry"][4]["resource"][element] = value
    nothing, warning = issues(house.ehr.post("/fhir", bundle))
    assert "No referral was started" in nothing["diagnostics"]
    assert "999" in warning["diagnostics"]
    assert "Nobody was alerted" in warning["diagnostics"]
    assert warning["expression"] == ["Bundle.entry[4].resource.priority"]


def test_a_patch_makes_a_draft_active_too(house: House):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["status"] = "draft"
    answer = house.ehr.post("/fhir", bundle)
    path = "/fhir/" + answer["entry"][4]["response"]["location"].split("/fhir/")[1].split("/_")[0]
    house.ehr.patch(path, replaced("/status", "active"))
    assert house.told() == ["referral.received"]


def test_a_general_fhir_client_starts_nothing(house: House):
    answer = house.by("fhir-client").post("/fhir", a_bundle())
    assert issues(answer) == []
    assert house.told() == []
    assert house.scalar("select count(*) from referral_case") == 0


def test_a_general_fhir_client_keeps_groups(house: House):
    client = house.by("fhir-client")
    patient = {"resourceType": "Patient", "name": [{"family": "Walker"}]}
    person = client.post("/fhir/Patient", patient)
    group = {
        "resourceType": "Group",
        "type": "person",
        "actual": True,
        "characteristic": [
            {"code": {"text": "walks"}, "valueBoolean": True, "exclude": False},
        ],
        "member": [{"entity": {"reference": f"Patient/{person['id']}"}}],
    }
    stored = client.post("/fhir/Group", group)
    for query in (f"member={person['id']}", "value=true", "member.name=walker", "type=person"):
        found = client.get(f"/fhir/Group?{query}")
        assert [each["resource"] for each in found["entry"]] == [stored], query
    around = client.get(f"/fhir/Patient/{person['id']}/Group")
    assert around["total"] == 1
    nobody = group | {"member": [{"entity": {"reference": "Patient/nobody"}}]}
    outcome = client.post("/fhir/Group", nobody, status=422)
    assert outcome["issue"][0]["expression"] == ["Group.member[0].entity.reference"]
    client.call("DELETE", f"/fhir/Group/{stored['id']}", status=204)
    client.get(f"/fhir/Group/{stored['id']}", status=410)


def test_nothing_of_a_bundle_with_a_bad_entry_is_stored(house: House):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["status"] = "actve"
    with house.unchanged():
        outcome = house.ehr.post("/fhir", bundle, status=422)
        assert outcome["issue"][0]["expression"] == ["Bundle.entry[4].resource.status"]
        bundle = a_bundle()
        bundle["entry"][4]["resource"]["subject"]["reference"] = "urn:uuid:none"
        outcome = house.ehr.post("/fhir", bundle, status=400)
        assert "subject.reference" in outcome["issue"][0]["expression"][0]
        bundle = a_bundle()
        bundle["entry"][0]["resource"]["identifier"][0]["value"] = "9990000000"
        outcome = house.ehr.post("/fhir", bundle, status=422)
        assert "identifier[0]" in outcome["issue"][0]["expression"][0]


def test_where_no_hub_is_declared_nothing_is_taken(house: House):
    house.execute("update practice set team = null")
    for table in ("practice", "link_worker_service", "place_hub"):
        house.execute(f"delete from {table}")
    with house.unchanged():
        outcome = house.ehr.post("/fhir", a_bundle(), status=503)
    assert "no place hub" in outcome["issue"][0]["diagnostics"]


def test_one_bundle_may_hold_two_referrals(house: House):
    first, second = a_bundle("A"), a_bundle("B", number=2)
    practice = first["entry"][1]["fullUrl"]
    second["entry"][3]["resource"]["organization"]["reference"] = practice
    del second["entry"][1]
    bundle = first | {"entry": first["entry"] + second["entry"]}
    house.ehr.post("/fhir", bundle)
    assert house.told() == ["referral.received", "referral.received"]
    assert len(house.worker.get("/referrals/cases")) == 2


def test_two_people_in_one_bundle_are_two_records(house: House):
    bradford, calderdale = a_bundle("A"), a_bundle("B", number=2, practice="ZZK03")
    both = bradford | {"entry": bradford["entry"] + calderdale["entry"]}
    answer = house.ehr.post("/fhir", both)
    sent = [each["response"]["location"].split("/_history")[0] for each in answer["entry"]]
    records = [at[at.index("/fhir/") :] for at in sent if "/Patient/" in at or "/Service" in at]
    one, two = house.worker, house.by("link-worker-2")
    for record, own, other in zip(records, (one, one, two, two), (two, two, one, one), strict=True):
        own.get(record)
        other.get(record, status=404)


def test_a_document_about_another_patient_joins_no_case(house: House):
    patient = a_bundle("A", number=2)["entry"][0]["resource"]
    other = house.ehr.post("/fhir/Patient", patient)["id"]
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": f"Patient/{other}"},
        "code": {"text": "lonely"},
    }
    told = house.ehr.post("/fhir/Condition", condition)["id"]
    bundle = a_bundle("B")
    bundle["entry"][-1]["resource"]["supportingInfo"] = [{"reference": f"Condition/{told}"}]
    house.ehr.post("/fhir", bundle)
    for record in (f"/fhir/Condition/{told}", f"/fhir/Patient/{other}"):
        house.worker.get(record, status=404)


def test_a_sender_without_practices_is_placed_by_the_first_hub(house: House):
    stranger = house.by("ehr", organisation="00000000-0000-4000-8000-000000000009")
    stranger.post("/fhir", unknown_practice())
    assert house.scalar("select hub from referral_case") == "bradford"
    assert house.told() == ["referral.received", "referral.unrouted"]


def test_a_link_workers_own_referral_about_nobody_goes_to_its_hub(house: House):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["subject"] = {"display": "Somebody at the library"}
    house.by("link-worker", scopes=("system/*.cruds",)).post("/fhir", bundle)
    (row,) = house.by("coordinator").get("/referrals/cases", params={"unrouted": True})
    assert row["unrouted"] is True


def test_a_requesters_other_identifier_does_not_hide_its_practice(house: House):
    request = single(house)
    request["requester"]["identifier"] = {"system": "urn:tests", "value": "x"}
    house.ehr.post("/fhir/ServiceRequest", request)
    assert house.worker.get("/referrals/cases")[0]["state"] == "new"
