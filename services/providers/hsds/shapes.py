"""What the entities of a listing share: HSDS leaves unknown members alone, Kersey refuses them."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.providers.hsds.values import Line


class Shape(BaseModel):
    """What every HSDS entity shares."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Own(BaseModel):
    """Kersey's own facts about a listing; nothing unknown passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(Shape):
    """A link to a taxonomy term. `value` "no" says that the answer is known to be no."""

    id: UUID | None = None
    taxonomy_term_id: UUID
    link_type: Line | None = None
    value: Line | None = None


Attributes = Annotated[tuple[Attribute, ...], Field(max_length=5000)]
"""The terms of one entity. Those of a service and its place are one row of matching, which holds
them as the words of a text, and PostgreSQL's ends at 1 MB: with some 29,000."""
