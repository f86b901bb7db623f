"""Listings as they come in: the HSDS 3.0 / Open Referral UK shape, checked and cleaned at the edge.

One shape serves the write API and whole datasets. Fields that HSDS knows and Kersey does not keep
are ignored; Kersey's own facts stand in one `kersey` member, where an unknown field is refused.
A nested entity without an id gets one that follows from its parent's, so that the same listing
sent twice is the same listing.
"""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit
from uuid import UUID

import nh3
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from services.providers.domain import EVIDENCE_FOR, Answering, CapacityState, Tier

RICH = {"p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "a"}
"""Markup that a description may keep; HSDS descriptions do contain HTML."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _rich(text: str) -> str:
    """Descriptions keep simple markup. Text without a `<` is text, and `Tea & talk` stays so."""
    return nh3.clean(_storable(text), tags=RICH) if "<" in text else _storable(text)


def _plain(text: str) -> str:
    return nh3.clean(_storable(text), tags=set()) if "<" in text else _storable(text)


_NO_URI = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")


def _web(text: str) -> str:
    """An address as people write it, with what RFC 3986 has no sign for as `%`: HSDS has URIs."""
    if not text.lower().startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError("must be an http or https address")
    try:
        named = urlsplit(text).hostname
    except ValueError:
        named = None
    if not named:
        raise ValueError("must be an http or https address")
    return _NO_URI.sub(lambda found: quote(found[0], safe=""), _storable(text))


def _empty_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - what pydantic tells of
    return value


Count = Annotated[int, BeforeValidator(_no_truth)]
Number = Annotated[float, BeforeValidator(_no_truth)]
"""A number, also one that another directory wrote as text; `true` is none."""
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_plain)
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_plain),
]
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=20_000), AfterValidator(_rich)
]
Web = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web)]
MaybeWeb = Annotated[Web | None, BeforeValidator(_empty_is_absent)]
HubCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[^\s\x00@<>]+@[^\s\x00@<>]+\.[^\s\x00@<>]+$",
    ),
]
MaybeEmail = Annotated[Email | None, BeforeValidator(_empty_is_absent)]

_DAY = r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)"
Days = Annotated[str, StringConstraints(max_length=100, pattern=rf"^{_DAY}(?:,{_DAY})*$")]


class Shape(BaseModel):
    """What every HSDS entity shares."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Attribute(Shape):
    """A link to a taxonomy term. `value` "no" says that the answer is known to be no."""

    id: UUID | None = None
    taxonomy_term_id: UUID
    link_type: Line | None = None
    value: Line | None = None


class Address(Shape):
    """A postal address."""

    id: UUID | None = None
    attention: Line | None = None
    address_1: Name
    city: Line
    region: Line | None = None
    state_province: Line
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(_plain)]
    country: Annotated[str, StringConstraints(min_length=2, max_length=2, to_upper=True)] = "GB"
    address_type: Literal["physical", "postal", "virtual"] = "physical"


class Accessibility(Shape):
    """Access at a location, in words."""

    id: UUID | None = None
    description: Prose | None = None
    details: Prose | None = None
    url: MaybeWeb = None
    accessibility: Prose | None = None


class Location(Shape):
    """Where something happens."""

    id: UUID | None = None
    location_type: Literal["physical", "postal", "virtual"] = "physical"
    name: Name | None = None
    alternate_name: Name | None = None
    description: Prose | None = None
    transportation: Prose | None = None
    latitude: Number | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    longitude: Number | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    external_identifier: Line | None = None
    external_identifier_type: Annotated[Line, StringConstraints(max_length=60)] | None = None
    addresses: tuple[Address, ...] = ()
    accessibility: tuple[Accessibility, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self


class Schedule(Shape):
    """When a service runs (RFC 5545 rule parts, local time)."""

    id: UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    dtstart: date | None = None
    freq: Literal["WEEKLY", "MONTHLY"] | None = None
    interval: Count | None = Field(default=None, ge=1, le=366)
    byday: Days | None = None
    bymonthday: (
        Annotated[str, StringConstraints(max_length=100, pattern=r"^-?\d{1,2}(,-?\d{1,2})*$")]
        | None
    ) = None
    description: Prose | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    schedule_link: MaybeWeb = None
    attending_type: Line | None = None
    notes: Prose | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self


class ServiceAtLocation(Shape):
    """A service at a location, with times of its own where they differ."""

    id: UUID | None = None
    description: Prose | None = None
    location: Location
    schedules: tuple[Schedule, ...] = ()


class CostOption(Shape):
    """What taking part costs; 0 is free."""

    id: UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    option: Line | None = None
    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)] | None = None
    amount: Number | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    amount_description: Prose | None = None


class Language(Shape):
    """A language, by BCP 47 code."""

    id: UUID | None = None
    name: Annotated[Line, StringConstraints(max_length=100)] | None = None
    code: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None
    ) = None
    note: Prose | None = None


class Phone(Shape):
    """A telephone number."""

    id: UUID | None = None
    number: Annotated[str, StringConstraints(min_length=3, max_length=60), AfterValidator(_plain)]
    description: Prose | None = None
    languages: tuple[Language, ...] = ()


class Contact(Shape):
    """Whom to speak to: a role, such as 'the volunteer on the desk'."""

    id: UUID | None = None
    name: Line | None = None
    title: Line | None = None
    department: Line | None = None
    email: MaybeEmail = None
    phones: tuple[Phone, ...] = ()
    attributes: tuple[Attribute, ...] = ()


