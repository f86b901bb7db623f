"""A Group names people: each of them keeps their rights, and nobody learns of the others."""

from services.referrals.subject.erasing import erase
from services.referrals.subject.exporting import copy_of
from tests.referrals.house import House, Json, a_bundle, replaced


def a_group(*patients: str, **more: object) -> Json:
    members = [
        {"entity": {"reference": f"Patient/{each}", "display": f"Known as {each[:8]}"}}
        for each in patients
    ]
    return {"resourceType": "Group", "type": "person", "actual": True, "member": members} | more


def test_a_group_is_kept_and_found_by_its_members(house: House):
    mine, other = house.refer(), house.refer(number=2)
    made = house.ehr.post("/fhir/Group", a_group(mine.patient, other.patient, name="Tea at three"))
    for query in (
        f"member=Patient/{mine.patient}",
        f"member:Patient={other.patient}",
        "type=person&actual=true",
        f"member:Patient._id={mine.patient}",
    ):
        found = house.ehr.get(f"/fhir/Group?{query}")
        assert [each["resource"]["id"] for each in found["entry"]] == [made["id"]], query
    along = house.ehr.get("/fhir/Group?_include=Group:member")["entry"]
    assert len(along) == 3
    inside = house.ehr.get(f"/fhir/Patient/{mine.patient}/Group")["entry"]
    assert [each["resource"]["id"] for each in inside] == [made["id"]]
    house.by("ehr-2").get(f"/fhir/Group/{made['id']}", status=404)
    house.worker.get(f"/fhir/Group/{made['id']}", status=404)


def test_nobody_is_put_into_a_group_by_whoever_may_not_see_them(house: House):
    hidden = house.refer()
    with house.unchanged():
        told = house.by("ehr-2").post("/fhir/Group", a_group(hidden.patient), status=422)
    assert told["issue"][0]["expression"] == ["Group.member[0].entity.reference"]


def test_a_group_goes_with_a_referral_only_where_nobody_else_is_in_it(house: House):
    other = house.refer(number=2)
    for group, seen in ((a_group(), 1), (a_group(other.patient), 0)):
        bundle = a_bundle(number=3)
        group["member"].append({"entity": {"reference": bundle["entry"][0]["fullUrl"]}})
        url = f"urn:uuid:00000000-0000-4000-8000-00000000000{seen}"
        request = {"method": "POST", "url": "Group"}
        bundle["entry"].append({"fullUrl": url, "resource": group, "request": request})
        answer = house.ehr.post("/fhir", bundle)
        (made,) = [
            each["response"]["location"].split("/")[-3]
            for each in answer["entry"]
            if "/Group/" in each["response"]["location"]
        ]
        found = house.worker.get(f"/fhir/Group?_id={made}").get("entry", [])
        assert len(found) == seen


def test_who_reads_a_group_saw_each_member(house: House):
    mine, other = house.refer(), house.refer(number=2)
    made = house.ehr.post("/fhir/Group", a_group(mine.patient, other.patient))
    house.ehr.get(f"/fhir/Group/{made['id']}")
    house.ehr.get("/fhir/Group?type=person")
    for patient in (mine.patient, other.patient):
        found = house.ehr.get(f"/fhir/AuditEvent?entity=Patient/{patient}&action=R,E")["entry"]
        kinds = sorted(each["resource"]["subtype"][0]["code"] for each in found)
        assert kinds == ["read", "search-type"]


def test_a_copy_holds_the_persons_own_membership_and_an_erasure_ends_it(house: House):
    mine, other = house.refer(), house.refer(number=2)
    at = f"/fhir/Group/{house.ehr.post('/fhir/Group', a_group(mine.patient, other.patient))['id']}"
    house.ehr.patch(at, replaced("/actual", True), {"op": "add", "path": "/name", "value": "Tea"})
    only = house.ehr.post("/fhir/Group", a_group(mine.patient))
    gone = house.ehr.post("/fhir/Group", a_group(mine.patient))
    house.ehr.call("DELETE", f"/fhir/Group/{gone['id']}")
    left = house.ehr.post("/fhir/Group", a_group(mine.patient, other.patient))
    house.ehr.put(f"/fhir/Group/{left['id']}", a_group(other.patient) | {"id": left["id"]})
    person = house.scalar("select person from patient_link where patient = :p", p=mine.patient)

    house.ehr.get(f"/fhir/Patient/{mine.patient}")
    house.ehr.get("/fhir/AuditEvent")  # by then looks are written
    copy = copy_of(house.desk, person, by="tester")
    assert {row["record"] for row in copy.rows["access_entry"]} == {f"Patient/{mine.patient}"}
    groups = {key: each for key, each in copy.documents.items() if key.startswith("Group/")}
    assert set(groups) == {at[6:], f"Group/{only['id']}"}
    for each in groups.values():
        assert [m["entity"]["reference"] for m in each["member"]] == [f"Patient/{mine.patient}"]

    done = erase(house.desk, person, by="tester", reason="person-asked", even_if_open=True)
    assert [each.rows for each in done.effects if each.record == "memberships of Groups"] == [4]
    bodies = "select body from document_version where type = 'Group' and body is not null"
    kept = house.scalar("select count(*) from access_entry where person = :p", p=person)
    assert kept > 0, "who saw it is still told, by ids"
    assert "access_entry" in {each.record for each in done.effects if not each.gone}
    texts = [body for (body,) in house.rows(f"{bodies} union all select body from document")]
    assert not any(mine.patient in body for body in texts)
    now = house.ehr.get(at)
    assert [each["entity"]["reference"] for each in now["member"]] == [f"Patient/{other.patient}"]
    assert now["name"] == "Tea"
    assert "member" not in house.ehr.get(f"/fhir/Group/{only['id']}")
    assert not house.ehr.get(f"/fhir/Group?member=Patient/{mine.patient}").get("entry")
