"""Claims as they come in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.providers.claims.domain import Evidence
from services.providers.hsds import Name

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]+$"),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceSaid(_Body):
    """One thing that speaks for a claim."""

    kind: Evidence
    value: Words


class ClaimSaid(_Body):
    """Who asks to keep a listing, and by what right."""

    who: Annotated[Name, Field(max_length=200, description="Name and role, for the hub.")]
    evidence: tuple[EvidenceSaid, ...] = Field(min_length=1, max_length=10)


class Reason(_Body):
    """Why it is decided so, for whoever asked and for the history."""

    words: Words
