"""Copies of what the issuer says of its clients, for what runs without a token."""

from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row


class KnownClient(Row, table=True):
    """A client as the issuer last said; none of one that never changed, or of another issuer."""

    __tablename__ = "known_client"

    client_id: str = Field(primary_key=True)
    organisation: UUID
    active: bool
    roles: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    scopes: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    sequence: str = ""
