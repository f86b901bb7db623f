"""Who came to which meeting, as its provider marked it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class AttendanceMark(Row, table=True):
    """One mark in a register. The last one of a request and a day holds; those before are kept.

    `key` is the marking's own: it may be sent again, late and after others, and is one mark.
    """

    __tablename__ = "attendance_mark"
    __table_args__ = (Index("ix_attendance_mark_task_day", "task", "day", "position"),)

    key: UUID = Field(primary_key=True)
    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), nullable=False)
    )
    task: str = Field(foreign_key="case_task.id", max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    day: date
    mark: str = Field(max_length=20)
    """One of `register.MARKS`."""
    marked_by: str
    marked: datetime = instant()
