"""What may be asked of the directory by query string: parsed, bounded, refused in words."""

import math
from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Annotated, Any, Literal, TypeVar, get_origin
from uuid import UUID

from fastapi import Request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from services.providers.gazetteer import BadPostcode, parse
from shared.misfits import form, in_words
from shared.problems import Problem, shown

LONGEST_PAGE = 500
FARTHEST_METRES = 500_000
"""Farther than the whole of England is wide: a larger radius is a slip of the unit."""

_DAYS = {
    "monday": "MO",
    "tuesday": "TU",
    "wednesday": "WE",
    "thursday": "TH",
    "friday": "FR",
    "saturday": "SA",
    "sunday": "SU",
}


def _day(value: Any) -> Any:
    word = str(value).strip().lower()
    code = _DAYS.get(word) or word.upper()
    if code not in _DAYS.values():
        raise ValueError("a day is MO, TU, WE, TH, FR, SA or SU, or its English name")
    return code


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _postcode(value: str) -> str:
    try:
        parse(value)
    except BadPostcode as error:
        raise ValueError(error.words) from error
    return value


def _listed(value: Any) -> Any:
    """Several values come repeated, with commas, or both."""
    parts = value if isinstance(value, list) else [value]
    return [each.strip() for part in parts for each in str(part).split(",") if each.strip()]


Text = Annotated[str, Field(max_length=500), AfterValidator(_text)]
LANGUAGE = form(r"^[A-Za-z]{2,3}$", "Give a language by its code (BCP 47), such as en, ur or pl.")
Day = Annotated[str, BeforeValidator(_day)]
Metres = Annotated[
    float, Field(ge=0, le=FARTHEST_METRES, allow_inf_nan=False, description="Metres.")
]
Age = Annotated[float, Field(ge=0, le=150, allow_inf_nan=False, description="Years.")]
Codes = Annotated[
    list[Annotated[str, Field(max_length=100), AfterValidator(_text)]],
    BeforeValidator(_listed),
    Field(max_length=20, description="One or more codes, repeated or separated by commas."),
]


class Query(BaseModel):
    """What every query shares: an unknown parameter is refused, since ignoring a filter would
    answer with more than was asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Query):
    """Which page of a list."""

    page: int = Field(default=1, ge=1, le=1_000_000, description="From 1.")
    per_page: int = Field(default=20, ge=1, le=LONGEST_PAGE, description="Items per page.")

    @property
    def offset(self) -> int:
        """Items before this page."""
        return (self.page - 1) * self.per_page


Format = Annotated[
    Literal["json", "ndjson"],
    Field(description="`ndjson` gives all, a line each, and no pages."),
]


class TaxonomyList(Page):
    """GET /taxonomies, with HSDS 3.0's search."""

    search: Text | SkipJsonSchema[None] = Field(default=None, description="A part of the words.")
    format: Format = "json"


class TermList(TaxonomyList):
    """GET /taxonomy_terms, with HSDS 3.0's filters."""

    taxonomy_id: UUID | SkipJsonSchema[None] = None
    parent_id: UUID | SkipJsonSchema[None] = None
    top_only: bool = False


class OrganizationList(Page):
    """GET /organizations (HSDS 3.0)."""

    search: Text | SkipJsonSchema[None] = None
    full: bool = Field(default=False, description="Fully nested, with the services' main facts.")
    full_service: bool = Field(default=False, description="With fully nested services.")
    format: Format = "json"


class OrganizationRead(Query):
    """GET /organizations/{id} (HSDS 3.0)."""

    full_service: bool = Field(default=False, description="With fully nested services.")