class ServiceArea(Shape):
    """Where people of the service live; `hub` for a hub's whole place."""

    id: UUID | None = None
    name: Prose | None = None
    description: Prose | None = None
    extent: Annotated[str, AfterValidator(_storable)] | None = None
    extent_type: Annotated[Line, StringConstraints(max_length=20)] | None = None
    uri: MaybeWeb = None
    hub: HubCode | None = None


class Funding(Shape):
    """Who pays. `amount` and the dates are Kersey's and are not published (care 27)."""

    id: UUID | None = None
    source: Prose | None = None
    amount: Number | None = Field(default=None, ge=0, le=1_000_000_000, allow_inf_nan=False)
    valid_from: date | None = None
    valid_to: date | None = None


class OrganizationIdentifier(Shape):
    """A number of an official register."""

    id: UUID | None = None
    identifier_scheme: Line | None = None
    identifier_type: Line
    identifier: Line


class Own(BaseModel):
    """Kersey's own facts about a listing; nothing unknown passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationOwn(Own):
    """Kersey's facts about an organisation."""

    hub: HubCode | None = None


class Organization(Shape):
    """A provider."""

    id: UUID | None = None
    name: Name
    alternate_name: Name | None = None
    description: Prose
    email: MaybeEmail = None
    website: MaybeWeb = None
    logo: MaybeWeb = None
    uri: MaybeWeb = None
    legal_status: Line | None = None
    year_incorporated: Count | None = Field(default=None, ge=1000, le=2200)
    parent_organization_id: UUID | None = None
    organization_identifiers: tuple[OrganizationIdentifier, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    kersey: OrganizationOwn = OrganizationOwn()


class EvidenceSeen(Own):
    """What was shown for the tier (care 25)."""

    kind: Literal["sharing-agreement", "privacy-contact", "safeguarding-lead", "checks"]
    seen: date
    expires: date | None = None


class CapacitySaid(Own):
    """What a provider says about its room."""

    state: CapacityState
    places: int | None = Field(default=None, ge=0, le=100_000, strict=True)
    waiting: int | None = Field(default=None, ge=0, le=100_000, strict=True)
    first_date: date | None = None
    keeps_list: StrictBool | None = Field(
        default=None, description="Whether a waiting list starts when full; absent: unchanged."
    )
    expires: datetime | None = Field(
        default=None, description="When this stops being known; with a time zone."
    )

    @model_validator(mode="after")
    def _zoned(self) -> Self:
        if self.expires is not None and self.expires.tzinfo is None:
            raise ValueError("'expires' needs a time zone, such as 2027-01-31T17:00:00Z")
        return self


class ServiceOwn(Own):
    """Kersey's facts about a service."""

    hub: HubCode | None = None
    tier: Tier = Tier.SIGNPOST
    evidence: tuple[EvidenceSeen, ...] = ()
    ask_by: Answering = Answering.EMAIL
    referral_email: MaybeEmail = None
    referral_phone: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,40}$")] | None = None
    assured_by: Line | None = None
    capacity: CapacitySaid | None = None

    @model_validator(mode="after")
    def _evidence_fits(self) -> Self:
        missing = EVIDENCE_FOR[self.tier] - {each.kind for each in self.evidence}
        if missing:
            raise ValueError(f"tier {self.tier} needs evidence: {', '.join(sorted(missing))}")
        return self


class Service(Shape):
    """A service with everything below it, as `GET /services/{id}` gives it."""

    id: UUID | None = None
    organization_id: UUID
    name: Name
    alternate_name: Name | None = None
    description: Prose | None = None
    url: MaybeWeb = None
    email: MaybeEmail = None
    status: Literal["active", "inactive", "defunct", "temporarily closed"] = "active"
    interpretation_services: Prose | None = None
    application_process: Prose | None = None
    fees: Prose | None = None
    fees_description: Prose | None = None
    accreditations: Prose | None = None
    eligibility_description: Prose | None = None
    minimum_age: Number | None = Field(default=None, ge=0, le=150, allow_inf_nan=False)
    maximum_age: Number | None = Field(default=None, ge=0, le=150, allow_inf_nan=False)
    assured_date: date | None = None
    assurer_email: MaybeEmail = None
    alert: Prose | None = None
    schedules: tuple[Schedule, ...] = ()
    service_areas: tuple[ServiceArea, ...] = ()
    service_at_locations: tuple[ServiceAtLocation, ...] = ()
    languages: tuple[Language, ...] = ()
    funding: tuple[Funding, ...] = ()
    cost_options: tuple[CostOption, ...] = ()
    contacts: tuple[Contact, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    kersey: ServiceOwn = ServiceOwn()

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        low, high = self.minimum_age, self.maximum_age
        if low is not None and high is not None and high < low:
            raise ValueError("maximum_age is below minimum_age")
        return self


class TermMapping(Own):
    """A term's code in another system; `verified` if somebody read it in `source`."""

    system: Web
    code: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    display: Line
    verified: bool
    source: Line


class TermOwn(Own):
    """What Kersey knows of a term: phrases that mean it, and its codes elsewhere."""

    synonyms: tuple[Annotated[str, StringConstraints(min_length=2, max_length=200)], ...] = ()
    mappings: tuple[TermMapping, ...] = ()


class TaxonomyTerm(Shape):
    """A term of a taxonomy."""

    id: UUID
    code: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    name: Line
    description: Prose
    parent_id: UUID | None = None
    term_uri: MaybeWeb = None
    kersey: TermOwn = TermOwn()


class Taxonomy(Shape):
    """A list of terms. `code` is the short name by which Kersey asks for it."""

    id: UUID
    code: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    name: Line
    description: Prose
    uri: MaybeWeb = None
    version: Line | None = None
    taxonomy_terms: tuple[TaxonomyTerm, ...] = ()
