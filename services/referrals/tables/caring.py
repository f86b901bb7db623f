"""How a team cares with care for itself: how much a case asks of it, visits, and supervision."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Index, text
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Complexity(Row, table=True):
    """That a case was found to ask so much of the team, and why; the last one counts."""

    __tablename__ = "case_complexity"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    level: str = Field(max_length=20)
    because: str
    set_by: str
    set: datetime = instant()


class Visiting(Row, table=True):
    """What stands about visiting this person: whether at home, and whether alone."""

    __tablename__ = "case_visiting"

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    at_home: bool
    alone: bool
    because: str
    set_by: str
    set: datetime = instant()


class Supervision(Row, table=True):
    """That somebody of the team wants to talk about a case with the team lead, until they did."""

    __tablename__ = "case_supervision"
    __table_args__ = (
        Index(
            "uq_case_supervision_open",
            "case",
            unique=True,
            postgresql_where=text("talked IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    because: str
    asked_by: str
    asked: datetime = instant()
    talked: datetime | None = instant(nullable=True, default=None)
    talked_by: str | None = None
    came: str = ""
    """What they agreed to do; about the work, and for the team alone."""
