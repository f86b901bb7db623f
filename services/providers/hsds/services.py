"""A service, what it costs, who pays for it and for whom it is."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.providers.hsds.contacts import Contact, Language
from services.providers.hsds.own import ServiceOwn
from services.providers.hsds.places import ServiceAtLocation
from services.providers.hsds.shapes import Attributes, Shape
from services.providers.hsds.times import Schedule
from services.providers.hsds.values import (
    HubCode,
    Line,
    MaybeEmail,
    MaybeWeb,
    Name,
    Number,
    Prose,
    storable,
)


class CostOption(Shape):
    """What taking part costs; 0 is free."""

    id: UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    option: Line | None = None
    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)] | None = None
    amount: Number | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    amount_description: Prose | None = None


class ServiceArea(Shape):
    """Where people of the service live; `hub` for a hub's whole place."""

    id: UUID | None = None
    name: Prose | None = None
    description: Prose | None = None
    extent: Annotated[str, AfterValidator(storable)] | None = None
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
    attributes: Attributes = ()
    kersey: ServiceOwn = ServiceOwn()

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        low, high = self.minimum_age, self.maximum_age
        if low is not None and high is not None and high < low:
            raise ValueError("maximum_age is below minimum_age")
        return self
