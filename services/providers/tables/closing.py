"""When providers are closed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.providers.tables.base import Base, instant


class Closing(Base, table=True):
    """A time in which a provider is closed: once, or every year between the same days.

    HSDS 3.0 has no place for days off: a schedule there says when something is on. So these stand
    beside it, and go out under `kersey.closed` of the organisation's listing.
    """

    __tablename__ = "closing"
    __table_args__ = (CheckConstraint("ends >= starts", name="in_order"),)

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    starts: date
    ends: date
    every_year: bool = False
    why: str = Field(max_length=100)
    said_by: str = Field(max_length=100)
    said: datetime = instant()
