"""How soon a service answers, and how often with yes: counted from events, shown, never ranked by.

Of few answers no figure is made: it would say more of chance, and of single people, than of the
group (care 26).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import LateralFromClause

from services.providers.nested import Row
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import (
    Envelope,
    ProviderTaskEvent,
    ReferralAccepted,
    ReferralDeclined,
    ReferralOffered,
    ReferralRequested,
    ReferralWaitlisted,
)

YES = (ReferralAccepted, ReferralOffered, ReferralWaitlisted)
"""A place on a waiting list is a yes that takes its time."""
ANSWERS = (*YES, ReferralDeclined)

SUBSCRIPTION = Subscription(
    "providers", "replies", frozenset(event.type for event in (ReferralRequested, *ANSWERS))
)

FEWEST = 10
"""Answers from which on figures are made (care 26)."""
RECENT = timedelta(days=365)
"""How old an answer may be to count: groups change."""
USUALLY = 0.75
"""The share of answers that came within what is called usual."""


def note(uow: UnitOfWork, envelope: Envelope) -> None:
    """Note one event within the caller's transaction, whatever comes twice or in another order.

    What is told again says nothing of when it was, and is passed over.
    """
    event = envelope.data
    assert isinstance(event, ProviderTaskEvent)
    if envelope.replay:
        return
    reply = table("reply")
    noted: dict[str, Any] = {"task_id": event.task, "service_id": event.service}
    if isinstance(event, ANSWERS):
        noted |= {"answered": envelope.time, "accepted": isinstance(event, YES)}
        statement = insert(reply).values(noted)
        first = or_(reply.c.answered.is_(None), statement.excluded.answered < reply.c.answered)
        changed: dict[str, Any] = {
            name: case((first, statement.excluded[name]), else_=reply.c[name])
            for name in ("answered", "accepted")
        }
    else:
        statement = insert(reply).values(noted | {"asked": envelope.time})
        changed = {"asked": statement.excluded.asked}
    uow.session.connection().execute(
        statement.on_conflict_do_update(index_elements=["task_id"], set_=changed)
    )


@dataclass(frozen=True)
class Replies:
    """How a service has answered in the last year.

    Attributes:
        answers: how many there were.
        usual_days: within how many days three of four came.
        accepted: the share that was yes.
    """

    answers: int
    usual_days: int
    accepted: float


def counted(service: ColumnElement[UUID]) -> LateralFromClause:
    """How a service answers (`answers`, `seconds`, `accepted`); no row where it is not known.

    Args:
        service: its id. The statement is to be given `since`, the first instant that counts.
    """
    reply = table("reply").c
    took = cast(func.extract("epoch", reply.answered - reply.asked), Float)
    return (
        select(
            func.count().label("answers"),
            func.percentile_disc(USUALLY).within_group(took).label("seconds"),
            func.avg(case((reply.accepted, 1.0), else_=0.0)).label("accepted"),
        )
        .where(
            reply.service_id == service,
            reply.asked.is_not(None),
            reply.answered > bindparam("since", None, type_=DateTime(timezone=True)),
        )
        .having(func.count() >= FEWEST)
        .lateral("replies")
    )


def since(now: datetime) -> datetime:
    """The first instant that counts, of the present one."""
    return now - RECENT


def of(row: Row) -> Replies | None:
    """What was counted, of a row that may have `counted`; None where it is not known."""
    if row.get("answers") is None:
        return None
    days = max(1, ceil(row["seconds"] / 86_400))
    return Replies(row["answers"], days, round(float(row["accepted"]), 2))
