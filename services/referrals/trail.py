"""Writing one act into the audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.referrals.tables import AuditEntry
from shared.auth import Principal

CLOCK = "clock"
"""Who did what nobody did."""


def note(
    session: Session,
    by: Principal | None,
    action: str,
    record: str,
    now: datetime,
    *,
    person: UUID | None = None,
    case: UUID | None = None,
    version: int | None = None,
) -> None:
    """Write one act into the audit trail, within the transaction that does it.

    Args:
        session: the caller's.
        by: who does it; None for the clock.
        action: what is done, as a code.
        record: to what, as `person/<id>` or the like.
        now: the time of the act.
        person: whom it concerns.
        case: the case in whose care it is done.
        version: which version of a document it made.
    """
    values = act(by, action, record, now, person=person, case=case, version=version)
    session.add(AuditEntry(**values))


def act(
    by: Principal | None,
    action: str,
    record: str,
    now: datetime,
    *,
    person: UUID | None = None,
    case: UUID | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """The same as the values of a row, for whoever writes it with others."""
    return {
        "made": now,
        "client_id": by.client_id if by else CLOCK,
        "subject": by.subject if by else CLOCK,
        "organisation": by.organisation if by else "",
        "action": action,
        "record": record,
        "version": version,
        "case": case,
        "person": person,
    }
