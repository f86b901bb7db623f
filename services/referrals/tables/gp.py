"""The message back to the GP: what a practice wants, what was agreed, each message, its sending."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Index, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant
from shared.database import NAMING
from shared.delivery import DeliveryTables

gp_delivery_metadata = MetaData(naming_convention=NAMING)
gp_deliveries = DeliveryTables(gp_delivery_metadata, "gp_delivery")
"""What is sent to practices, by the delivery engine; its payload is the message's id, its address
the practice's ODS code."""


class PracticeWish(Row, table=True):
    """What a practice wants to hear, and by which route; one that said nothing has no row."""

    __tablename__ = "practice_wish"

    practice: str = Field(primary_key=True, max_length=12, foreign_key="practice.ods_code")
    first_outcome: bool
    closure: bool
    safety: bool
    delay: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    route: str = Field(max_length=10)
    changed_by: str
    changed: datetime = instant()


class GpCode(Row, table=True):
    """A code of messages to practices that a deployment loaded in place of the one it came with."""

    __tablename__ = "gp_code"

    purpose: str = Field(primary_key=True, max_length=40)
    """What it says: one of `gp.coding.Purpose`."""
    system: str
    code: str = Field(max_length=20)
    display: str
    verified: bool


class GpSharing(Row, table=True):
    """What the person agreed may go back to their GP (care 7b); nobody asked yet: no row."""

    __tablename__ = "gp_sharing"

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    items: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    how: str
    recorded_by: str
    given: datetime = instant()
    withdrawn: datetime | None = instant(nullable=True, default=None)


class GpMessage(Row, table=True):
    """One message to a practice: exactly one for each thing that happened in a case."""

    __tablename__ = "gp_message"
    __table_args__ = (
        UniqueConstraint("case", "kind", "cause"),
        Index("ix_gp_message_worry", "state", postgresql_where=text("kind = 'safety'")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    kind: str = Field(max_length=20)
    cause: str = Field(default="", max_length=40)
    """What tells several of a kind apart: the id that whoever reported a concern gave it."""
    practice: str = Field(max_length=12)
    route: str = Field(max_length=10)
    state: str = Field(max_length=10)
    reason: str | None = Field(default=None, max_length=60)
    """Why it stands where it stands, as a code."""
    code: str | None = Field(default=None, max_length=20)
    """The national code that it brings, if it brings one."""
    words: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """What the link worker wrote for the practice."""
    written: bool = False
    """Whether its Communication and DocumentReference are there; they have its id."""
    itk_id: UUID = Field(default_factory=uuid4, index=True)
    """The identifier of its ITK3 message; another one when somebody sends it anew."""
    mesh_id: str | None = Field(default=None, index=True, max_length=60)
    made_by: str
    made: datetime = instant()
    changed: datetime = instant()
    sent: datetime | None = instant(nullable=True, default=None)
    posted_by: str | None = None
    posted_on: date | None = None
