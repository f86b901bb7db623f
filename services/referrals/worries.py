"""What stands of a worry: who looks at it, what was decided, what came of it (care 11).

It is need-to-know: its team reads it whole, its provider that somebody looks at it, a duty lead who
opens the case in an emergency what is open of it, and nobody else that there is one. Nothing of it
is in an event, a message, a document or an insight.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, true
from sqlmodel import Session, col, select

from services.referrals.domain import Refused
from services.referrals.resources import instant
from services.referrals.tables import Worklist, Worry, WorryNote
from shared.auth import Principal

View = dict[str, Any]


class Act(StrEnum):
    """What is done about a worry."""

    LEAD = "lead"
    """Somebody of the team is to look at it."""
    DECISION = "decision"
    """It is said what is done."""
    OUTCOME = "outcome"
    """It is said what came of it; with that it is closed."""


def known(session: Session, case: UUID) -> list[Worry]:
    """The worries of a case that are open."""
    wanted = select(Worry).where(Worry.case == case, col(Worry.closed).is_(None))
    return list(session.exec(wanted))


def refuse_while_open(session: Session, case: UUID) -> None:
    """A case in which somebody is worried is not closed by the way.

    Raises:
        Refused: a worry of it is open.
    """
    if known(session, case):
        words = "Somebody is worried about this person. Write what came of it first."
        raise Refused("conflict", words, "outcome")


def are_shown(roles: Iterable[str]) -> bool:
    """Whether whoever has these roles sees on a list that somebody is worried: teams alone."""
    return "link-worker" in roles and "coordinator" not in roles


def stands(roles: Iterable[str]) -> ColumnElement[bool]:
    """Whether a row of a list says so."""
    return and_(col(Worklist.worried), true() if are_shown(roles) else false())


def worries_of(worries: Iterable[Worry], notes: Iterable[WorryNote]) -> list[View]:
    """The worries of a case for its team, open ones first, with all that was done about each.

    Args:
        worries: in the order in which they were raised.
        notes: in the order in which they were made.
    """
    done: dict[UUID, list[View]] = {}
    for each in notes:
        done.setdefault(each.worry, []).append(
            {
                "kind": each.kind,
                "words": each.words,
                "lead": each.lead,
                "made": instant(each.made),
                "made_by": each.made_by,
            }
        )
    return [
        {
            "id": str(each.id),
            "task": each.task,
            "words": each.words,
            "raised": instant(each.raised),
            "raised_by": each.raised_by,
            "lead": each.lead,
            "closed": instant(each.closed) if each.closed else None,
            "notes": done.get(each.id, []),
        }
        for each in sorted(worries, key=lambda each: each.closed is not None)
    ]


def told_provider(session: Session, principal: Principal, task: str) -> list[View]:
    """What the provider reads of worries of its own: when, and how far it is; no words.

    Args:
        session: the caller's.
        principal: of the provider.
        task: of its request.
    """
    raised = select(Worry).where(Worry.task == task).order_by(col(Worry.raised))
    return [
        {
            "raised": instant(each.raised),
            "by_you": each.raised_by == principal.subject,
            "looked_at": each.lead is not None,
            "closed": instant(each.closed) if each.closed else None,
        }
        for each in session.exec(raised)
    ]
