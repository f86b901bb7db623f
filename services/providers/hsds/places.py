"""Where a service is: locations, their addresses, and access there."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.providers.hsds.shapes import Attributes, Shape
from services.providers.hsds.times import Schedule
from services.providers.hsds.values import Line, MaybeWeb, Name, Number, Prose, plain


class Address(Shape):
    """A postal address."""

    id: UUID | None = None
    attention: Line | None = None
    address_1: Name
    city: Line
    region: Line | None = None
    state_province: Line
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(plain)]
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
    attributes: Attributes = ()

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self


class ServiceAtLocation(Shape):
    """A service at a location, with times of its own where they differ."""

    id: UUID | None = None
    description: Prose | None = None
    location: Location
    schedules: tuple[Schedule, ...] = ()
