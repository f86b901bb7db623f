"""The plan of a case: measures (care 19), goals with what is done for them, and signposting."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Review(Row, table=True):
    """One time that a person was asked how they are; what was asked is in `Measure`."""

    __tablename__ = "review"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    day: date
    filled_in: str = Field(max_length=20)
    """By whom: the person, with help, or somebody for them."""
    how: str = Field(max_length=20)
    language: str = ""
    wanted: str = ""
    changed: str = ""
    harm: str = ""
    """In the person's own words: what they want, what changed, what got worse."""
    recorded_by: str
    recorded: datetime = instant()
    struck: datetime | None = instant(nullable=True, default=None)
    """When it was taken back as a mistake; it counts for nothing since."""
    struck_by: str | None = None


class Measure(Row, table=True):
    """One measure of a review: its answers, or why nobody asked."""

    __tablename__ = "measure"

    review: UUID = Field(foreign_key="review.id", primary_key=True)
    instrument: str = Field(primary_key=True, max_length=20)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    answers: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    not_asked: str | None = Field(default=None, max_length=20)


class Goal(Row, table=True):
    """Something that the person wants, in their words."""

    __tablename__ = "goal"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    words: str
    by_when: date | None = None
    state: str = Field(max_length=10)
    came: str = ""
    """What came of it, in the person's words."""
    recorded_by: str
    recorded: datetime = instant()
    settled: datetime | None = instant(nullable=True, default=None)


class GoalAction(Row, table=True):
    """What somebody does for a goal."""

    __tablename__ = "goal_action"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    goal: UUID = Field(foreign_key="goal.id", index=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    words: str
    who: str = Field(max_length=20)
    by_when: date | None = None
    recorded: datetime = instant()
    done: datetime | None = instant(nullable=True, default=None)


class Signpost(Row, table=True):
    """A person was told of a service and goes by themself: no referral, nothing is shared."""

    __tablename__ = "signpost"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    service: UUID = Field(index=True)
    made_by: str
    made: datetime = instant()
