"""Referrals that a sender sends at once are stored together, and each is a referral of its own."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event, text

from tests.referrals.house import House, Json

MANY = 60


def request(n: int, patient: str, **more: Any) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "identifier": [{"system": "https://records.example/requests", "value": str(n)}],
        **more,
    }


@pytest.fixture
def patients(house: House) -> list[str]:
    """Patients of a sender, each another person; its token is known from here on."""
    named = [{"family": f"Feather {n}"} for n in range(MANY)]
    return [
        house.ehr.post("/fhir/Patient", {"resourceType": "Patient", "name": [name]})["id"]
        for name in named
    ]


@pytest.fixture
def transactions(house: House) -> Iterator[list[int]]:
    """One entry for each transaction that was committed."""
    counted: list[int] = []

    def note(_: object) -> None:
        counted.append(1)

    event.listen(house.engine, "commit", note)
    yield counted
    event.remove(house.engine, "commit", note)


def made(answer: httpx.Response) -> str:
    """The id of what was created; a sender is told what it must know of it, and not the request."""
    location = str(answer.headers.get("location", ""))
    return location.partition("ServiceRequest/")[2].partition("/")[0]


def all_at_once(house: House, *bodies: Json, **more: Any) -> list[tuple[int, Json]]:
    """Send them from many connections; each one's status and what was said, in their order."""

    def send(body: Json) -> tuple[int, Json]:
        answer = house.ehr.send("POST", "/fhir/ServiceRequest", json=body, **more)
        return answer.status_code, answer.json() | {"id": made(answer)}

    with ThreadPoolExecutor(24) as threads:
        return list(threads.map(send, bodies))


def test_each_has_its_own_case_and_all_that_comes_of_it(
    house: House, patients: list[str], transactions: list[int]
):
    answers = all_at_once(house, *[request(n, patient) for n, patient in enumerate(patients)])
    assert [status for status, _ in answers] == [201] * MANY
    assert len(transactions) < MANY / 2, "nothing was stored together"
    for (_, told), patient in zip(answers, patients, strict=True):
        (case, person, here) = house.row(
            "select id, person, patient from referral_case where service_request = :r", r=told["id"]
        )
        assert here == patient
        assert person == house.scalar(
            "select person from patient_link where patient = :p", p=patient
        )
        tasks = house.rows(
            "select id from case_task where \"case\" = :c and kind = 'triage'", c=case
        )
        assert len(tasks) == 1
        assert house.scalar('select count(*) from worklist where "case" = :c', c=case) == 1
        documents = house.rows('select type, id from case_document where "case" = :c', c=case)
        assert set(documents) == {("ServiceRequest", told["id"]), ("Patient", patient)}
        events = house.rows(
            "select type from outbox where subject = :s order by position", s=f"case/{case}"
        )
        assert [kind for (kind,) in events] == [
            "kersey.referral.received.v1",
            "kersey.referral.unrouted.v1",
        ]
        audited = house.rows(
            'select record from audit_entry where "case" = :c or record = :r',
            c=case,
            r=f"ServiceRequest/{told['id']}",
        )
        assert set(audited) == {(f"ServiceRequest/{told['id']}",), (f"Task/{tasks[0][0]}",)}
        coordinator = house.by("coordinator")
        assert coordinator.get(f"/fhir/ServiceRequest/{told['id']}")["id"] == told["id"]
        assert coordinator.get(f"/fhir/Patient/{patient}")["id"] == patient


def test_who_is_refused_refuses_nobody_else(house: House, patients: list[str]):
    bodies = [request(n, patient) for n, patient in enumerate(patients[:24])]
    bodies[5]["requester"] = {"reference": "Organization/nothing"}
    bodies[9]["status"] = "actve"
    answers = all_at_once(house, *bodies)
    refused = {n: told for n, (status, told) in enumerate(answers) if status != 201}
    assert {n: told["issue"][0]["expression"] for n, told in refused.items()} == {
        5: ["ServiceRequest.requester.reference"],
        9: ["ServiceRequest.status"],
    }
    assert house.scalar("select count(*) from referral_case") == 22


