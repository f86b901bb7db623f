"""The people around a person (care 17)."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class PersonAround(Row, table=True):
    """Somebody around a person: who they are to them, whether they may decide, what they may hear.

    The team knows it; it is never written into what a GP's record system sent.
    """

    __tablename__ = "person_around"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person: UUID = Field(foreign_key="person.id", index=True)
    name: str
    relation: str
    carer: bool = False
    """Whether they look after the person; a carer is somebody in their own right."""
    authority: str = "none"
    """By what law they decide for the person; capacity itself is for each decision."""
    evidence: str = ""
    """What was seen of it, such as the registered power of attorney, and when."""
    may_hear: str = ""
    """What the person agrees that they are told; empty for nothing."""
    phone: str = ""
    recorded_by: str = ""
    recorded: datetime = instant()
    ended: datetime | None = instant(nullable=True, default=None)
    ended_by: str | None = None
