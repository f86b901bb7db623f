"""Copies of the directory's public listings, kept by its events, so that no write calls it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class ListedProvider(Row, table=True):
    """A provider as the directory last published it."""

    __tablename__ = "listed_provider"

    id: UUID = Field(primary_key=True)
    name: str
    listed: bool = True
    sequence: str = ""
    listing: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ListedService(Row, table=True):
    """A service as the directory last published it."""

    __tablename__ = "listed_service"

    id: UUID = Field(primary_key=True)
    provider: UUID = Field(index=True)
    name: str
    listed: bool = True
    """False once withdrawn; nobody may be asked then."""
    tier: int = 2
    sequence: str = ""
    listing: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ListedCapacity(Row, table=True):
    """How much room a service has, as the directory last said: with its listing or by itself.

    A row of its own, because either may overtake the other, and each counts by its own sequence.
    """

    __tablename__ = "listed_capacity"

    service: UUID = Field(primary_key=True)
    state: str = Field(max_length=64)
    places: int | None = None
    waiting: int | None = None
    keeps_list: bool = False
    expires: datetime | None = instant(nullable=True, default=None)
    """From then on nobody knows."""
    sequence: str
