"""Creates of several clients at once are stored together, and are as separate as before."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from tests.referrals.house import House

MANY = 120


def request(n: int, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "https://records.example/fhir/Patient/1"},
        "identifier": [{"system": "https://records.example/requests", "value": str(n)}],
        **more,
    }


@pytest.fixture
def statements(house: House) -> Iterable[list[str]]:
    """What the database is asked through sessions; what stands alone is not asked through one."""
    asked: list[str] = []

    def note(_c: object, _k: object, text: str, *_: object) -> None:
        asked.append(text)

    event.listen(house.engine, "before_cursor_execute", note)
    yield asked
    event.remove(house.engine, "before_cursor_execute", note)


def test_each_client_gets_its_own_answer(house: House, statements: list[str]):
    first, second = house.by("fhir-client"), house.by("ehr", roles=frozenset())
    for each in (first, second):
        each.send("GET", "/fhir/ServiceRequest")  # their tokens are known from here on
    statements.clear()

    def create(n: int) -> tuple[int, Any]:
        body = request(n) if n % 10 else request(n, status="actve")
        answer = (first, second)[n % 2].send("POST", "/fhir/ServiceRequest", json=body)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(create, range(MANY)))
    assert not statements
    ids = []
    for n, (status, told) in enumerate(answers):
        if n % 10 == 0:
            assert status == 422
            assert told["issue"][0]["expression"] == ["ServiceRequest.status"]
            continue
        assert status == 201
        assert told["identifier"][0]["value"] == str(n)
        ids.append(told["id"])
        mine, others = (first, second)[n % 2], (second, first)[n % 2]
        assert mine.get(f"/fhir/ServiceRequest/{told['id']}") == told
        others.call("GET", f"/fhir/ServiceRequest/{told['id']}", status=404)
    audited = Counter(
        house.rows("select record, client_id, action from audit_entry where action = 'create'")
    )
    expected = Counter(
        (f"ServiceRequest/{key}", (first, second)[n % 2].who.client_id, "create")
        for n, key in zip((n for n in range(MANY) if n % 10), ids, strict=True)
    )
    assert audited == expected
    written = "select count(*) from document_version where type = 'ServiceRequest'"
    assert house.scalar(written) == len(ids)


def test_whom_the_database_refuses_refuses_nobody_else(house: House):
    client = house.by("fhir-client")
    client.send("GET", "/fhir/ServiceRequest")
    house.execute(
        "alter table document add constraint no_thirteen"
        """ check (body not like '%"value":"13"%') not valid"""
    )

    def create(n: int) -> int:
        return client.send("POST", "/fhir/ServiceRequest", json=request(n)).status_code

    with ThreadPoolExecutor(24) as threads:
        statuses = list(threads.map(create, range(24)))
    house.execute("alter table document drop constraint no_thirteen")
    assert [n for n, status in enumerate(statuses) if status != 201] == [13]
    assert statuses[13] == 500
    stored = house.rows("select body from document where type = 'ServiceRequest'")
    assert len(stored) == 23


def test_what_concerns_somebody_here_is_done_the_ordinary_way(house: House, statements: list[str]):
    client = house.by("fhir-client")
    patient = client.post("/fhir/Patient", {"resourceType": "Patient", "active": True})["id"]
    statements.clear()
    body = request(1, subject={"reference": f"Patient/{patient}"})
    made = client.post("/fhir/ServiceRequest", body)["id"]
    assert statements
    person = house.scalar("select person from document where id = :id", id=made)
    assert person == house.scalar("select person from document where id = :id", id=patient)


def test_a_reference_that_leads_nowhere_is_refused_as_before(house: House):
    client = house.by("fhir-client")
    client.send("GET", "/fhir/ServiceRequest")
    body = request(1, requester={"reference": "Organization/nothing"})
    told = client.call("POST", "/fhir/ServiceRequest", json=body, status=422)
    assert told["issue"][0]["expression"] == ["ServiceRequest.requester.reference"]


def test_a_condition_is_looked_at_by_the_ordinary_way(house: House):
    client = house.by("fhir-client")
    condition = {"If-None-Exist": "identifier=https://records.example/requests|1"}
    first = client.send("POST", "/fhir/ServiceRequest", json=request(1), headers=condition)
    second = client.send("POST", "/fhir/ServiceRequest", json=request(1), headers=condition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_a_lost_connection_is_told_to_each_and_nothing_is_tried_twice(house: House):
    client = house.by("fhir-client")
    client.send("GET", "/fhir/ServiceRequest")
    house.execute(
        "create function lose() returns trigger language plpgsql as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
    )
    house.execute(
        "create trigger lose before insert on document for each row execute function lose()"
    )

    def create(n: int) -> int:
        return client.send("POST", "/fhir/ServiceRequest", json=request(n)).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(create, range(8)))
    house.execute("drop function lose() cascade")
    assert statuses == [503] * 8
    assert house.scalar("select count(*) from document where type = 'ServiceRequest'") == 0
    assert create(9) == 201
