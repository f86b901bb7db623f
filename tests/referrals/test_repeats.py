"""A referral that is sent again starts nothing; other content under its number is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from tests.referrals.house import House, Json, a_bundle, a_person


def ids(answer: Json) -> list[str]:
    """Type and id of every entry, whatever the version."""
    located = [each["response"]["location"] for each in answer["entry"]]
    return [each.split("/fhir/")[1].partition("/_history")[0] for each in located]


def statuses(answer: Json) -> set[str]:
    return {each["response"]["status"].split()[0] for each in answer["entry"]}


def counts(house: House) -> list[int]:
    tables = ("referral_case", "case_task", "document", "outbox", "person", "submission")
    return [house.scalar(f"select count(*) from {table}") for table in tables]


def test_the_same_bundle_again_is_answered_with_the_first_ids(house: House):
    bundle = a_bundle("R-1")
    first = house.ehr.post("/fhir", bundle)
    assert "201" in statuses(first)
    before = counts(house)
    with house.unchanged():
        again = house.ehr.post("/fhir", deepcopy(bundle))
    assert ids(again) == ids(first)
    assert statuses(again) == {"200"}
    assert counts(house) == before


def test_a_senders_software_may_make_up_new_uuids_for_a_repeat(house: House):
    first = house.ehr.post("/fhir", a_bundle("R-1"))
    text = json.dumps(a_bundle("R-1"))
    for entry in a_bundle("R-1")["entry"]:
        text = text.replace(entry["fullUrl"], f"urn:uuid:{uuid4()}")
    bundle = json.loads(text)
    with house.unchanged():
        again = house.ehr.post("/fhir", bundle)
    assert ids(again) == ids(first)


def test_a_repeat_after_the_case_moved_on_still_finds_it(house: House):
    bundle = a_bundle("R-1")
    referral = house.refer(bundle)
    house.worker.post(f"{referral.at}/accept")
    house.withdraw(referral)
    with house.unchanged():
        again = house.ehr.post("/fhir", bundle)
    assert f"ServiceRequest/{referral.request}" in ids(again)


@pytest.mark.parametrize("parallel", [20])
def test_twenty_at_once_start_one_case(house: House, parallel: int):
    bundle = a_bundle("R-1")
    with ThreadPoolExecutor(parallel) as pool:
        answers = list(pool.map(lambda _: house.ehr.post("/fhir", bundle), range(parallel)))
    assert len({tuple(ids(answer)) for answer in answers}) == 1
    assert sum("201" in statuses(answer) for answer in answers) == 1
    assert counts(house)[:2] == [1, 1]
    assert house.told() == ["referral.received"]


def changed(bundle: Json, path: tuple[Any, ...], value: Any) -> Json:
    """A copy with one element changed."""
    copy: Any = deepcopy(bundle)
    holder = copy["entry"]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    result: Json = copy
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((4, "resource", "note", 0, "text"), "Other words"),
        ((4, "resource", "priority"), "urgent"),
        ((0, "resource", "birthDate"), "1950-01-01"),
        ((0, "request", "ifNoneExist"), "family=Feather"),
    ],
)
def test_other_content_under_the_same_number_is_a_conflict(
    house: House, path: tuple[Any, ...], value: Any
):
    bundle = a_bundle("R-1")
    house.ehr.post("/fhir", bundle)
    with house.unchanged():
        outcome = house.ehr.post("/fhir", changed(bundle, path, value), status=409)
    (issue,) = outcome["issue"]
    assert issue["code"] == "duplicate"
    assert issue["expression"] == ["Bundle.entry[4].resource.identifier[0]"]


def test_numbers_are_each_senders_own(house: House):
    first = house.ehr.post("/fhir", a_bundle("R-1"))
    second = house.by("ehr-2").post("/fhir", a_bundle("R-1"))
    assert not set(ids(first)) & set(ids(second))
    assert counts(house)[0] == 2


def test_an_identifier_without_a_system_tells_nothing(house: House):
    bundle = a_bundle("R-1")
    bundle["entry"][4]["resource"]["identifier"] = [{"value": "R-1"}]
    first, second = house.ehr.post("/fhir", bundle), house.ehr.post("/fhir", bundle)
    assert not set(ids(first)) & {each for each in ids(second) if "Organization" not in each}
    assert counts(house)[0] == 2
    assert house.scalar("select count(*) from referral_identifier") == 0


def test_each_of_several_identifiers_counts(house: House):
    bundle = a_bundle("R-1")
    request = bundle["entry"][4]["resource"]
    request["identifier"].append({"system": "https://ubrn.example", "value": "0001"})
    house.ehr.post("/fhir", bundle)
    other = a_bundle("R-2", number=2)
    other["entry"][4]["resource"]["identifier"].append(
        {"system": "https://ubrn.example", "value": "0001"}
    )
    with house.unchanged():
        outcome = house.ehr.post("/fhir", other, status=409)
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[4].resource.identifier[1]"]


def test_a_single_request_is_told_apart_in_the_same_way(house: House):
    referral = house.refer()
    body = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    fresh = {key: body[key] for key in ("resourceType", "status", "intent", "code", "requester")}
    fresh |= {"subject": body["subject"], "identifier": [{"system": "urn:s", "value": "1"}]}
    first = house.ehr.send("POST", "/fhir/ServiceRequest", json=fresh)
    assert first.status_code == 201
    with house.unchanged():
        again = house.ehr.send("POST", "/fhir/ServiceRequest", json=fresh)
        assert again.status_code == 200
        assert again.json()["id"] == first.json()["id"]
        outcome = house.ehr.post("/fhir/ServiceRequest", fresh | {"priority": "urgent"}, status=409)
    assert outcome["issue"][0]["expression"] == ["ServiceRequest.identifier[0]"]


def test_a_general_fhir_client_gets_plain_fhir(house: House):
    client = house.by("fhir-client")
    bundle = a_bundle("R-1")
    first, second = client.post("/fhir", bundle), client.post("/fhir", bundle)
    assert {each for each in ids(first) if "Organization" not in each}.isdisjoint(ids(second))
    assert counts(house)[:2] == [0, 0]


def test_two_referrals_of_one_practice_share_its_organisation(house: House):
    first = house.refer(a_bundle("R-1"))
    second = house.refer(a_bundle("R-2", person=a_person(2, "ZZK03")))
    third = house.refer(a_bundle("R-3", person=a_person(3, "ZZK01")))
    organisations = [
        each["response"]["location"].split("/")[-3]
        for answer in (first.answer, second.answer, third.answer)
        for each in answer["entry"]
        if "/Organization/" in each["response"]["location"]
    ]
    assert organisations[0] == organisations[2] != organisations[1]
    assert house.worker.get(f"/fhir/Organization/{organisations[0]}")
    house.by("link-worker-2").get(f"/fhir/Organization/{organisations[0]}", status=404)
    assert house.by("link-worker-2").get(f"/fhir/Organization/{organisations[1]}")


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_a_bundle_that_changes_something_else_is_no_repeat(house: House, method: str):
    one, two = (house.ehr.post("/fhir/Patient", {"resourceType": "Patient"}) for _ in range(2))

    def bundle(patient: Json) -> Json:
        entry: Json = {"request": {"method": method, "url": f"Patient/{patient['id']}"}}
        if method == "PUT":
            entry["resource"] = {"resourceType": "Patient", "id": patient["id"], "active": True}
        sent = a_bundle("REF-9")
        sent["entry"].append(entry)
        return sent

    house.ehr.post("/fhir", bundle(one))
    with house.unchanged():
        house.ehr.post("/fhir", bundle(two), status=409)


@pytest.mark.parametrize("ending", ["withdrawn", "closed"])
def test_a_referral_that_comes_again_after_its_end_is_told_so(house: House, ending: str):
    bundle = a_bundle("REF-9")
    referral = house.refer(bundle)
    house.worker.post(f"{referral.at}/accept")
    if ending == "withdrawn":
        house.withdraw(referral)
    else:
        house.worker.post(f"{referral.at}/close", {"outcome": "not-reached"})
    with house.unchanged():
        answer = house.ehr.post("/fhir", bundle)
    told = answer["entry"][4]["response"]["outcome"]["issue"]
    (warning,) = [each for each in told if "has ended" in each["diagnostics"]]
    assert warning["expression"] == ["Bundle.entry[4].resource.identifier"]
