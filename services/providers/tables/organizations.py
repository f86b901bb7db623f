"""Providers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from services.providers.tables.base import Base, instant, parent


class Organization(Base, table=True):
    """A provider."""

    __tablename__ = "organization"
    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=300, index=True)
    alternate_name: str | None = Field(default=None, max_length=300)
    description: str = Field(sa_type=Text)
    email: str | None = Field(default=None, max_length=254)
    website: str | None = Field(default=None, max_length=2000)
    logo: str | None = Field(default=None, max_length=2000)
    uri: str | None = Field(default=None, max_length=2000)
    legal_status: str | None = Field(default=None, max_length=200)
    year_incorporated: int | None = None
    parent_organization_id: UUID | None = parent("organization.id")
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)
    digest: str | None = Field(default=None, max_length=64)
    version: int = Field(default=1, sa_type=BigInteger)
    last_modified: datetime = instant()


class OrganizationIdentifier(Base, table=True):
    """A number of an official register: charity, company, ODS."""

    __tablename__ = "organization_identifier"
    __table_args__ = (Index("ix_organization_identifier_number", "identifier_type", "identifier"),)
    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    identifier_scheme: str | None = Field(default=None, max_length=200)
    identifier_type: str = Field(max_length=200)
    identifier: str = Field(max_length=200)
