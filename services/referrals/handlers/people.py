"""Patients that EHRs send, and the person that each is about."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_
from sqlmodel import Session, col, select

from services.referrals.persons import link_of, survivor_of, take_turns
from services.referrals.tables import EqualityCharacteristic, LinkProposal, PatientLink, Person
from shared.fhir.nhs import ethnic_category, nhs_number

LONGEST_NAME = 255
"""Characters of a family name by which people are linked; the index holds no more than that."""


def person_of(
    session: Session, patient: Mapping[str, Any], key: str, organisation: UUID, now: datetime
) -> UUID:
    """The person whom a Patient is about; linked, or made, within the caller's transaction.

    Linked automatically only on a verified NHS number with equal birth date and family name;
    whatever else looks alike becomes a proposal to a human, because two people must never become
    one by guess.

    Args:
        session: the caller's.
        patient: the resource as sent.
        key: its id.
        organisation: the client organisation that it belongs to.
        now: the time of this write.
    """
    linked = link_of(session, key)
    if linked is not None:
        return linked.person
    given = nhs_number(patient)
    number = given.value if given else None
    verified = given is not None and given.verified
    family, born = _family(patient), _birth_date(patient)
    if number is not None:
        take_turns(session, number)  # two EHRs may send the same person at once
    alike = _alike(session, number, family, born)
    certain = [
        each
        for each in alike
        if verified
        and each.nhs_verified
        and each.nhs_number == number
        and (each.family, each.birth_date) == (family, born)
        and family
        and born
    ]
    if certain:
        return _link(session, key, organisation, certain[0].id, "nhs-number", now)
    taken = any(each.nhs_verified and each.nhs_number == number for each in alike)
    person = Person(
        nhs_number=number,
        nhs_verified=verified and not taken,
        family=family,
        birth_date=born,
        created=now,
        updated=now,
    )
    session.add(person)
    session.flush()
    for each in alike:
        reason = "same-nhs-number" if number and each.nhs_number == number else "same-name-and-date"
        session.add(LinkProposal(person=person.id, candidate=each.id, reason=reason, created=now))
    _record_equality(session, person.id, patient, now)
    return _link(session, key, organisation, person.id, "first", now)


def _link(
    session: Session, key: str, organisation: UUID, person: UUID, basis: str, now: datetime
) -> UUID:
    session.add(
        PatientLink(patient=key, organisation=organisation, person=person, basis=basis, created=now)
    )
    session.flush()
    return person


def _alike(session: Session, number: str | None, family: str, born: date | None) -> list[Person]:
    """Who shares a number, or a name and a date; a record that was merged counts as its survivor,
    so that what a human found out once is not asked again."""
    signs: list[ColumnElement[bool]] = []
    if family and born:  # what nobody said is not the same
        signs.append((col(Person.family) == family) & (col(Person.birth_date) == born))
    if number is not None:
        signs.append(col(Person.nhs_number) == number)
    found = session.exec(
        select(Person)
        .where(or_(false(), *signs))
        .order_by(col(Person.nhs_verified).desc(), col(Person.created))
        .limit(20)
    )
    now = {survivor_of(session, each.id) if each.merged_into else each.id for each in found}
    kept = select(Person).where(col(Person.id).in_(now))
    return list(session.exec(kept.order_by(col(Person.nhs_verified).desc(), col(Person.created))))


def _family(patient: Mapping[str, Any]) -> str:
    names = patient.get("name")
    for name in names if isinstance(names, list) else []:
        if isinstance(name.get("family"), str):
            family = str(name["family"]).casefold().strip()
            return family if len(family) <= LONGEST_NAME else ""  # links nobody
    return ""


def _birth_date(patient: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(patient.get("birthDate", "")))
    except ValueError:
        return None  # a partial date is not certain enough to link on


def _record_equality(
    session: Session, person: UUID, patient: Mapping[str, Any], now: datetime
) -> None:
    """Keep what the GP's record says, as the GP's; what nobody asked stays absent (care 8)."""
    characteristics = {
        "ethnic-category": ethnic_category(patient),
        "gender": patient.get("gender"),
    }
    for characteristic, value in characteristics.items():
        if value is not None:
            session.add(
                EqualityCharacteristic(
                    person=person,
                    characteristic=characteristic,
                    source="gp-record",
                    value=str(value),
                    recorded=now,
                )
            )
