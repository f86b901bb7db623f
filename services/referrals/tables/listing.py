"""Copies of the directory's public listings, kept by its events, so that no write calls it."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row


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
