"""Erased persons: the list that is applied again after a backup was restored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Erasure(Row, table=True):
    """One erased person. Ids only; whoever reads it learns that somebody was erased, not who."""

    __tablename__ = "erasure"

    person: UUID = Field(primary_key=True)
    persons: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """Its own id and those of the records that were merged into it."""
    cases: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """By which other services find what they keep."""
    reason: str
    """A code, such as `person-asked`."""
    asked_by: str
    """The operator's name or role; not the person's."""
    erased: datetime = instant()
    told: datetime = instant()
    """When the other services were told last; what they confirmed before does not count."""


class ErasureConfirmation(Row, table=True):
    """A service erased what it kept about the person, or about their cases."""

    __tablename__ = "erasure_confirmation"

    person: UUID = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=64)
    confirmed: datetime = instant()
