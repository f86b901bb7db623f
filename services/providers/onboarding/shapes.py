"""What a coordinator says when a provider is brought in, as it comes in."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.providers.domain import Tier
from services.providers.hsds import EvidenceSeen
from services.providers.hsds.values import Line, MaybeEmail, Name, PhoneNumber
from services.providers.onboarding.domain import Step

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]+$"),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ReachSaid(_Body):
    """What may be said again while it goes on."""

    tier: Tier = Field(description="The tier that is wished for.")
    place: Line | None = Field(default=None, description="Where it is, in words.")
    reach_email: MaybeEmail = Field(
        default=None, description="Of whom to ask; kept until this is done or given up."
    )
    reach_phone: PhoneNumber | None = Field(default=None, description="The same.")


class OnboardingSaid(ReachSaid):
    """A provider to bring in: one that is listed, by its id, or one that somebody heard of."""

    hub: str | None = Field(default=None, description="Yours; may be left out if you have one.")
    provider: UUID | None = Field(default=None, description="A listed organisation.")
    service: UUID | None = Field(default=None, description="Which of its services, if it has any.")
    name: Name | None = Field(default=None, description="What it is called, if it is not listed.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.provider is None) == (self.name is None):
            raise ValueError("say 'provider', a listed organisation, or 'name', of one that is not")
        if self.service is not None and self.provider is None:
            raise ValueError("'service' goes with 'provider'")
        return self


class PapersSaid(_Body):
    """All evidence that was shown; what is left out was not, or does not count any more."""

    evidence: tuple[EvidenceSeen, ...] = Field(max_length=4)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.kind for each in self.evidence}) < len(self.evidence):
            raise ValueError("'kind' is said twice")
        return self


class NoteSaid(_Body):
    """Words for the history; the provider does not see them."""

    words: Words


class WithoutSaid(_Body):
    """A step that the provider does without, and why."""

    step: Literal[Step.STAFF, Step.CLOSING_DAYS]
    words: Words


def fault_of(paper: EvidenceSeen, today: date) -> str | None:
    """What is wrong with the days of a paper, in words; None where nothing is."""
    if paper.seen > today:
        return "It was seen on a day that has not come."
    if paper.expires is not None and paper.expires < paper.seen:
        return "It ran out before it was seen."
    return None
