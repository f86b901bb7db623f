"""The directory's tables: HSDS 3.0 / Open Referral UK entities, and what Kersey keeps beside them.

Column names of the HSDS part are HSDS's own, so that a listing is read out without a mapping.
Kersey's own columns are the ones that HSDS has no word for (hub, tier, capacity, who verified).
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Numeric,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.providers.domain import Answering, CapacityState
from shared.database import NAMING
from shared.database import metadata as leases
from shared.messaging.outbox import metadata as messages

metadata = MetaData(naming_convention=NAMING)


def schema() -> MetaData:
    """Every table of this service's database: its own, the outbox and inbox, and the leases."""
    whole = MetaData(naming_convention=NAMING)
    for part in (metadata, messages, leases):
        for table in part.sorted_tables:
            table.to_metadata(whole)
    return whole


class Base(SQLModel, registry=registry(metadata=metadata)):
    """A registry of its own: another service's table of the same name is another table."""


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _parent(key: str) -> Any:
    """A parent of the same kind; checked at the commit, so that a child may be written first."""
    there = ForeignKey(key, deferrable=True, initially="DEFERRED")
    return Field(default=None, sa_column=Column(Uuid, there, nullable=True))


# --- places ----------------------------------------------------------------------------------


class Hub(Base, table=True):
    """A place hub: a staffed team that knows the provision of one place.

    `organisation` is on whose behalf its coordinators act; without one nobody acts for it.
    """

    __tablename__ = "hub"
    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=200)
    description: str = Field(default="", sa_type=Text)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    organisation: UUID | None = Field(default=None, index=True)


class Place(Base, table=True):
    """A point of the gazetteer: a postcode district, or any longer part of a postcode.

    The built-in gazetteer holds districts; official files add whole postcodes to the same table,
    and a look-up takes the longest part that is known.
    """

    __tablename__ = "place"
    code: str = Field(primary_key=True, max_length=8)
    name: str = Field(max_length=200)
    latitude: float
    longitude: float
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)


# --- taxonomies ------------------------------------------------------------------------------


class Taxonomy(Base, table=True):
    """A list of terms by which services are classified."""

    __tablename__ = "taxonomy"
    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=60)
    name: str = Field(max_length=200)
    description: str = Field(sa_type=Text)
    uri: str | None = Field(default=None, max_length=2000)
    version: str | None = Field(default=None, max_length=60)


class TaxonomyTerm(Base, table=True):
    """One term: a need, an activity, a way of access."""

    __tablename__ = "taxonomy_term"
    __table_args__ = (Index("ix_taxonomy_term_taxonomy_code", "taxonomy_id", "code", unique=True),)
    id: UUID = Field(primary_key=True)
    taxonomy_id: UUID = Field(foreign_key="taxonomy.id")
    code: str = Field(max_length=100)
    name: str = Field(max_length=200)
    description: str = Field(sa_type=Text)
    parent_id: UUID | None = _parent("taxonomy_term.id")
    term_uri: str | None = Field(default=None, max_length=2000)


class Attribute(Base, table=True):
    """A link from any entity to a term. `value` is "no" where the answer is known to be no."""

    __tablename__ = "attribute"
    __table_args__ = (Index("ix_attribute_term_link", "taxonomy_term_id", "link_id"),)
    id: UUID = Field(primary_key=True)
    link_id: UUID = Field(index=True)
    link_entity: str = Field(max_length=40)
    link_type: str | None = Field(default=None, max_length=60)
    taxonomy_term_id: UUID = Field(foreign_key="taxonomy_term.id")
    value: str | None = Field(default=None, max_length=200)


# --- organisations ---------------------------------------------------------------------------


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
    parent_organization_id: UUID | None = _parent("organization.id")
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)
    digest: str | None = Field(default=None, max_length=64)
    version: int = Field(default=1, sa_type=BigInteger)
    last_modified: datetime = _instant()


