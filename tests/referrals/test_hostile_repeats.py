"""Who repeats a referral hears its warnings again: the first answer may never have arrived."""

from copy import deepcopy
from typing import Any

import pytest

from tests.referrals.house import House, Json, a_bundle
from tests.referrals.test_hostile_identifiers import a_request


def remarks(answer: Json) -> list[Any]:
    return [each["response"].get("outcome", {}).get("issue") for each in answer["entry"]]


@pytest.mark.parametrize("how", [{"code": "183452005"}, {"priority": "stat"}])
def test_a_bundle_again_has_the_same_remarks(house: House, how: dict[str, Any]):
    bundle = a_bundle("R-1", **how)
    first = house.ehr.post("/fhir", bundle)
    assert any(remarks(first))
    with house.unchanged():
        again = house.ehr.post("/fhir", deepcopy(bundle))
    assert remarks(again) == remarks(first)


def test_so_has_a_request_alone_and_in_a_batch_its_own_places(house: House):
    request = a_request(house, "1", priority="asap", code={"text": "Art"})
    prefer = {"Prefer": "return=OperationOutcome"}
    first = house.ehr.post("/fhir/ServiceRequest", request, headers=prefer, status=201)
    again = house.ehr.post("/fhir/ServiceRequest", request, headers=prefer, status=200)
    places = [["ServiceRequest.code"], ["ServiceRequest.priority"]]
    assert [each["expression"] for each in first["issue"]] == places
    assert again == first
    entry = {"resource": request, "request": {"method": "POST", "url": "ServiceRequest"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    (told,) = remarks(house.ehr.post("/fhir", batch))
    assert [each["expression"] for each in told] == [
        ["Bundle.entry[0].resource.code"], ["Bundle.entry[0].resource.priority"],
    ]  # fmt: skip
