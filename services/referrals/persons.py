"""Persons and what is theirs, locked in one order, so that merging and arriving take turns.

The order is: cases by `key`, NHS numbers, links by Patient, persons by id, documents by type and
id. Who sends a Patient's document holds its link; who changes a person holds all that is theirs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar
from tenacity import retry, retry_if_exception_type, wait_random_exponential

from services.referrals.record import STOPS, Stop, stops_of
from services.referrals.tables import (
    Case,
    MergeMoved,
    PatientLink,
    Person,
    PersonMerge,
    PlaceHub,
)
from shared.auth import Principal


class Overtaken(Exception):
    """Something arrived for a person between reading and locking: read again."""


again_if_overtaken = retry(
    retry=retry_if_exception_type(Overtaken),
    wait=wait_random_exponential(multiplier=0.01, max=0.2),
)
"""Decorates a function that is one transaction. It needs no limit: each time it begins again
somebody else's work was done."""


@dataclass(frozen=True)
class Held:
    """Persons that nobody else changes until the transaction ends, and their cases.

    Attributes:
        persons: by id.
        cases: of all of them, in the order in which they were locked.
    """

    persons: dict[UUID, Person]
    cases: list[Case]


def hold_persons(session: Session, persons: Collection[UUID]) -> Held:
    """Lock persons with their cases and links.

    Args:
        session: the caller's.
        persons: their ids.

    Raises:
        Overtaken: a case or a link arrived while this waited; its transaction must begin again.
    """
    of_cases, of_links = _cases_of(persons), _links_of(persons)
    locked = of_cases.with_for_update().execution_options(populate_existing=True)
    cases = session.exec(locked).all()
    numbers = select(Person.nhs_number).where(col(Person.id).in_(persons)).distinct()
    for number in sorted(filter(None, session.exec(numbers))):
        take_turns(session, number)
    links = session.exec(of_links.with_for_update()).all()
    found = session.exec(
        select(Person)
        .where(col(Person.id).in_(persons))
        .order_by(col(Person.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    now = session.exec(select(Case.id).where(col(Case.person).in_(persons))).all()
    if set(now) != {each.id for each in cases} or set(session.exec(of_links).all()) != set(links):
        raise Overtaken
    return Held({each.id: each for each in found}, list(cases))


def take_turns(session: Session, nhs_number: str) -> None:
    """Let no other transaction link or merge by this NHS number until this one ends."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"nhs/{nhs_number}", 0))
    session.connection().execute(select(lock))


@dataclass(frozen=True)
class Subject:
    """Whom a Patient is about.

    Attributes:
        person: its id.
        stands: what stands of it; None where it is not held.
    """

    person: UUID
    stands: Sequence[Stop] | None


_FLAGS = ", ".join(f"p.{column}" for column in STOPS.values())
_SUBJECTS = f"""
SELECT l.patient, l.person, {_FLAGS} FROM patient_link l JOIN person p ON p.id = l.person
WHERE l.patient = ANY(%(patients)s::text[]) ORDER BY l.patient FOR SHARE
"""  # noqa: S608 - columns of our own


def hold_subjects(session: Session, patients: Collection[str]) -> dict[str, Subject]:
    """Whom Patients are about, by Patient; of those that are about nobody nothing.

    Until this transaction ends nobody merges them with anyone, and no stop is said of them.
    """
    connection = session.connection()
    rows = connection.exec_driver_sql(_SUBJECTS, {"patients": sorted(set(patients))})
    found = {row.patient: Subject(row.person, stops_of(row)) for row in rows}
    for patient in sorted(set(patients) - found.keys()):
        # A merge for which this waited has moved its link to a person that the statement, which
        # began before, had not joined to it.
        text = "SELECT person FROM patient_link WHERE patient = %(patient)s::text FOR SHARE"
        moved = connection.exec_driver_sql(text, {"patient": patient}).scalar_one_or_none()
        if moved is not None:
            found[patient] = Subject(moved, hold_standing(session, moved))
    return found


def hold_standing(session: Session, person: UUID) -> list[Stop]:
    """What stands of a person; nothing else is said of it until this transaction ends."""
    text = f"SELECT {_FLAGS} FROM person p WHERE id = %(person)s::uuid FOR SHARE"  # noqa: S608
    parameters = {"person": person}
    return stops_of(session.connection().exec_driver_sql(text, parameters).one())


def survivor_of(session: Session, person: UUID) -> UUID:
    """The record under which a person is kept now, wherever it was merged to."""
    while (into := _merged_into(session, person)) is not None:
        person = into
    return person


def records_of(session: Session, persons: Collection[UUID]) -> list[UUID]:
    """The records of persons: their own and all that were merged into them.

    Whoever exports or erases a person must do so to each of these.
    """
    own = select(Person.id).where(col(Person.id).in_(persons))
    return list(session.exec(records_under(own)))


def records_under(persons: SelectOfScalar[Any]) -> SelectOfScalar[UUID]:
    """The same for persons that a statement finds, as a statement."""
    own = persons.cte("records", recursive=True)
    (key,) = own.c
    merged = select(Person.id).join(own, col(Person.merged_into) == key)
    (found,) = own.union(merged).c
    return select(found)


def home_of(session: Session, case: Case) -> UUID:
    """The record that a case's own Patient had before any merge that still stands."""
    assert case.person is not None
    return record_of(session, case.patient, case.person)


def record_of(session: Session, patient: str | None, person: UUID) -> UUID:
    """The record that a Patient had before any merge that still stands.

    Args:
        session: the caller's.
        patient: its id.
        person: whom it is about now.
    """
    first = session.exec(
        select(PersonMerge.merged)
        .join(MergeMoved, col(MergeMoved.merge) == col(PersonMerge.id))
        .where(
            MergeMoved.kind == "patient",
            MergeMoved.key == patient,
            col(PersonMerge.undone).is_(None),
        )
        .order_by(col(PersonMerge.made))
        .limit(1)
    ).one_or_none()
    return first or person


def cared_for_by(principal: Principal) -> ColumnElement[bool]:
    """Which cases somebody stands for: a link worker the team's, a coordinator the hub's."""
    organisation = UUID(principal.organisation)
    ways: list[ColumnElement[bool]] = []
    if "link-worker" in principal.roles:
        ways.append(col(Case.team) == organisation)
    if "coordinator" in principal.roles:
        hubs = select(PlaceHub.code).where(PlaceHub.organisation == organisation)
        ways.append(col(Case.hub).in_(hubs))
    return or_(false(), *ways)


def _cases_of(persons: Collection[UUID]) -> SelectOfScalar[Case]:
    return select(Case).where(col(Case.person).in_(persons)).order_by(col(Case.key))


def _links_of(persons: Collection[UUID]) -> SelectOfScalar[str]:
    mine = select(PatientLink.patient).where(col(PatientLink.person).in_(persons))
    return mine.order_by(col(PatientLink.patient))


def _merged_into(session: Session, person: UUID) -> UUID | None:
    return session.exec(select(Person.merged_into).where(Person.id == person)).one()
