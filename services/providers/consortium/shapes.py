"""What a coordinator says of the consortium, checked at the edge."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.providers.consortium.domain import ASSETS, HOWS, MEMBERS, PROVIDER
from services.providers.hsds import Email, HubCode, Name, Prose, Web

MemberKind = Annotated[str, StringConstraints(pattern=f"^({'|'.join(MEMBERS)})$")]
AssetKind = Annotated[str, StringConstraints(pattern=f"^({'|'.join(ASSETS)})$")]
HowCode = Annotated[str, StringConstraints(pattern=f"^({'|'.join(HOWS)})$")]
Places = Annotated[tuple[HubCode, ...], Field(min_length=1, max_length=50)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _in_order(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and until < since:
        raise ValueError("'until' is before 'since'")


class MemberSaid(_Said):
    """A member of the consortium. A provider that is listed is a member by its listing's id."""

    kind: MemberKind
    name: Name | None = Field(default=None, description="A listed provider's is its listing's.")
    description: Prose | None = None
    website: Web | None = None
    email: Email | None = Field(default=None, description="For work; shown to staff alone.")
    hubs: Places = Field(description="Codes of the hubs in whose places it works.")
    since: date
    until: date | None = Field(default=None, description="Its last day, if it left.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        _in_order(self.since, self.until)
        if self.kind != PROVIDER and self.name is None:
            raise ValueError("'name' is missing")
        if self.kind == PROVIDER and self.name is not None:
            raise ValueError("'name' of a provider is its listing's: leave it out")
        if len(set(self.hubs)) != len(self.hubs):
            raise ValueError("'hubs' names one twice")
        return self


class RelationSaid(_Said):
    """Who works with whom, how, and since when."""

    how: HowCode
    one: UUID = Field(description="Id of the member, or listed provider, that does it.")
    other: UUID = Field(description="Id of the member, or listed provider, it is done to.")
    about: Prose | None = None
    since: date
    until: date | None = Field(default=None, description="Its last day, if it ended.")

    @model_validator(mode="after")
    def _between_two(self) -> Self:
        _in_order(self.since, self.until)
        if self.one == self.other:
            raise ValueError("'one' and 'other' are the same")
        return self


class AssetSaid(_Said):
    """A venue, a skill, kit or people who give time."""

    kind: AssetKind
    name: Name
    description: Prose | None = None
    hub: HubCode | None = Field(default=None, description="Yours; may be left out if you have one.")
    holder: UUID | None = Field(default=None, description="Id of the member who has it.")
    terms: Prose | None = Field(default=None, description="Who may use it, when, at what cost.")
    ask: Email | None = Field(default=None, description="Where to ask for it.")
    postcode: str | None = Field(default=None, max_length=20)
    since: date | None = None
    until: date | None = Field(default=None, description="The last day on which it is there.")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        _in_order(self.since, self.until)
        return self