def test_one_number_sent_many_times_at_once_is_one_referral(house: House, patients: list[str]):
    others = [request(n, patient) for n, patient in enumerate(patients[1:13], 1)]
    answers = all_at_once(house, *[request(0, patients[0])] * 6, *others, *others)
    assert {status for status, _ in answers} == {200, 201}
    assert [status for status, _ in answers].count(201) == 13
    assert len({told["id"] for _, told in answers[:6]}) == 1
    assert house.scalar("select count(*) from referral_case") == 13
    assert house.scalar("select count(*) from submission") == 13


def test_what_stands_of_one_person_is_told_of_that_ones_case_alone(
    house: House, patients: list[str]
):
    house.execute(
        "update person set restricted = true where id ="
        " (select person from patient_link where patient = :p)",
        p=patients[3],
    )
    answers = all_at_once(house, *[request(n, each) for n, each in enumerate(patients[:16])])
    told = house.rows("select subject from outbox where type = 'kersey.person.restricted.v1'")
    (case,) = house.row("select id from referral_case where patient = :p", p=patients[3])
    assert told == [(f"case/{case}",)]
    coordinator = house.by("coordinator")
    coordinator.call("GET", f"/fhir/ServiceRequest/{answers[3][1]['id']}", status=404)
    assert coordinator.get(f"/fhir/ServiceRequest/{answers[4][1]['id']}")


def test_each_event_is_of_its_own_requests_trace(house: House, patients: list[str]):
    traces = {patient: uuid4().hex[:31] + "a" for patient in patients[:24]}

    def send(patient: str) -> int:
        headers = {"traceparent": f"00-{traces[patient]}-00f067aa0ba902b7-01"}
        body = request(patients.index(patient), patient)
        return house.ehr.send(
            "POST", "/fhir/ServiceRequest", json=body, headers=headers
        ).status_code

    with ThreadPoolExecutor(24) as threads:
        assert set(threads.map(send, traces)) == {201}
    rows = house.rows(
        "select c.patient, o.envelope, s.traceparent from referral_case c"
        " join outbox o on o.subject = 'case/' || c.id"
        " join case_task t on t.case = c.id join subscription_change s on s.id = t.id"
    )
    assert len(rows) == 2 * len(traces)
    for patient, envelope, changed in rows:
        assert json.loads(envelope)["traceparent"].split("-")[1] == traces[patient]
        assert changed.split("-")[1] == traces[patient]


def test_nobody_waits_long_for_what_another_one_needs(house: House, patients: list[str]):
    """Somebody works on two Patients for as long as this test likes."""
    with house.engine.connect() as elsewhere, ThreadPoolExecutor(12) as threads:
        elsewhere.execute(
            text("select 1 from document where type = 'Patient' and id = any(:them) for update"),
            {"them": patients[:2]},
        )

        def send(n: int) -> int:
            body = request(n, patients[n])
            return house.ehr.send("POST", "/fhir/ServiceRequest", json=body).status_code

        held = [threads.submit(send, n) for n in (0, 1)]
        time.sleep(0.1)
        others = [threads.submit(send, n) for n in range(2, 12)]
        try:
            assert [each.result(15) for each in others] == [201] * 10
            assert not any(each.done() for each in held)
        finally:
            elsewhere.rollback()
        assert [each.result(30) for each in held] == [201, 201]


def test_who_is_merged_meanwhile_is_found_under_the_new_record(house: House, patients: list[str]):
    """Its link leads to another person when it is let go of than when it was asked for."""
    with house.engine.connect() as elsewhere, ThreadPoolExecutor(1) as threads:
        elsewhere.execute(
            text(
                "update patient_link set person ="
                " (select person from patient_link where patient = :other) where patient = :p"
            ),
            {"p": patients[0], "other": patients[1]},
        )
        body = request(0, patients[0])
        sent = threads.submit(house.ehr.send, "POST", "/fhir/ServiceRequest", json=body)
        time.sleep(0.5)
        assert not sent.done()
        elsewhere.commit()
        key = made(sent.result(30))
    persons = house.row(
        "select c.person, l.person from referral_case c, patient_link l"
        " where c.service_request = :r and l.patient = :p",
        r=key,
        p=patients[1],
    )
    assert persons[0] == persons[1]
