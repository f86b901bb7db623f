"""When a person is expected at a provider for the first time."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class FirstVisit(Row, table=True):
    """The first visit of one request, and the Appointment that says so to its readers."""

    __tablename__ = "first_visit"

    task: str = Field(foreign_key="case_task.id", primary_key=True, max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    appointment: str = Field(max_length=64)
    starts: datetime = instant()
    ends: datetime = instant()
    status: str = Field(max_length=20)
    """Of the Appointment: `booked`, `fulfilled`, `noshow` or `cancelled`."""
    company: str = Field(default="", max_length=20, sa_column_kwargs={"server_default": ""})
    """Who goes along: see `visits.Company`; empty where nobody has said."""
    meet: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    """When and where they meet the person, in the link worker's words."""
    said: datetime | None = instant(nullable=True, default=None)
    """When somebody last said so; `changed` is also when something came of it."""
    set_by: str = Field(max_length=100)
    changed: datetime = instant()
