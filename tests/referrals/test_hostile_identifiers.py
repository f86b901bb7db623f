"""One sender, one identifier, one referral: however it is written, and whoever is first."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.referrals.house import House, Json, a_bundle, replaced

SYSTEM = "https://numbers.example"


def a_request(house: House, value: str, patient: str | None = None, **changes: Any) -> Json:
    """A ServiceRequest alone, about a Patient that was sent before."""
    if patient is None:
        patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])["id"]
    request = dict(a_bundle()["entry"][4]["resource"])
    return request | {
        "identifier": [{"system": SYSTEM, "value": value}],
        "subject": {"reference": f"Patient/{patient}"},
        "requester": {"identifier": a_bundle()["entry"][1]["resource"]["identifier"][0]},
    } | changes  # fmt: skip


def drafted(house: House, request: Json) -> str:
    """The id of a request that starts nothing yet."""
    answer = house.ehr.send("POST", "/fhir/ServiceRequest", json=request | {"status": "draft"})
    assert answer.status_code == 201
    return answer.headers["location"].split("/fhir/ServiceRequest/")[1].partition("/")[0]


def cases(house: House) -> int:
    count: int = house.scalar("select count(*) from referral_case")
    return count


def element(outcome: Json) -> str:
    (issue,) = outcome["issue"]
    assert issue["code"] == "duplicate"
    (found,) = issue["expression"]
    return str(found)


def test_a_conditional_update_that_creates_takes_the_number(house: House):
    request = a_request(house, "1")
    where = {"params": {"identifier": f"{SYSTEM}|1"}}
    house.ehr.put("/fhir/ServiceRequest", request, status=201, **where)
    house.ehr.put("/fhir/ServiceRequest", request | {"priority": "urgent"}, status=200, **where)
    with house.unchanged():
        outcome = house.ehr.post("/fhir/ServiceRequest", request, status=409)
        assert element(outcome) == "ServiceRequest.identifier[0]"
        headers = {"If-None-Exist": f"identifier={SYSTEM}|1"}
        house.ehr.post("/fhir/ServiceRequest", request, headers=headers, status=200)
    assert cases(house) == 1


def test_an_update_may_add_a_number_but_not_a_taken_one(house: House):
    first = house.ehr.post("/fhir/ServiceRequest", a_request(house, "1"))
    second = house.ehr.post("/fhir/ServiceRequest", a_request(house, "2"))
    path = f"/fhir/ServiceRequest/{second['id']}"
    patient = second["subject"]["reference"].removeprefix("Patient/")
    taken = {"op": "add", "path": "/identifier/-", "value": {"system": SYSTEM, "value": "1"}}
    with house.unchanged():
        outcome = house.ehr.patch(path, taken, status=409)
        assert element(outcome) == "ServiceRequest.identifier[1]"
        body = house.ehr.get(path) | {"identifier": first["identifier"]}
        assert element(house.ehr.put(path, body, status=409)) == "ServiceRequest.identifier[0]"
    house.ehr.patch(path, replaced("/identifier/0/value", "3"))
    for number in ("2", "3"):
        with house.unchanged():
            house.ehr.post(
                "/fhir/ServiceRequest",
                a_request(house, number, patient, priority="urgent"),
                status=409,
            )


def test_two_of_one_bundle_cannot_share_a_number(house: House):
    bundle = a_bundle("R-1")
    bundle["entry"].append(a_bundle("R-1")["entry"][4] | {"fullUrl": "urn:uuid:" + "1" * 8})
    bundle["entry"][5]["fullUrl"] = "urn:uuid:11111111-1111-4111-8111-111111111111"
    with house.unchanged():
        outcome = house.ehr.post("/fhir", bundle, status=409)
    assert element(outcome) == "Bundle.entry[5].resource.identifier[0]"


def test_create_and_update_at_once_start_one_case(house: House):
    patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])["id"]
    drafts = [drafted(house, a_request(house, f"d{n}", patient)) for n in range(8)]

    def make(n: int) -> httpx.Response:
        request = a_request(house, f"{n // 3}", patient)
        if n % 3 == 0:
            return house.ehr.send("POST", "/fhir/ServiceRequest", json=request)
        if n % 3 == 1:
            where = {"identifier": f"{SYSTEM}|{n // 3}"}
            return house.ehr.send("PUT", "/fhir/ServiceRequest", json=request, params=where)
        draft = drafts[n // 3]
        path = f"/fhir/ServiceRequest/{draft}"
        return house.ehr.send("PUT", path, json=request | {"id": draft})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(make, range(24)))
    assert {each.status_code for each in answers} <= {200, 201, 409, 412}
    assert cases(house) == 8


def test_a_draft_that_was_deleted_gives_its_number_back(house: House):
    request = a_request(house, "1")
    draft = drafted(house, request)
    house.ehr.call("DELETE", f"/fhir/ServiceRequest/{draft}")
    assert drafted(house, request) != draft
