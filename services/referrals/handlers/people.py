"""Patients that EHRs send, and the person that each is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services.referrals.pad import Pad
from services.referrals.persons import record_of, survivor_of, take_turns
from services.referrals.tables import EqualityCharacteristic, LinkProposal, PatientLink, Person
from services.referrals.telling_apart import birth_date_of, family_of
from shared.fhir.nhs import ethnic_category, nhs_number

FIRST = "first"
"""The basis of a link: its Patient made the person's record."""


@dataclass(frozen=True)
class Signs:
    """What a Patient says by which one person is told from another."""

    number: str | None
    verified: bool
    family: str
    born: date | None

    @classmethod
    def of(cls, patient: Mapping[str, Any]) -> Self:
        """The signs of a resource as sent."""
        given = nhs_number(patient)
        return cls(
            number=given.value if given else None,
            verified=given is not None and given.verified,
            family=family_of(patient),
            born=birth_date_of(patient),
        )


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
    signs = Signs.of(patient)
    if signs.number is not None:
        take_turns(session, signs.number)  # two EHRs may send the same person at once
    alike = _alike(session, signs)
    certain = [
        each
        for each in alike
        if signs.verified
        and each.nhs_verified
        and each.nhs_number == signs.number
        and (each.family, each.birth_date) == (signs.family, signs.born)
        and signs.family
        and signs.born
    ]
    if certain:
        return _link(pad, key, organisation, certain[0].id, "nhs-number", now)
    person = Person(created=now, updated=now)
    _say(
        person,
        signs,
        taken=any(each.nhs_verified and each.nhs_number == signs.number for each in alike),
    )
    pad.rows.add(person)
    pad.persons.add(person.id)
    for each in alike:
        pad.rows.add(_proposal(person, each, now))
    _record_equality(pad, person.id, patient, now)
    return _link(pad, key, organisation, person.id, FIRST, now)


def follow_correction(
    session: Session, before: Mapping[str, Any], patient: Mapping[str, Any], key: str, now: datetime
) -> None:
    """What a sender puts right of whom a Patient is about, the record that it made says too.

    Otherwise a number that was somebody else's at first leads to this person for ever: in an
    emergency, and where an operator exports, restricts or erases by it. A record for which another
    system vouches with a verified number is left as it is: two say one thing, and one another.
    Whoever looks alike by then becomes a proposal; no two records become one by a correction.

    Args:
        session: the caller's.
        before: the Patient as it was.
        patient: as it is sent now.
        key: its id.
        now: the time of this write.
    """
    signs = Signs.of(patient)
    if signs == Signs.of(before):
        return
    if signs.number is not None:
        take_turns(session, signs.number)
    link = session.get(PatientLink, key, with_for_update={"read": True}, populate_existing=True)
    if link is None or link.basis != FIRST:
        return
    record = record_of(session, key, link.person)
    if _is_vouched_for(session, record, link.person):
        return
    person = session.get_one(Person, record, with_for_update=True, populate_existing=True)
    same = {record, survivor_of(session, record)}
    alike = [each for each in _alike(session, signs) if each.id not in same]
    others = select(Person.id).where(
        Person.nhs_number == signs.number, col(Person.nhs_verified), Person.id != record
    )
    # A record that was merged is verified by none: it could be in another's way when it comes back.
    taken = person.merged_into is not None or session.exec(others.limit(1)).first() is not None
    _say(person, signs, taken=taken)
    person.updated = now
    session.add(person)
    known = _proposed(session, record)
    session.add_all(_proposal(person, each, now) for each in alike if each.id not in known)
    session.flush()


def _is_vouched_for(session: Session, record: UUID, person: UUID) -> bool:
    """Whether a verified number of another system led to a record."""
    others = session.exec(
        select(PatientLink.patient).where(PatientLink.person == person, PatientLink.basis != FIRST)
    ).all()
    return any(record_of(session, each, person) == record for each in others)


def _say(person: Person, signs: Signs, *, taken: bool) -> None:
    """Have a record say what a Patient does; of one verified number there is only one record."""
    person.nhs_number, person.nhs_verified = signs.number, signs.verified and not taken
    person.family, person.birth_date = signs.family, signs.born


def _proposal(person: Person, other: Person, now: datetime) -> LinkProposal:
    number = person.nhs_number and other.nhs_number == person.nhs_number
    reason = "same-nhs-number" if number else "same-name-and-date"
    return LinkProposal(person=person.id, candidate=other.id, reason=reason, created=now)


def _proposed(session: Session, record: UUID) -> set[UUID]:
    """With whom a record was proposed to be one person, decided or not."""
    found = session.exec(
        select(LinkProposal.person, LinkProposal.candidate).where(
            or_(col(LinkProposal.person) == record, col(LinkProposal.candidate) == record)
        )
    )
    return {each for pair in found for each in pair}


def _link(pad: Pad, key: str, organisation: UUID, person: UUID, basis: str, now: datetime) -> UUID:
    pad.rows.add(
        PatientLink(patient=key, organisation=organisation, person=person, basis=basis, created=now)
    )
    return person


def _alike(session: Session, looked_for: Signs) -> list[Person]:
    """Who shares a number, or a name and a date; a record that was merged counts as its survivor,
    so that what a human found out once is not asked again."""
    signs: list[ColumnElement[bool]] = []
    family, born = looked_for.family, looked_for.born
    if family and born:  # what nobody said is not the same
        signs.append((col(Person.family) == family) & (col(Person.birth_date) == born))
    if looked_for.number is not None:
        signs.append(col(Person.nhs_number) == looked_for.number)
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
