"""What came in at a front door: who handed it in, how the person agreed, and its reference."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class FrontDoorEntry(Row, table=True):
    """One referral that came by a form, by phone or on paper (care 22)."""

    __tablename__ = "front_door_entry"
    __table_args__ = (UniqueConstraint("organisation", "key"),)

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    organisation: UUID
    """Of the client that handed it in, within which `key` means one referral."""
    key: str = Field(max_length=64)
    """The form's own: the same one again makes no second case."""
    digest: str = Field(max_length=64)
    """Of all that was said, so that a repeat is told from other content."""
    reference: str = Field(unique=True, max_length=11)
    """On the receipt; random, so that it names nobody."""
    source: str = Field(max_length=20)
    entered: str = Field(max_length=10)
    """`online`, or by staff: `phone`, `paper`; `walk-in` by a provider to whom somebody came."""
    entered_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Who of the staff typed it: the `sub` of their account, of `organisation`."""
    written: date | None = None
    """The day on the paper."""
    relation: str = ""
    """What whoever handed it in is to the person."""
    referrer: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    agreed_how: str
    """How the person agreed to it (care 7)."""
    tell_referrer: bool
    """Whether the person agreed that whoever handed it in hears what came of it."""
    received: datetime = instant()
