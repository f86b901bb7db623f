"""The audit trail: who did what to which record, written in the transaction that did it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class AuditEntry(Row, table=True):
    """One act. Ids and codes only, so that it can outlive what it speaks of."""

    __tablename__ = "audit_entry"

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    made: datetime = instant()
    client_id: str
    subject: str
    organisation: str
    action: str
    record: str
    """`Type/id` of a document, or `case/<id>`."""
    case: UUID | None = Field(default=None, index=True)
    person: UUID | None = Field(default=None, index=True)
