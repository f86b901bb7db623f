"""Writing into the audit trail what concerns a person rather than one case's documents."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.referrals.tables import AuditEntry
from shared.auth import Principal


def note(
    session: Session,
    by: Principal,
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
        by: who does it.
        action: what is done, as a code.
        record: to what, as `person/<id>` or the like.
        now: the time of the act.
        person: whom it concerns.
        case: the case in whose care it is done.
    """
    session.add(
        AuditEntry(
            made=now,
            client_id=by.client_id,
            subject=by.subject,
            organisation=by.organisation,
            action=action,
            record=record,
            case=case,
            person=person,
        )
    )
