"""A person's record is restricted, or held for a court; both until somebody lifts it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.handlers.stopping import tell
from services.referrals.persons import Held, again_if_overtaken, hold_persons
from services.referrals.record import Stop
from services.referrals.subject.finding import Subject, subject_of
from services.referrals.subject.operators import operator
from services.referrals.tables import Case, Person
from services.referrals.trail import note
from shared.database import UnitOfWork
from shared.repeating import repeating

RESTRICTED: set[Stop] = {"restricted"}


@again_if_overtaken
@repeating
def restrict(desk: Desk, person: UUID, *, by: str, restricted: bool = True) -> Subject:
    """Hide who the person is from providers at once, or show it again as agreed (care 12).

    The same stop as a link worker says (`handlers.stopping`), at an operator's command and whoever
    cares for the person.

    Args:
        desk: what every use case works with.
        person: their id.
        by: the operator who does it.
        restricted: false lifts the restriction.

    Raises:
        NoSuchPerson: there is no such record.
    """
    with desk.work() as uow:
        subject = subject_of(uow.session, person)
        held = hold_persons(uow.session, subject.persons)
        for record in held.persons.values():
            record.restricted = restricted
        _note(desk, uow, subject, held, "restrict" if restricted else "lift-restriction", by)
        said, lifted = (RESTRICTED, set[Stop]()) if restricted else (set[Stop](), RESTRICTED)
        for case in held.cases:
            if case.erased is None:
                file = CaseFile(desk, uow, case, operator(by))
                tell(file, subject.person, said=said, lifted=lifted)
                file.finish()
        uow.session.flush()
        uow.commit()
        return subject


@again_if_overtaken
@repeating
def hold(desk: Desk, person: UUID, *, by: str, held: bool = True) -> Subject:
    """Put a legal hold on all that is held about a person, or lift it.

    Under a hold nothing about them is erased, neither when somebody asks nor when its time ends;
    nor what was done and told about them, in the trail and in the lists of messages.

    Args:
        desk: what every use case works with.
        person: their id.
        by: the operator who does it.
        held: false lifts the hold.

    Raises:
        NoSuchPerson: there is no such record.
    """
    with desk.work() as uow:
        subject = subject_of(uow.session, person)
        locked = hold_persons(uow.session, subject.persons)
        for record in locked.persons.values():
            record.legal_hold = held
        _note(desk, uow, subject, locked, "legal-hold" if held else "lift-legal-hold", by)
        uow.session.flush()
        uow.commit()
        return subject


def held_cases(engine: Engine) -> Sequence[UUID]:
    """The cases of everybody who is under a legal hold.

    Args:
        engine: the service's database.
    """
    held = select(Case.id).where(col(Case.person) == col(Person.id), col(Person.legal_hold))
    with Session(engine) as session:
        return session.exec(held.order_by(col(Case.id))).all()


def _note(desk: Desk, uow: UnitOfWork, subject: Subject, held: Held, action: str, by: str) -> None:
    now, key = desk.clock(), subject.person
    for record in held.persons.values():
        record.updated = now
        uow.session.add(record)
    held.persons[key].version += 1
    note(uow.session, operator(by), action, f"person/{key}", now, person=key)
    uow.session.flush()