class ServiceList(Page):
    """GET /services and /service_at_locations: every parameter of the Open Referral UK profile,
    and HSDS 3.0's own.

    The comparisons are the profile's: `minimum_age` and `start_time` find what is at least the
    value, `maximum_age` and `end_time` what is at most the value; what a listing does not say
    cannot match.
    """

    search: Text | SkipJsonSchema[None] = Field(default=None, description="Full text.")
    taxonomy_term_id: UUID | SkipJsonSchema[None] = None
    taxonomy_id: UUID | SkipJsonSchema[None] = None
    organization_id: UUID | SkipJsonSchema[None] = None
    minimum_age: Age | SkipJsonSchema[None] = None
    maximum_age: Age | SkipJsonSchema[None] = None
    day: Day | SkipJsonSchema[None] = None
    start_time: time | SkipJsonSchema[None] = None
    end_time: time | SkipJsonSchema[None] = None
    postcode: (
        Annotated[str, Field(max_length=12), AfterValidator(_postcode)] | SkipJsonSchema[None]
    ) = None
    proximity: Metres | SkipJsonSchema[None] = None
    modified_after: datetime | SkipJsonSchema[None] = Field(
        default=None, description="With it, services that were withdrawn are listed as defunct."
    )
    minimal: bool = Field(default=False, description="Only id and last_modified.")
    full: bool = Field(default=False, description="Fully nested.")
    format: Format = "json"

    @field_validator("start_time", "end_time")
    @classmethod
    def _local(cls, value: time | None) -> time | None:
        """Times of the directory are local."""
        return value.replace(tzinfo=None) if value else value

    @field_validator("modified_after")
    @classmethod
    def _zoned(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("give a time zone: Z at its end for UTC, or such as +01:00")
        return value

    @model_validator(mode="after")
    def _proximity_of_something(self) -> "ServiceList":
        if self.proximity is not None and self.postcode is None:
            raise ValueError("proximity: it is measured from a postcode, which is missing")
        return self


def starting_point(value: Any) -> Any:
    """Read where somebody sets out: a postcode, or latitude and longitude."""
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    text = str(value).strip()
    if "," not in text:
        return _postcode(text)
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("a point is two numbers, such as 53.74,-2.01") from None
    if not (math.isfinite(latitude) and abs(latitude) <= 90):
        raise ValueError("the first part, the latitude, must lie between -90 and 90")
    if not (math.isfinite(longitude) and abs(longitude) <= 180):
        raise ValueError("the second part, the longitude, must lie between -180 and 180")
    return (latitude, longitude)


class NeedSearch(Page):
    """GET /directory/search: what a link worker asks with the person."""

    need: Codes = Field(default=[], description="Terms of the needs; any of them.")
    search: Text | SkipJsonSchema[None] = Field(default=None, description="Words.")
    near: (
        Annotated[str | tuple[float, float], BeforeValidator(starting_point)] | SkipJsonSchema[None]
    ) = Field(default=None, description="A postcode, or latitude,longitude.")
    within: Metres | SkipJsonSchema[None] = None
    day: Day | SkipJsonSchema[None] = None
    free_places: bool = Field(default=False, description="Leave out what is known to be full.")
    cost_max: (
        Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | SkipJsonSchema[None]
    ) = Field(default=None, description="Pounds a session.")
    access: Codes = Field(default=[], description="Terms of access; all of them.")
    language: Annotated[str, Field(pattern=LANGUAGE)] | SkipJsonSchema[None] = Field(
        default=None, description="A BCP 47 language, such as ur."
    )
    age: Age | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _within_of_something(self) -> "NeedSearch":
        if self.within is not None and self.near is None:
            raise ValueError("within: it is measured from 'near', which is missing")
        return self


Q = TypeVar("Q", bound=Query)


def asked(model: type[Q]) -> Callable[[Request], Awaitable[Q]]:
    """A dependency that reads a query string.

    Raises:
        Problem: 400 that names the parameter at fault and says what is wrong with it.
    """
    several = {
        name for name, field in model.model_fields.items() if get_origin(field.annotation) is list
    }

    async def parsed(request: Request) -> Q:
        given: dict[str, Any] = {}
        for name in request.query_params:
            values = request.query_params.getlist(name)
            if name in several:
                given[name] = values
            elif len(values) > 1:
                raise refused(name, "It is given more than once.")
            else:
                given[name] = values[0]
        try:
            return model.model_validate(given)
        except ValidationError as error:
            raise _said(error, model) from None

    return parsed


def refused(element: str, words: str, **members: Any) -> Problem:
    """A 400 about one parameter; `members` are what it says beside its words."""
    return Problem(400, "The question cannot be answered", words, element=element, **members)


def _said(error: ValidationError, model: type[Query]) -> Problem:
    first = error.errors()[0]
    element = str(first["loc"][0]) if first["loc"] else ""
    words = in_words(first)
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return refused(shown(element), f"There is no such parameter. There are: {known}.")
    if not element:
        element, _, words = words.partition(": ")
    return refused(element, words[:1].upper() + words[1:].rstrip(".") + ".")


def described(model: type[Query]) -> dict[str, Any]:
    """The parameters for OpenAPI, from the same model that checks them."""
    schema = model.model_json_schema()
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": parameter.pop("description", ""),
                "schema": parameter,
            }
            for name, parameter in schema["properties"].items()
        ]
    }
