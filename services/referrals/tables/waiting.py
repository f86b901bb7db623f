"""What a case waits for when nothing fits (care 3)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Waiting(Row, table=True):
    """One need that nothing meets yet, and the postcode districts where somebody would go.

    `opened` is when a service opened that could meet it, `service` which one; a link worker looks
    at it, and says anew what the case waits for.
    """

    __tablename__ = "waiting"
    __table_args__ = (Index("ix_waiting_need", "need"),)

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    need: str = Field(primary_key=True, max_length=100)
    areas: list[str] = Field(sa_column=Column(ARRAY(String(4)), nullable=False))
    since: datetime = instant()
    opened: datetime | None = instant(nullable=True, default=None)
    service: UUID | None = None
