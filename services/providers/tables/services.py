"""Services, and what a listing holds below one."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Numeric,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlmodel import Field

from services.providers.domain import Answering
from services.providers.tables.base import Base, instant

STATUSES = ("active", "inactive", "defunct", "temporarily closed")


class Service(Base, table=True):
    """What a provider offers, and Kersey's own facts about the listing.

    `version` counts every published change, capacity included: it is the sequence of the
    service's events, so that a reader of both kinds can tell the newer. `located` says whether
    any of its locations has coordinates: one that has none is never excluded for distance
    (care 26), and finding those few must not cost a scan. `latitude` and `longitude` say where all
    of them are, if that is one point, as it nearly always is: what lies near and says some words is
    then found by two indexes of one table. Where they say nothing of a service that is located, its
    locations have to be asked.
    """

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint(
            "status IN (" + ", ".join(f"'{status}'" for status in STATUSES) + ")", name="status"
        ),
        CheckConstraint("tier BETWEEN 1 AND 3", name="tier"),
        Index("ix_service_search", "search", postgresql_using="gin"),
        Index(
            "ix_service_name_part",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
        Index("ix_service_listed", "name", "id", postgresql_where=text("withdrawn IS NULL")),
        Index("ix_service_unlocated", "id", postgresql_where=text("NOT located")),
        Index("ix_service_point", "latitude", "longitude"),
        Index("ix_service_scattered", "id", postgresql_where=text("located AND latitude IS NULL")),
        Index("ix_service_modified", "last_modified", "id"),
    )
    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    name: str = Field(max_length=300)
    alternate_name: str | None = Field(default=None, max_length=300)
    description: str | None = Field(default=None, sa_type=Text)
    url: str | None = Field(default=None, max_length=2000)
    email: str | None = Field(default=None, max_length=254)
    status: str = Field(max_length=20)
    interpretation_services: str | None = Field(default=None, sa_type=Text)
    application_process: str | None = Field(default=None, sa_type=Text)
    fees: str | None = Field(default=None, sa_type=Text)
    fees_description: str | None = Field(default=None, sa_type=Text)
    accreditations: str | None = Field(default=None, sa_type=Text)
    eligibility_description: str | None = Field(default=None, sa_type=Text)
    minimum_age: float | None = None
    maximum_age: float | None = None
    assured_date: date | None = None
    assurer_email: str | None = Field(default=None, max_length=254)
    alert: str | None = Field(default=None, sa_type=Text)
    last_modified: datetime = instant()
    # Kersey's own
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)
    assured_by: str | None = Field(default=None, max_length=200)
    tier: int = 1
    ask_by: Answering = Field(default=Answering.EMAIL, sa_type=String(20))
    referral_email: str | None = Field(default=None, max_length=254)
    referral_phone: str | None = Field(default=None, max_length=40)
    withdrawn: datetime | None = instant(nullable=True)
    withdrawn_reason: str | None = Field(default=None, sa_type=Text)
    located: bool = False
    latitude: float | None = None
    longitude: float | None = None
    search_text: str = Field(default="", sa_type=Text)
    search: str | None = Field(
        default=None,
        sa_column=Column(
            TSVECTOR, Computed("to_tsvector('english'::regconfig, search_text)", persisted=True)
        ),
    )
    digest: str | None = Field(default=None, max_length=64)
    version: int = Field(default=1, sa_type=BigInteger)


PLACING = (
    """
