"""Patients that EHRs send, and the person that each is about."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services.referrals.pad import Pad
from services.referrals.persons import survivor_of, take_turns
from services.referrals.tables import EqualityCharacteristic, LinkProposal, PatientLink, Person
from services.referrals.telling_apart import birth_date_of, family_of
from shared.fhir.nhs import ethnic_category, nhs_number


def link_to_person(
    session: Session,
    pad: Pad,
    patient: Mapping[str, Any],
    key: str,
    organisation: UUID,
    now: datetime,
) -> UUID:
    """Whom a new Patient is about: linked to a person, or the first of one, on the pad.

    Linked automatically only on a verified NHS number with equal birth date and family name;
    whatever else looks alike becomes a proposal to a human, because two people must never become
    one by guess.

    Args:
        session: the caller's.
        pad: takes what is made; no person may wait on it, because none is looked for there.
        patient: the resource as sent.
        key: its id.
        organisation: the client organisation that it belongs to.
        now: the time of this write.
    """
    given = nhs_number(patient)
    number = given.value if given else None
    verified = given is not None and given.verified
    family, born = family_of(patient), birth_date_of(patient)
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
        return _link(pad, key, organisation, certain[0].id, "nhs-number", now)
    taken = any(each.nhs_verified and each.nhs_number == number for each in alike)
    person = Person(
        nhs_number=number,
        nhs_verified=verified and not taken,
        family=family,
        birth_date=born,
        created=now,
        updated=now,
    )
    pad.rows.add(person)
    pad.persons.add(person.id)
    for each in alike:
        reason = "same-nhs-number" if number and each.nhs_number == number else "same-name-and-date"
        pad.rows.add(LinkProposal(person=person.id, candidate=each.id, reason=reason, created=now))
    _record_equality(pad, person.id, patient, now)
    return _link(pad, key, organisation, person.id, "first", now)


def _link(pad: Pad, key: str, organisation: UUID, person: UUID, basis: str, now: datetime) -> UUID:
    pad.rows.add(
        PatientLink(patient=key, organisation=organisation, person=person, basis=basis, created=now)
    )
    return person


def _alike(session: Session, number: str | None, family: str, born: date | None) -> list[Person]:
    """Who shares a number, or a name and a date; a record that was merged counts as its survivor,
    so that what a human found out once is not asked again."""
    signs: list[ColumnElement[bool]] = []
    if family and born:  # what nobody said is not the same
        signs.append((col(Person.family) == family) & (col(Person.birth_date) == born))
    if number is not None:
        signs.append(col(Person.nhs_number) == number)
    if not signs:
        return []
    found = session.exec(
        select(Person)
        .where(or_(*signs))
        .order_by(col(Person.nhs_verified).desc(), col(Person.created))
        .limit(20)
    ).all()
    if not any(each.merged_into for each in found):
        return list(found)
    now = {survivor_of(session, each.id) if each.merged_into else each.id for each in found}
    kept = select(Person).where(col(Person.id).in_(now))
    return list(session.exec(kept.order_by(col(Person.nhs_verified).desc(), col(Person.created))))


def _record_equality(pad: Pad, person: UUID, patient: Mapping[str, Any], now: datetime) -> None:
    """Keep what the GP's record says, as the GP's; what nobody asked stays absent (care 8)."""
    characteristics = {
        "ethnic-category": ethnic_category(patient),
        "gender": patient.get("gender"),
    }
    for characteristic, value in characteristics.items():
        if value is not None:
            pad.rows.add(
                EqualityCharacteristic(
                    person=person,
                    characteristic=characteristic,
                    source="gp-record",
                    value=str(value),
                    recorded=now,
                )
            )
