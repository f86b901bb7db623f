"""Two records that may be one person: who may decide, and what they are shown to decide by.

Nobody is shown a record that they do not care for, and nobody decides about one alone. Who stands
for one side sees which signs agree, and never the other side's; a merge needs the agreement of both
sides that have a case. Where a record is restricted, only who stands for both sides sees anything:
that there is another record at all would tell where somebody is (care 12).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from services.referrals.casefile import NoSuchCase
from services.referrals.domain import Refused
from services.referrals.persons import cared_for_by, records_under, survivor_of
from services.referrals.tables import Case, LinkProposal, Person
from shared.auth import Principal

Likeness = Literal["same", "different", "unknown"]
SIGNS = ("nhs_number", "family", "birth_date")
"""What two records are compared by. Equality data is none of it (care 8)."""


@dataclass(frozen=True)
class Side:
    """One of the two records, as it stands to whoever asks.

    Attributes:
        person: the record, or the one that it was merged into.
        yours: cases about it that the asker stands for.
        others: whether anybody has a case about it.
        agreed: whether somebody who stands for it agreed.
    """

    person: Person
    yours: list[Case]
    others: bool
    agreed: bool


@dataclass(frozen=True)
class Proposed:
    """A proposal with its two sides, in the order of its columns."""

    proposal: LinkProposal
    sides: tuple[Side, Side]

    @property
    def settled(self) -> bool:
        """Whether both records were merged by another way."""
        return self.sides[0].person is self.sides[1].person

    def likeness(self, sign: str) -> Likeness:
        """Whether the two records agree in one of `SIGNS`."""
        one, other = (getattr(side.person, sign) for side in self.sides)
        if not one or not other:
            return "unknown"
        return "same" if one == other else "different"


def proposals(session: Session, principal: Principal, after: UUID | None) -> Iterator[Proposed]:
    """Open proposals that concern cases of the asker, oldest first.

    Args:
        session: the caller's.
        principal: a link worker, or a hub's coordinator.
        after: the last one of the page before.

    Raises:
        Refused: `after` is none that the asker has a part in; the same whether there is one or not.
    """
    known = col(Case.person).is_not(None)
    cases = select(col(Case.person)).where(cared_for_by(principal), known).distinct()
    records = records_under(cases)
    concerned = or_(col(LinkProposal.person).in_(records), col(LinkProposal.candidate).in_(records))
    found = select(LinkProposal).where(concerned, col(LinkProposal.decision).is_(None))
    if after is not None:
        last = session.get(LinkProposal, after)
        if last is None or as_seen(session, principal, last) is None:
            words = "There is no such proposal for you. Begin again with the first page."
            raise Refused("business-rule", words, "after")
        later = (col(LinkProposal.created) > last.created) | (
            (col(LinkProposal.created) == last.created) & (col(LinkProposal.id) > last.id)
        )
        found = found.where(later)
    ordered = found.order_by(col(LinkProposal.created), col(LinkProposal.id))
    for proposal in session.exec(ordered):
        seen = as_seen(session, principal, proposal)
        if seen is not None and not seen.settled:
            yield seen


def as_seen(session: Session, principal: Principal, proposal: LinkProposal) -> Proposed | None:
    """A proposal as the asker sees it; None where they have no part in it."""
    one = survivor_of(session, proposal.person)
    other = survivor_of(session, proposal.candidate)
    sides = (
        _side(session, principal, one, proposal.person_agreed_by),
        _side(session, principal, other, proposal.candidate_agreed_by),
    )
    stood_for = [bool(side.yours) for side in sides]
    restricted = any(side.person.restricted for side in sides)
    if not (all(stood_for) if restricted else any(stood_for)):
        return None
    return Proposed(proposal, sides)


def proposal_for(session: Session, principal: Principal, key: UUID) -> Proposed:
    """A proposal that the asker has a part in, locked.

    Raises:
        NoSuchCase: there is none, or the asker has no part in it.
    """
    locked = select(LinkProposal).where(LinkProposal.id == key).with_for_update()
    proposal = session.exec(locked).one_or_none()
    seen = as_seen(session, principal, proposal) if proposal is not None else None
    if seen is None:
        raise NoSuchCase
    return seen


def _side(session: Session, principal: Principal, key: UUID, agreed_by: str | None) -> Side:
    about = select(Case).where(Case.person == key).order_by(col(Case.key))
    yours = session.exec(about.where(cared_for_by(principal))).all()
    others = session.exec(about.limit(1)).first() is not None
    return Side(session.get_one(Person, key), list(yours), others, agreed_by is not None)
