"""How long things may wait in a hub's place, and who was told that they waited longer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class HubLimitsSaid(Row, table=True):
    """One change of a hub's limits. The one with the highest number holds; the others are its
    history. Without `limits` it is back to what Kersey comes with."""

    __tablename__ = "hub_limits"

    hub: str = Field(foreign_key="place_hub.code", primary_key=True, max_length=40)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    limits: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    why: str = Field(max_length=500)
    said_by: str = Field(max_length=100)
    said_by_name: str = Field(max_length=200)
    """Of staff, who answer for what they decide by name."""
    said: datetime = instant()


class TriageTold(Row, table=True):
    """That somebody was told once that a triage Task waits, so that they are not told again."""

    __tablename__ = "triage_told"

    task: str = Field(foreign_key="case_task.id", primary_key=True, max_length=64)
    step: str = Field(primary_key=True, max_length=40)
    """For what it waited, and of whom it was told: `triage_clock.STEPS`."""
    team: UUID = Field(primary_key=True)
    """Another team that holds the case later has its own time."""
    told: datetime = instant()
