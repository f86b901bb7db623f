"""Bundles: all or nothing, and a referral that comes again starts nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.bad_input.door import PLANTED, Door, Json, outcome
from tests.referrals.house import a_bundle

REQUEST = 4
"""The place of the ServiceRequest in the example."""


def patients(number: int) -> list[Json]:
    return [
        {
            "fullUrl": f"urn:uuid:{uuid4()}",
            "resource": {"resourceType": "Patient", "name": [{"family": f"{PLANTED}-{n}"}]},
            "request": {"method": "POST", "url": "Patient"},
        }
        for n in range(number)
    ]


def transaction(entries: list[Json], **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries} | more


def count(door: Door, table: str) -> int:
    with door.engines["referrals"].connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


@pytest.mark.parametrize(
    ("changes", "status", "element"),
    [
        ({"gender": "femal"}, 422, ".resource.gender"),
        ({"nickname": PLANTED}, 400, ".resource.nickname"),
        ({"identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000019"}]},
         422, ".resource.identifier[0].value"),
        ({"managingOrganization": {"reference": "Organization/nowhere"}},
         422, ".resource.managingOrganization.reference"),
    ],
)  # fmt: skip
def test_the_7th_entry_is_bad_and_nothing_is_stored(
    door: Door, changes: Json, status: int, element: str
):
    entries = patients(9)
    entries[6]["resource"] |= changes
    outcome(door.fhir("", transaction(entries)), status, f"Bundle.entry[6]{element}")


def test_the_7th_entry_fails_only_when_it_is_done_and_nothing_is_stored(door: Door):
    entries = patients(9)
    entries[6]["request"] = {"method": "PUT", "url": "Patient/x", "ifMatch": 'W/"7"'}
    entries[6]["resource"]["id"] = "x"
    answer = door.fhir("", transaction(entries))
    assert answer.status_code in (404, 405, 409, 412, 422), answer.text
    outcome(answer, answer.status_code)


def test_the_7th_entry_is_beyond_the_scope_and_nothing_is_stored(door: Door):
    entries = patients(9)
    entries[6]["request"] = {"method": "POST", "url": "Observation"}
    entries[6]["resource"] = {
        "resourceType": "Observation", "status": "final", "code": {"text": PLANTED},
    }  # fmt: skip
    answer = door.fhir("", transaction(entries), by="link-worker")
    outcome(answer, 403)


def test_an_unresolvable_urn_uuid(door: Door):
    bundle = a_bundle()
    bundle["entry"][REQUEST]["resource"]["subject"] = {"reference": f"urn:uuid:{uuid4()}"}
    outcome(door.fhir("", bundle), 400, "Bundle.entry[4].resource.subject.reference")


def test_a_urn_that_two_entries_share(door: Door):
    entries = patients(2)
    entries[1]["fullUrl"] = entries[0]["fullUrl"]
    answer = door.fhir("", transaction(entries))
    assert answer.status_code in (400, 422)
    outcome(answer, answer.status_code)


@pytest.mark.parametrize("kind", ["transction", "document", "collection", "searchset", 7, None])
def test_a_bundle_of_another_kind(door: Door, kind: Any):
    bundle = transaction(patients(1)) | {"type": kind}
    outcome(door.fhir("", bundle), 400, "Bundle.type")


@pytest.mark.parametrize("entry", [PLANTED, 1, {}, [], [1], [None], [[]], [{}], [PLANTED]])
def test_entries_that_are_none(door: Door, entry: Any):
    answer = door.fhir("", transaction([]) | {"entry": entry})
    assert answer.status_code in (400, 422), answer.text
    outcome(answer, answer.status_code)


@pytest.mark.parametrize(
    "request_",
    [
        None,
        PLANTED,
        {},
        {"method": "POST"},
        {"url": "Patient"},
        {"method": "STEAL", "url": "Patient"},
        {"method": "POST", "url": f"Patient/{PLANTED}"},
        {"method": "POST", "url": PLANTED},
        {"method": "POST", "url": "Task"},
        {"method": "PUT", "url": "Patient"},
        {"method": "PUT", "url": "Patient/a b"},
        {"method": "PUT", "url": f"Patient?{PLANTED}=1"},
        {"method": "PATCH", "url": "Patient/1"},
        {"method": "DELETE", "url": "Patient"},
        {"method": "DELETE", "url": "Patient/../Task/1"},
        {"method": "POST", "url": "Patient", "ifNoneExist": f"{PLANTED}=1"},
        {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=\x00"},
        {"method": "POST", "url": "https://elsewhere.example/fhir/Patient"},
    ],
)
def test_what_is_asked_of_an_entry_is_wrong(door: Door, request_: Any):
    entries = patients(2)
    entries[1]["request"] = request_
    if request_ is None:
        del entries[1]["request"]
    answer = door.fhir("", transaction(entries))
    assert answer.status_code in (400, 404, 405, 412, 422), answer.text
    outcome(answer, answer.status_code)


def test_a_bundle_of_too_many_entries(door: Door):
    outcome(door.fhir("", transaction(patients(1) * 2_001)), 413)


def test_a_bundle_in_a_bundle(door: Door):
    entries = patients(1)
    entries[0]["resource"] = transaction(patients(1))
    answer = door.fhir("", transaction(entries))
    assert answer.status_code in (400, 422)
    outcome(answer, answer.status_code)


def test_a_bad_entry_of_a_batch_is_told_in_its_place(door: Door):
    entries = patients(3)
    for entry in entries:
        entry["resource"]["gender"] = "femal"
    answer = door.fhir("", transaction(entries, type="batch"))
    assert answer.status_code == 200
    for n, entry in enumerate(answer.json()["entry"]):
        assert entry["response"]["status"].startswith("422")
        (issue,) = entry["response"]["outcome"]["issue"]
        assert issue["expression"] == [f"Bundle.entry[{n}].resource.gender"]


# --- a referral that comes again --------------------------------------------------------------


def test_the_same_referral_again_starts_nothing(door: Door):
    bundle = a_bundle()
    first = door.fhir("", bundle)
    assert first.status_code == 200, first.text
    door.stored_now()
    again = door.fhir("", bundle)
    assert again.status_code == 200
    ids = [
        [entry["response"]["location"].partition("/_history")[0] for entry in each.json()["entry"]]
        for each in (first, again)
    ]
    assert ids[0] == ids[1]
    assert {entry["response"]["status"][:3] for entry in again.json()["entry"]} == {"200"}


def test_it_may_have_other_temporary_ids(door: Door):
    reference = str(uuid4())
    bundle = a_bundle(reference)
    assert door.fhir("", bundle).status_code == 200
    door.stored_now()
    renamed = json.dumps(bundle)
    for entry in bundle["entry"]:
        renamed = renamed.replace(entry["fullUrl"], f"urn:uuid:{uuid4()}")
    assert door.fhir("", renamed.encode()).status_code == 200


def test_the_same_identifier_with_other_content_is_refused(door: Door):
    bundle = a_bundle()
    assert door.fhir("", bundle).status_code == 200
    door.stored_now()
    bundle["entry"][REQUEST]["resource"]["note"] = [{"text": PLANTED}]
    told = outcome(door.fhir("", bundle), 409, "Bundle.entry[4].resource.identifier[0]")
    assert told["code"] == "duplicate"


def test_another_organisation_may_use_the_same_identifier(door: Door):
    bundle = a_bundle()
    assert door.fhir("", bundle).status_code == 200
    cases = count(door, "referral_case")
    assert door.fhir("", bundle, by="ehr-2").status_code == 200
    assert count(door, "referral_case") == cases + 1
    door.stored_now()


def test_20_parallel_posts_of_one_referral_make_one_case(door: Door):
    bundle = a_bundle()
    before = {name: count(door, name) for name in ("referral_case", "document")}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: door.fhir("", bundle), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    located = {
        tuple(entry["response"]["location"] for entry in answer.json()["entry"])
        for answer in answers
    }
    assert len({tuple(each.partition("/_history")[0] for each in one) for one in located}) == 1
    statuses = [answer.json()["entry"][REQUEST]["response"]["status"][:3] for answer in answers]
    assert sorted(statuses) == ["200"] * 19 + ["201"]
    assert count(door, "referral_case") == before["referral_case"] + 1
    door.stored_now()


def test_20_parallel_posts_with_other_content_let_one_through(door: Door):
    bundles = [a_bundle(reference) for reference in [str(uuid4())] * 20]
    for n, bundle in enumerate(bundles):
        bundle["entry"][REQUEST]["resource"]["note"] = [{"text": f"{PLANTED} {n}"}]
    cases = count(door, "referral_case")
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(
                lambda bundle: door.fhir("", bundle, headers={"Prefer": "return=minimal"}), bundles
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert count(door, "referral_case") == cases + 1
    door.stored_now()
