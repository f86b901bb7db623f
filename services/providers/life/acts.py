"""What is done with a listing, noted in the order in which it is done."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from services.providers.life.states import Act
from services.providers.rows import table
from shared.database import UnitOfWork


def note(
    uow: UnitOfWork, subject: UUID, what: Act, now: datetime, *, by: str, why: str | None = None
) -> int:
    """Note an act within the caller's transaction.

    Args:
        uow: the transaction, which holds the listing's lock.
        subject: the service or organisation.
        what: was done.
        now: when.
        by: the client that did it, or the name of the round that did.
        why: in their words.

    Returns:
        Its position, which is the version of an event that tells of it.
    """
    act = table("listing_act")
    row = {"subject": subject, "what": what.value, "at": now, "by": by, "why": why}
    noted = insert(act).values(row).returning(act.c.position)
    return int(uow.session.connection().execute(noted).scalar_one())


def of(uow: UnitOfWork, subject: UUID) -> list[RowMapping]:
    """What was done with a listing, the newest first."""
    act = table("listing_act")
    wanted = select(act).where(act.c.subject == subject).order_by(act.c.position.desc())
    return list(uow.session.connection().execute(wanted).mappings())
