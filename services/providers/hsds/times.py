"""When a service runs."""

from datetime import date, time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.providers.hsds.shapes import Shape
from services.providers.hsds.values import Count, Days, Line, MaybeWeb, Prose


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
