"""Who did what to which record, and who saw which: the two halves of the audit trail."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Identity, Index, text
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class AuditEntry(Row, table=True):
    """One act, written in the transaction that did it. Ids and codes only, so that it can outlive
    what it speaks of."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_record", "record"),
        Index("ix_audit_entry_made", "made"),
    )

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    key: UUID = Field(
        default_factory=uuid4, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )
    """By which it is named outside: its position would tell how much others do."""
    made: datetime = instant()
    client_id: str
    subject: str
    organisation: str
    action: str
    record: str
    """`Type/id` of a document, or `case/<id>`."""
    version: int | None = None
    """Which version of the document the act made; none where it made none."""
    case: UUID | None = Field(default=None, index=True)
    person: UUID | None = Field(default=None, index=True)


class AccessEntry(Row, table=True):
    """One look at one record of a person, written a moment after it (see `accesses`)."""

    __tablename__ = "access_entry"
    __table_args__ = (
        Index("ix_access_entry_record", "record"),
        Index("ix_access_entry_holder_made", "holder", "made"),
        Index("ix_access_entry_person_made", "person", "made"),
        Index("ix_access_entry_made", "made"),
    )

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    key: UUID = Field(
        default_factory=uuid4, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )
    """By which it is named outside: its position would tell how much others do."""
    made: datetime = instant()
    client_id: str
    subject: str
    organisation: str
    action: str
    """A FHIR interaction by its code, or `case-read` for the case API."""
    denied: bool
    record: str
    """`Type/id` of a document, or `case/<id>`."""
    query: str = ""
    """Of a search the type and the names of its parameters; never their values."""
    holder: str
    """The organisation whose patient it is: the sender of the record, or of its case."""
    case: UUID | None = Field(default=None, index=True)
    person: UUID