class OrganizationIdentifier(Base, table=True):
    """A number of an official register: charity, company, ODS."""

    __tablename__ = "organization_identifier"
    __table_args__ = (Index("ix_organization_identifier_number", "identifier_type", "identifier"),)
    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    identifier_scheme: str | None = Field(default=None, max_length=200)
    identifier_type: str = Field(max_length=200)
    identifier: str = Field(max_length=200)


# --- services --------------------------------------------------------------------------------

STATUSES = ("active", "inactive", "defunct", "temporarily closed")


class Service(Base, table=True):
    """What a provider offers, and Kersey's own facts about the listing.

    `version` counts every published change, capacity included: it is the sequence of the
    service's events, so that a reader of both kinds can tell the newer. `located` says whether
    any of its locations has coordinates: one that has none is never excluded for distance
    (care 26), and finding those few must not cost a scan.
    """

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint(
            "status IN (" + ", ".join(f"'{status}'" for status in STATUSES) + ")", name="status"
        ),
        CheckConstraint("tier BETWEEN 1 AND 3", name="tier"),
        Index("ix_service_search", "search", postgresql_using="gin"),
        Index("ix_service_unlocated", "id", postgresql_where=text("NOT located")),
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
    last_modified: datetime = _instant()
    # Kersey's own
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)
    assured_by: str | None = Field(default=None, max_length=200)
    tier: int = 1
    ask_by: Answering = Field(default=Answering.EMAIL, sa_type=String(20))
    referral_email: str | None = Field(default=None, max_length=254)
    referral_phone: str | None = Field(default=None, max_length=40)
    withdrawn: datetime | None = _instant(nullable=True)
    withdrawn_reason: str | None = Field(default=None, sa_type=Text)
    located: bool = False
    search_text: str = Field(default="", sa_type=Text)
    search: str | None = Field(
        default=None,
        sa_column=Column(
            TSVECTOR, Computed("to_tsvector('english'::regconfig, search_text)", persisted=True)
        ),
    )
    digest: str | None = Field(default=None, max_length=64)
    version: int = Field(default=1, sa_type=BigInteger)


class Location(Base, table=True):
    """Where something happens. Listed by one organisation; others may use it, not rewrite it."""

    __tablename__ = "location"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        Index("ix_location_point", "latitude", "longitude"),
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


# --- Kersey's own ----------------------------------------------------------------------------


class TierEvidence(Base, table=True):
    """What was shown for a listing's tier (care 25), by kind; lapsed evidence lowers the tier."""

    __tablename__ = "tier_evidence"
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    kind: str = Field(max_length=40)
    seen: date
    expires: date | None = None


class Capacity(Base, table=True):
    """Whether a service takes people now. One row per service, there from its first listing on.

    `keeps_list` is whether a full service starts a waiting list; `counted` whether the last place
    went by counting acceptances, so that an ending may open the service again. A `full` that the
    provider said itself stays until the provider says otherwise.
    """

    __tablename__ = "capacity"
    __table_args__ = (
        CheckConstraint("places >= 0", name="places"),
        CheckConstraint("waiting >= 0", name="waiting"),
    )
    service_id: UUID = Field(primary_key=True, foreign_key="service.id")
    state: CapacityState = Field(default=CapacityState.UNKNOWN, sa_type=String(20))
    places: int | None = None
    waiting: int | None = None
    first_date: date | None = None
    keeps_list: bool = False
    counted: bool = False
    updated: datetime = _instant()
    updated_by: str | None = Field(default=None, max_length=100)
    expires: datetime | None = _instant(nullable=True)


class PlaceTaken(Base, table=True):
    """A place that one request holds or held, so that none is taken or given back twice.

    Known by the Task's id alone: the directory never learns who came.
    """

    __tablename__ = "place_taken"
    task_id: UUID = Field(primary_key=True)
    service_id: UUID = Field(index=True)
    taken: bool = False
    ended: bool = False
