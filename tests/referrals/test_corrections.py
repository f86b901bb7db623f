"""What a sender puts right of whom a Patient is about, the person's record says too."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from deploy.demo.people import people
from services.referrals.subject.finding import NoSuchPerson, SeveralPersons, by_nhs_number
from tests.referrals.house import House, Json, Referral, a_bundle, a_person
from tests.referrals.records import BRADFORD, KIRKLEES, two_records

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ONE, OTHER = (each.nhs_number for each in people(2))


def refer(house: House, by: str = "ehr", **changes: Any) -> Referral:
    practice = BRADFORD if by == "ehr" else KIRKLEES
    person = a_person(1, practice, **({"verified": True} | changes))
    return house.refer(a_bundle(person=person), by=by)


def put_right(house: House, referral: Referral, number: str, by: str = "ehr", **more: Any) -> None:
    """The sender sends the Patient again, with another NHS number."""
    at = f"/fhir/Patient/{referral.patient}"
    patient: Json = house.by(by).get(at)
    for each in patient["identifier"]:
        if each["system"] == NHS_NUMBER:
            each["value"] = number
    house.by(by).put(at, patient | more)


def found_by(house: House, number: str) -> set[UUID]:
    """Whom an operator means by an NHS number."""
    with Session(house.engine) as session:
        try:
            return {by_nhs_number(session, number)}
        except NoSuchPerson:
            return set()
        except SeveralPersons as several:
            return set(several.persons)


def person_of(house: House, referral: Referral) -> Any:
    found = "select person from referral_case where id = :case"
    return house.scalar(found, case=referral.case)


def test_a_number_that_was_somebody_elses_leads_to_this_person_no_more(house: House):
    wrong = refer(house, nhs_number=OTHER)
    put_right(house, wrong, ONE)
    assert found_by(house, ONE) == {person_of(house, wrong)}
    assert found_by(house, OTHER) == set()
    assert house.scalar("select nhs_verified from person"), "as its sender says"
    right = refer(house, "ehr-2", nhs_number=OTHER, family="Quarmby")
    assert found_by(house, OTHER) == {person_of(house, right)}
    assert house.scalar("select count(*) from person where nhs_verified") == 2
    assert house.rows("select reason from link_proposal") == []


def test_a_name_and_a_birth_date_are_put_right_too(house: House):
    referral = refer(house)
    put_right(house, referral, ONE, name=[{"family": "Lumb"}], birthDate="1980-01-02")
    assert house.rows("select family, birth_date::text from person") == [("lumb", "1980-01-02")]


def test_whoever_looks_alike_by_then_is_proposed_once_and_nobody_becomes_one(house: House):
    first = refer(house)
    second = refer(house, "ehr-2", nhs_number=OTHER, family="Quarmby")
    for gender in ("female", "other"):
        put_right(house, second, ONE, by="ehr-2", gender=gender)
    assert person_of(house, first) != person_of(house, second)
    assert house.rows("select reason from link_proposal") == [("same-nhs-number",)]
    assert house.scalar("select count(*) from person where nhs_verified") == 1
    assert found_by(house, ONE) == {person_of(house, first), person_of(house, second)}


def test_a_record_for_which_another_system_vouches_is_left_as_it_is(house: House):
    first, second = refer(house), refer(house, "ehr-2")
    assert person_of(house, first) == person_of(house, second)
    put_right(house, first, OTHER)
    put_right(house, second, OTHER, by="ehr-2")
    assert found_by(house, ONE) == {person_of(house, first)}
    assert found_by(house, OTHER) == set()


@pytest.mark.parametrize("undone", [False, True])
def test_a_merged_record_is_put_right_by_itself_and_leads_to_the_one_person(
    house: House, undone: bool
):
    two = two_records(house)
    before = two.person(two.theirs)
    two.become_one()
    at = f"/fhir/Patient/{two.theirs.patient}"
    patient = house.by("ehr-2").get(at)
    verified = house.ehr.get(f"/fhir/Patient/{two.ours.patient}")["identifier"]
    number = [{**each, "value": OTHER} for each in verified if each["system"] == NHS_NUMBER]
    house.by("ehr-2").put(at, patient | {"identifier": number})
    one = two.person(two.ours)
    assert two.person(two.theirs) == one
    assert found_by(house, ONE) == found_by(house, OTHER) == {one}
    again = refer(house, "ehr-2", nhs_number=OTHER, family="Quarmby")
    if undone:
        two.we.post(f"{two.merge}/undo")
        assert two.person(two.theirs) == before
        assert found_by(house, ONE) == {one}
        assert found_by(house, OTHER) == {before, person_of(house, again)}
