"""Decisions of which somebody asked whether the person could make them (care 17)."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class PersonDecision(Row, table=True):
    """One decision: whether the person could make it, what showed that, and who made it.

    Capacity is for each decision and each time (Mental Capacity Act 2005, s. 2 and 3), and of who
    is under 16 so is competence; so nothing here says that a person "has" or "lacks" it, and no
    entry is ever changed.
    """

    __tablename__ = "person_decision"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person: UUID = Field(foreign_key="person.id", index=True)
    decision: str
    under_16: bool = False
    """Whether it was competence that was looked at."""
    able: bool
    seen: str
    """What showed whether they were able."""
    decided_by: str
    who: str = ""
    """Who that was, where it was not the person."""
    recorded_by: str = ""
    recorded: datetime = instant()
