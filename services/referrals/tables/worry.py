"""That somebody worries about a person: who looks at it, what was decided, what came (care 11)."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Worry(Row, table=True):
    """One worry. It is open until an outcome is written, whatever becomes of the case."""

    __tablename__ = "case_worry"

    id: UUID = Field(primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    task: str | None = Field(default=None, foreign_key="case_task.id", max_length=64)
    """By which request the provider knows the person who raised it; none where the team did."""
    words: str
    raised_by: str
    raised: datetime = instant()
    lead: str | None = Field(default=None, max_length=64)
    """Who of the team looks at it: the `sub` of their account."""
    closed: datetime | None = instant(nullable=True, default=None)


class WorryNote(Row, table=True):
    """What was done about a worry, one after the other; nothing of it is written over."""

    __tablename__ = "case_worry_note"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    worry: UUID = Field(foreign_key="case_worry.id")
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    kind: str = Field(max_length=20)
    """One of `worries.Act`."""
    words: str = ""
    lead: str | None = Field(default=None, max_length=64)
    """Whom it was given to, where that is what was done."""
    made_by: str
    made: datetime = instant()
