"""Finding a case in an emergency, exactly and without its person; each look is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, select
from sqlmodel import Session, col

from services.referrals.break_glass import (
    HOUR,
    MOST_LOOK_UPS,
    Act,
    View,
    number_of,
    reach,
    take_turns,
)
from services.referrals.desk import Desk
from services.referrals.persons import survivor_of
from services.referrals.resources import instant
from services.referrals.tables import (
    AuditEntry,
    Case,
    FrontDoorEntry,
    LinkWorkerService,
    Person,
    Practice,
)
from services.referrals.trail import note
from shared.auth import Principal
from shared.problems import Problem
from shared.repeating import repeating

MOST_FOUND = 20


@dataclass(frozen=True)
class LookedFor:
    """By what a case is looked for: one of the three.

    Attributes:
        number: of the case: its id or the eight signs that pages show, or that on a receipt.
        nhs_number: of the person.
        family: the person's last name; with `born`.
        born: the person's birth date.
    """

    number: str = ""
    nhs_number: str = ""
    family: str = ""
    born: date | None = None


@repeating
def look_up(desk: Desk, principal: Principal, wanted: LookedFor) -> list[View]:
    """The open cases of the duty lead's place that fit exactly, without their persons.

    That somebody is known to a team is personal too, so each look is kept in the trail, whether it
    found anybody or not, and nobody has many of them.

    Args:
        desk: what every use case works with.
        principal: a duty lead.
        wanted: by what.

    Raises:
        Problem: 429 after `MOST_LOOK_UPS` in an hour.
    """
    now = desk.clock()
    with desk.work() as uow:
        session = uow.session
        take_turns(session, principal)
        _brake(session, principal, now)
        rows = session.execute(
            select(Case, LinkWorkerService, Practice)
            .join(LinkWorkerService, col(LinkWorkerService.organisation) == col(Case.team))
            .outerjoin(Practice, col(Practice.ods_code) == col(Case.practice))
            .where(reach(principal), _fits(session, wanted))
            .order_by(col(Case.created).desc(), col(Case.id))
            .limit(MOST_FOUND)
        ).all()
        for case, _, _ in rows:
            note(
                session, principal, Act.LOOKED_UP, f"case/{case.id}", now,
                person=case.person, case=case.id,
            )  # fmt: skip
        if not rows:
            note(session, principal, Act.LOOKED_UP, "break-glass/nobody", now)
        session.flush()
        uow.commit()
    return [
        {
            "case": str(case.id),
            "number": number_of(case.id),
            "team": str(team.organisation),
            "team_name": team.name,
            "team_phone": team.phone,
            "practice_name": practice.name if practice else case.practice,
            "created": instant(case.created),
        }
        for case, team, practice in rows
    ]


def _brake(session: Session, principal: Principal, now: datetime) -> None:
    """One look makes a row for each case that it found, all of one moment."""
    lately = select(func.count(col(AuditEntry.made).distinct())).where(
        col(AuditEntry.made) > now - HOUR,
        col(AuditEntry.action) == Act.LOOKED_UP,
        col(AuditEntry.subject) == principal.subject,
    )
    if session.execute(lately).scalar_one() >= MOST_LOOK_UPS:
        raise Problem(
            429,
            "Too many looks",
            f"{MOST_LOOK_UPS} looks in an hour are for emergencies enough. Ring the team.",
            headers={"Retry-After": str(int(HOUR.total_seconds()))},
        )


def _fits(session: Session, wanted: LookedFor) -> ColumnElement[bool]:
    if wanted.number:
        return _numbered(wanted.number)
    if wanted.nhs_number:
        same = col(Person.nhs_number) == wanted.nhs_number
    else:
        same = (col(Person.family) == wanted.family) & (col(Person.birth_date) == wanted.born)
    found: Sequence[UUID] = session.scalars(select(col(Person.id)).where(same).limit(100)).all()
    if not found:
        return false()
    return col(Case.person).in_({survivor_of(session, each) for each in found})


def _numbered(number: str) -> ColumnElement[bool]:
    """By the number on a receipt; by the id, or the eight signs of it that pages show."""
    signs = "".join(each for each in number.lower() if each not in " -")
    receipt = select(col(FrontDoorEntry.case)).where(
        func.replace(func.lower(col(FrontDoorEntry.reference)), "-", "") == signs
    )
    by_receipt = col(Case.id).in_(receipt)
    if len(signs) not in (8, 32) or set(signs) - set("0123456789abcdef"):
        return by_receipt
    first, last = UUID(signs.ljust(32, "0")), UUID(signs.ljust(32, "f"))
    return by_receipt | col(Case.id).between(first, last)
