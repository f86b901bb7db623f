"""Whose Patient it is: two records become one person by certainty alone, else a human decides."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from deploy.demo.people import people
from tests.referrals.house import House, Json, Referral, a_bundle, a_person

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def send(house: House, *, by: str = "ehr", **changes: Any) -> Referral:
    """One referral of the same verified person, but for the changes."""
    same = {"verified": True, "practice": "ZZK01" if by == "ehr" else "ZZK05"}
    practice = same.pop("practice")
    person = a_person(1, str(practice), **(same | changes))
    return house.refer(a_bundle(person=person), by=by)


def links(house: House) -> list[tuple[str, int]]:
    """How each Patient was linked, and how many persons there are by then."""
    found = house.rows("select basis from patient_link order by created")
    return [(basis, house.scalar("select count(*) from person")) for (basis,) in found]


def proposals(house: House) -> list[str]:
    return [reason for (reason,) in house.rows("select reason from link_proposal")]


def test_two_systems_verified_records_of_one_person_are_linked(house: House):
    first, second = send(house), send(house, by="ehr-2")
    assert links(house) == [("first", 1), ("nhs-number", 1)]
    assert proposals(house) == []
    people = house.rows("select distinct person from referral_case")
    assert len(people) == 1
    assert first.patient != second.patient, "each system keeps a Patient of its own"
    house.ehr.get(f"/fhir/Patient/{second.patient}", status=404)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verified": False}, "same-nhs-number"),
        ({"birth_date": date(1950, 1, 1)}, "same-nhs-number"),
        ({"family": "Quarmby"}, "same-nhs-number"),
        ({"nhs_number": people(2)[1].nhs_number}, "same-name-and-date"),
    ],
)
def test_whatever_is_less_than_certain_becomes_a_proposal(
    house: House, changes: dict[str, Any], reason: str
):
    send(house)
    send(house, by="ehr-2", **changes)
    assert links(house) == [("first", 2), ("first", 2)]
    assert proposals(house) == [reason]


def test_a_number_that_was_verified_for_one_is_not_for_another(house: House):
    send(house)
    send(house, by="ehr-2", family="Quarmby")
    assert house.rows("select nhs_verified, count(*) from person group by 1 order by 1") == [
        (False, 1), (True, 1),
    ]  # fmt: skip


def test_an_unverified_number_that_comes_first_is_not_certain_either(house: House):
    send(house, verified=False)
    send(house, by="ehr-2")
    assert links(house) == [("first", 2), ("first", 2)]
    assert proposals(house) == ["same-nhs-number"]


def test_capitals_and_spaces_make_no_other_name(house: House):
    send(house, family="O'Hara ")
    send(house, by="ehr-2", family="o'hara")
    assert links(house)[1] == ("nhs-number", 1)


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient"} | more


def test_people_of_whom_little_is_said_are_not_alike(house: House):
    for body in (
        patient(),
        patient(name=[{"text": "Jo"}]),
        patient(name=[{"family": "Sykes"}]),
        patient(name=[{"family": "Sykes"}], birthDate="1980"),
        patient(birthDate="1980-01-02"),
        patient(birthDate="1980-01-02"),
    ):
        house.ehr.post("/fhir/Patient", body)
    assert house.scalar("select count(*) from person") == 6
    assert proposals(house) == []


def test_a_name_and_a_birth_date_alone_are_a_proposal(house: House):
    for _ in range(2):
        house.ehr.post("/fhir/Patient", patient(name=[{"family": "Sykes"}], birthDate="1980-01-02"))
    assert links(house) == [("first", 2), ("first", 2)]
    assert proposals(house) == ["same-name-and-date"]


def test_an_update_stays_with_its_person(house: House):
    made = house.ehr.post("/fhir/Patient", patient(name=[{"family": "Sykes"}]))
    house.ehr.put(f"/fhir/Patient/{made['id']}", made | {"name": [{"family": "Lumb"}]})
    assert links(house) == [("first", 1)]


def test_two_systems_at_once_make_one_person(house: House):
    bundles = [
        (by, a_bundle(person=a_person(1, practice, verified=True)))
        for by, practice in [("ehr", "ZZK01"), ("ehr-2", "ZZK05")] * 6
    ]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda each: house.by(each[0]).post("/fhir", each[1]), bundles))
    assert house.scalar("select count(*) from person") == 1
    assert house.scalar("select count(*) from patient_link") == 12


def test_every_document_about_a_person_carries_its_key(house: House):
    referral, _ = house.accepted()
    person = house.scalar("select person from referral_case")
    keys = dict(house.rows("select type || '/' || id, person from document where owner != ''"))
    for reference in (
        f"Patient/{referral.patient}",
        f"ServiceRequest/{referral.request}",
        f"Task/{referral.triage}",
    ):
        assert keys[reference] == person
    onward = house.row(
        "select t.service_request, o.patient from case_task t join onward_request o on o.task=t.id"
    )
    assert keys[f"ServiceRequest/{onward[0]}"] == keys[f"Patient/{onward[1]}"] == person
    missing = [
        key
        for key, found in keys.items()
        if found is None and key.split("/")[0] in {"Patient", "Task", "ServiceRequest"}
    ]
    assert missing == []


def test_a_document_names_its_person_by_whichever_element_its_type_has(house: House):
    about = {"reference": f"Patient/{house.refer().patient}"}
    person = house.scalar("select id from person")
    for body in (
        {"resourceType": "RelatedPerson", "patient": about},
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": about},
        {"resourceType": "Task", "status": "draft", "intent": "order", "for": about},
    ):
        made = house.ehr.post(f"/fhir/{body['resourceType']}", body)
        row = house.scalar("select person from document where id = :id", id=made["id"])
        assert row == person


def equality(house: House) -> dict[str, tuple[str, str]]:
    return {
        row[0]: (row[1], row[2])
        for row in house.rows(
            "select characteristic, source, value from equality_characteristic order by 1"
        )
    }


def test_equality_data_is_kept_with_where_it_came_from(house: House):
    send(house, ethnic_category="J", gender="female")
    assert equality(house) == {
        "ethnic-category": ("gp-record", "J"),
        "gender": ("gp-record", "female"),
    }


def test_not_stated_is_kept_as_that(house: House):
    send(house, ethnic_category="Z")
    assert equality(house)["ethnic-category"] == ("gp-record", "Z")


def test_what_nobody_asked_is_absent(house: House):
    house.ehr.post("/fhir/Patient", patient(name=[{"family": "Sykes"}]))
    assert equality(house) == {}
