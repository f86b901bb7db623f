"""Writing one act into the audit trail."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.referrals.tables import AuditEntry
from shared.auth import Principal


def note(
    session: Session,
    by: Principal | None,
    action: str,
    record: str,
    now: datetime,
    *,
    person: UUID | None = None,
    case: UUID | None = None,
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
    """
    session.add(
        AuditEntry(
            made=now,
            client_id=by.client_id if by else "clock",
            subject=by.subject if by else "clock",
            organisation=by.organisation if by else "",
            action=action,
            record=record,
            case=case,
            person=person,
        )
    )
