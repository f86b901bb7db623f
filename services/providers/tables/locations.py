"""Where services are offered."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.providers.tables.base import Base


class Location(Base, table=True):
    """Where something happens. Listed by one organisation; others may use it, not rewrite it."""

    __tablename__ = "location"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        Index("ix_location_point", "latitude", "longitude", postgresql_include=["id"]),
    )
    id: UUID = Field(primary_key=True)
    organization_id: UUID | None = Field(default=None, foreign_key="organization.id", index=True)
    location_type: str = Field(max_length=20)
    name: str | None = Field(default=None, max_length=300)
    alternate_name: str | None = Field(default=None, max_length=300)
    description: str | None = Field(default=None, sa_type=Text)
    transportation: str | None = Field(default=None, sa_type=Text)
    latitude: float | None = None
    longitude: float | None = None
    external_identifier: str | None = Field(default=None, max_length=200)
    external_identifier_type: str | None = Field(default=None, max_length=60)


class ServiceAtLocation(Base, table=True):
    """A service at one of its locations."""

    __tablename__ = "service_at_location"
    __table_args__ = (Index("ix_service_at_location_location", "location_id", "service_id"),)
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    location_id: UUID = Field(foreign_key="location.id")
    description: str | None = Field(default=None, sa_type=Text)


class Address(Base, table=True):
    """A location's postal address."""

    __tablename__ = "address"
    id: UUID = Field(primary_key=True)
    location_id: UUID = Field(foreign_key="location.id", index=True)
    attention: str | None = Field(default=None, max_length=200)
    address_1: str = Field(max_length=300)
    city: str = Field(max_length=200)
    region: str | None = Field(default=None, max_length=200)
    state_province: str = Field(max_length=200)
    postal_code: str = Field(max_length=20)
    country: str = Field(max_length=2)
    address_type: str = Field(max_length=20)


class Accessibility(Base, table=True):
    """What a location has for disabled people, in words; the codes are attributes."""

    __tablename__ = "accessibility"
    id: UUID = Field(primary_key=True)
    location_id: UUID = Field(foreign_key="location.id", index=True)
    description: str | None = Field(default=None, sa_type=Text)
    details: str | None = Field(default=None, sa_type=Text)
    url: str | None = Field(default=None, max_length=2000)
    accessibility: str | None = Field(default=None, sa_type=Text)
