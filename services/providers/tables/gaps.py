"""What is missing where, and what hubs do about it. Nothing here is about a person."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.providers.gaps.domain import STATES
from services.providers.tables.base import Base, instant


class Gap(Base, table=True):
    """Once that nothing fitted: which need, where, and why.

    `area` is a postcode district, never more of a postcode; nothing says who asked for whom.
    """

    __tablename__ = "gap"
    __table_args__ = (Index("ix_gap_hub_need", "hub", "need", "noted"),)
    id: UUID = Field(primary_key=True)
    need: str = Field(max_length=100)
    hub: str = Field(max_length=40)
    area: str = Field(max_length=4)
    reason: str = Field(max_length=40)
    noted: datetime = instant()


class GapAction(Base, table=True):
    """What a hub does about a gap, from an idea to a service that is listed."""

    __tablename__ = "gap_action"
    __table_args__ = (
        CheckConstraint(
            "state IN (" + ", ".join(f"'{state}'" for state in STATES) + ")", name="state"
        ),
    )
    id: UUID = Field(primary_key=True)
    hub: str = Field(max_length=40, foreign_key="hub.code", index=True)
    need: str = Field(max_length=100)
    area: str | None = Field(default=None, max_length=4)
    idea: str = Field(sa_type=Text)
    state: str = Field(max_length=20)
    could_run: str | None = Field(default=None, max_length=200)
    organization_id: UUID | None = Field(default=None, foreign_key="organization.id")
    service_id: UUID | None = Field(default=None, foreign_key="service.id")
    starts: date | None = None
    review: date | None = None
    created: datetime = instant()
    updated: datetime = instant()
