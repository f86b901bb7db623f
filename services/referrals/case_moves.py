"""How a case came to where it stands: each move of its Tasks, as the audit trail has them.

The trail is written in the transaction that makes the move (`CaseFile.finish`), so that what is
told here is what happened, and a case of long ago tells it too.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy import select as columns
from sqlmodel import col

from services.referrals.case_rows import CASE
from services.referrals.domain import Kind, states
from services.referrals.resources import instant
from services.referrals.tables import AuditEntry
from services.referrals.trail import CLOCK
from services.referrals.views import View
from shared.gathering import Wanted

TASK = "Task/"
CREATED, HANDED_OVER = "create", "hand-over"
TOLD = sorted({CREATED, *(each.business for kind in Kind for each in states(kind))})
"""What the trail calls the making of a Task, and each of its moves: by where it led."""


def written() -> Wanted:
    """What the trail says of the case's Tasks, and that another team took the case over."""
    return (
        columns(
            col(AuditEntry.made),
            col(AuditEntry.subject),
            col(AuditEntry.action),
            col(AuditEntry.record),
        )
        .where(
            col(AuditEntry.case) == CASE,
            or_(
                and_(
                    col(AuditEntry.record).startswith(TASK),
                    col(AuditEntry.version).is_not(None),
                    col(AuditEntry.action).in_(TOLD),
                ),
                col(AuditEntry.action) == HANDED_OVER,
            ),
        )
        .order_by(col(AuditEntry.position))
    )


def moves_of(rows: Iterable[Any]) -> list[View]:
    """The moves, in their order: when, by whose account, of which Task, and to what it came.

    `to` is `create`, `hand-over` or the businessStatus after the move; a Task that was only written
    anew, such as when its priority changed, did not move. Nobody's account is that of the clock.
    """
    stands: dict[str, str] = {}
    found: list[View] = []
    for each in rows:
        task = each["record"].removeprefix(TASK) if each["record"].startswith(TASK) else None
        if task is not None and stands.get(task) == each["action"]:
            continue
        if task is not None:
            stands[task] = each["action"]
        found.append(
            {
                "task": task,
                "to": each["action"],
                "made": instant(each["made"]),
                "by": None if each["subject"] == CLOCK else each["subject"],
            }
        )
    return found