CREATE FUNCTION place_service(placed uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE service
    SET located = spot.located, latitude = spot.latitude, longitude = spot.longitude
    FROM (
        SELECT
            count(*) > 0 AS located,
            CASE WHEN min(latitude) = max(latitude) AND min(longitude) = max(longitude)
                THEN min(latitude) END AS latitude,
            CASE WHEN min(latitude) = max(latitude) AND min(longitude) = max(longitude)
                THEN min(longitude) END AS longitude
        FROM service_at_location AS here JOIN location ON location.id = here.location_id
        WHERE here.service_id = placed AND location.latitude IS NOT NULL
    ) AS spot
    WHERE service.id = placed
        AND (service.located, service.latitude, service.longitude)
            IS DISTINCT FROM (spot.located, spot.latitude, spot.longitude)
$$
""",
    """
CREATE FUNCTION place_by_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM place_service(coalesce(NEW.service_id, OLD.service_id));
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER place_service AFTER INSERT OR DELETE ON service_at_location
FOR EACH ROW EXECUTE FUNCTION place_by_link()
""",
    """
CREATE FUNCTION place_by_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM place_service(here.service_id) FROM (
        SELECT DISTINCT service_id FROM service_at_location
        WHERE location_id = NEW.id ORDER BY service_id
    ) AS here;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER place_services AFTER UPDATE OF latitude, longitude ON location
FOR EACH ROW WHEN (
    (OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude)
)
EXECUTE FUNCTION place_by_location()
""",
)
"""The functions and triggers that keep `located`, `latitude` and `longitude` as the locations have
them, also where another service's listing moves a room that both use."""


class Schedule(Base, table=True):
    """When a service runs, as an iCal rule in local time.

    `days` is `byday` without the ordinals ("2MO" is a Monday), for asking which day it is.
    """

    __tablename__ = "schedule"
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    service_at_location_id: UUID | None = Field(
        default=None, foreign_key="service_at_location.id", index=True
    )
    valid_from: date | None = None
    valid_to: date | None = None
    dtstart: date | None = None
    freq: str | None = Field(default=None, max_length=10)
    interval: int | None = None
    byday: str | None = Field(default=None, max_length=100)
    bymonthday: str | None = Field(default=None, max_length=100)
    description: str | None = Field(default=None, sa_type=Text)
    opens_at: time | None = None
    closes_at: time | None = None
    schedule_link: str | None = Field(default=None, max_length=2000)
    attending_type: str | None = Field(default=None, max_length=200)
    notes: str | None = Field(default=None, sa_type=Text)
    days: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String(2))))


class CostOption(Base, table=True):
    """What taking part costs. Amount 0 is free; no row is not known."""

    __tablename__ = "cost_option"
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    valid_from: date | None = None
    valid_to: date | None = None
    option: str | None = Field(default=None, max_length=300)
    currency: str | None = Field(default=None, max_length=3)
    amount: float | None = Field(default=None, sa_type=Numeric(10, 2, asdecimal=False))
    amount_description: str | None = Field(default=None, sa_type=Text)


class Contact(Base, table=True):
    """Whom to speak to about a service: a role rather than a named person."""

    __tablename__ = "contact"
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    name: str | None = Field(default=None, max_length=200)
    title: str | None = Field(default=None, max_length=200)
    department: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=254)


class Phone(Base, table=True):
    """A telephone number of a contact."""

    __tablename__ = "phone"
    id: UUID = Field(primary_key=True)
    contact_id: UUID = Field(foreign_key="contact.id", index=True)
    number: str = Field(max_length=60)
    description: str | None = Field(default=None, sa_type=Text)


class Language(Base, table=True):
    """A language in which a service is offered, or a telephone answered."""

    __tablename__ = "language"
    id: UUID = Field(primary_key=True)
    service_id: UUID | None = Field(default=None, foreign_key="service.id", index=True)
    phone_id: UUID | None = Field(default=None, foreign_key="phone.id", index=True)
    name: str | None = Field(default=None, max_length=100)
    code: str | None = Field(default=None, max_length=35)
    note: str | None = Field(default=None, sa_type=Text)


class ServiceArea(Base, table=True):
    """Where a service's people may live. `hub` names a hub's whole place."""

    __tablename__ = "service_area"
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    name: str | None = Field(default=None, sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    extent: str | None = Field(default=None, sa_type=Text)
    extent_type: str | None = Field(default=None, max_length=20)
    uri: str | None = Field(default=None, max_length=2000)
    hub: str | None = Field(default=None, foreign_key="hub.code")


class Funding(Base, table=True):
    """Who pays, how much and until when. Only `source` is ever published (care 27)."""

    __tablename__ = "funding"
    __table_args__ = (Index("ix_funding_valid_to", "valid_to"),)
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    source: str | None = Field(default=None, sa_type=Text)
    amount: float | None = Field(default=None, sa_type=Numeric(12, 2, asdecimal=False))
    valid_from: date | None = None
    valid_to: date | None = None
