"""POST /directory/match: what is asked for one person, as a body."""

from datetime import time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.providers.queries import LANGUAGE, Age, Day, Metres, starting_point
from shared.misfits import form

Code = Annotated[
    str,
    StringConstraints(
        pattern=form(
            r"^[a-z0-9][a-z0-9-]{0,99}$",
            "Give a code as GET /directory/vocabulary has it, such as loneliness.",
        )
    ),
]
Codes = Annotated[tuple[Code, ...], Field(max_length=20)]
SOFT = (
    "area",
    "distance",
    "time",
    "free_places",
    "cost",
    "language",
    "company",
    "format",
    "access",
)
"""What a worker may override. Age limits, groups for the other sex alone and checks are limits of
safety and of law (care 26)."""


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain a NUL character")
    return value


class Asked(BaseModel):
    """What every part of the body shares: what is unknown is refused, or it would not count."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Travel(Asked):
    """How the person gets there, and for how long."""

    by: Literal["walk", "wheelchair", "bus", "car"]
    minutes: Annotated[float, Field(gt=0, le=240, allow_inf_nan=False)] | None = None


class Override(Asked):
    """A worker's decision that one thing does not leave a service out, and why."""

    criterion: Literal[SOFT]  # type: ignore[valid-type]
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
        AfterValidator(_storable),
    ]


class Without(Asked):
    """Needs and activities that the person's own words were not meant to speak of."""

    need: Codes = ()
    activity: Codes = ()


class MatchRequest(Asked):
    """What fits this person. Nothing of it is kept, and `matters` is not even written to a log."""

    needs: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    activities: Codes = ()
    matters: (
        Annotated[str, StringConstraints(max_length=4000), AfterValidator(_storable)] | None
    ) = Field(
        default=None, repr=False, description="What matters to the person, in their own words."
    )
    without: Without = Field(
        default=Without(), description="What `matters` was not meant to say, as in `understood`."
    )
    near: Annotated[str | tuple[float, float], BeforeValidator(starting_point)] | None = Field(
        default=None, description="A postcode, or latitude,longitude."
    )
    within: Metres | None = None
    travel: Travel | None = None
    days: Annotated[tuple[Day, ...], Field(max_length=7)] = ()
    start: time | None = Field(default=None, description="Not before this time of day.")
    end: time | None = Field(default=None, description="Over by this time of day.")
    age: Age | None = None
    languages: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=LANGUAGE, to_lower=True)], ...],
        Field(max_length=10),
    ] = ()
    access: Codes = ()
    cost_max: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = None
    formats: Codes = ()
    company: Code | None = Field(
        default=None, description="Whom the group should be for: `women`, `men`, `mixed`, `lgbt`."
    )
    free_places: bool = False
    overrides: Annotated[tuple[Override, ...], Field(max_length=len(SOFT))] = ()
    about: UUID | None = Field(
        default=None,
        description="One service alone: what speaks for it and against it, however much that is.",
    )
    limit: int = Field(default=20, ge=1, le=50)
    offset: int = Field(
        default=0, ge=0, le=1000, description="How many of those that fit best are left out."
    )
    near_misses: int = Field(default=5, ge=0, le=20)

    @model_validator(mode="after")
    def _measured_from_somewhere(self) -> Self:
        if self.near is None and (self.within is not None or self.travel is not None):
            raise ValueError("'within' and 'travel' are measured from 'near', which is missing")
        if self.within is not None and self.travel is not None:
            raise ValueError("give 'within' or 'travel', not both")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("'end' must be later than 'start'")
        return self
