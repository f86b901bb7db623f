"""What a provider and a link worker write to each other about one request, and think of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class RequestMessage(Row, table=True):
    """A few words from one side to the other; both read all of them."""

    __tablename__ = "request_message"

    key: UUID = Field(primary_key=True)
    """Of the writing: the same one sent again is one message."""
    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), nullable=False)
    )
    task: str = Field(foreign_key="case_task.id", index=True, max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    side: str = Field(max_length=10)
    """Who writes: one of `talk.Side`."""
    text: str
    written_by: str
    written: datetime = instant()


class RequestFeedback(Row, table=True):
    """What one side thinks of a request: the provider of how it came, the team of what came of it.

    Codes only, so that nobody says more of the person than of the work.
    """

    __tablename__ = "request_feedback"

    task: str = Field(foreign_key="case_task.id", primary_key=True, max_length=64)
    side: str = Field(primary_key=True, max_length=10)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    good: str = Field(max_length=10)
    points: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    given_by: str
    given: datetime = instant()
