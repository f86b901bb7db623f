"""What is handed in at a front door, and the rules that need no look at the database."""

from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - as in `bodies`
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints, field_validator, model_validator

from services.referrals.api.bodies import Body, Line, Need, Slug, Words
from services.referrals.front_door import Entered, Handed, Reachable, Source
from services.referrals.record import Channel, Safe
from shared.fhir.nhs import is_nhs_number

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
OLDEST = 130
"""Years; whoever was born earlier was mistyped."""


class PersonBody(Body):
    """Whom it is about; no more than is known."""

    given: Line = ""
    family: Line = ""
    birth_date: Date | None = None
    nhs_number: str | None = None

    @field_validator("nhs_number")
    @classmethod
    def _is_one(cls, value: str | None) -> str | None:
        if value is not None and not is_nhs_number(value):
            raise ValueError("An NHS number has ten digits, and these are not one.")
        return value

    @field_validator("birth_date")
    @classmethod
    def _is_possible(cls, value: Date | None) -> Date | None:
        today = datetime.now(UTC).date()
        if value is not None and not (today.year - OLDEST <= value.year and value <= today):
            raise ValueError("Nobody who lives was born on this day.")
        return value

    @model_validator(mode="after")
    def _is_called_something(self) -> Self:
        if not (self.given or self.family):
            raise ValueError("Say what the person is called.")
        return self


class WayBody(Body):
    """One way to the person; see `record_bodies.SafeContactBody`."""

    channel: Channel
    value: Annotated[Line, StringConstraints(min_length=1)]
    safe: Safe
    times: Line = ""
    voicemail: StrictBool = False
    words: Line = ""
    keep_from: Line = ""


class NeededBody(Body):
    """What the person needs to take part."""

    code: Slug
    detail: Line = ""


class ReferrerBody(Body):
    """Who refers another, and how to ask them back."""

    name: Annotated[Line, StringConstraints(min_length=1)]
    role: Line = ""
    organisation: Line = ""
    phone: Line = ""
    email: Line = ""

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if not (self.phone or self.email):
            raise ValueError("Give a phone number or an e-mail address of whoever refers.")
        return self


class HandedBody(Body):
    """A referral as it is handed in by a form."""

    key: Key
    hub: Slug
    source: Source
    entered: Entered = "online"
    written: Date | None = None
    person: PersonBody
    words: Words = ""
    needs: list[Need] = Field(default_factory=list, max_length=40)
    contacts: list[WayBody] = Field(default_factory=list, max_length=5)
    access_needs: list[NeededBody] = Field(default_factory=list, max_length=20)
    practice: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,12}$")] | None = None
    tell_gp: StrictBool = False
    referrer: ReferrerBody | None = None
    relation: Line = ""
    agreed: Literal[True] = Field(description="Nothing is taken in without the person's agreement.")
    agreed_how: Slug
    tell_referrer: StrictBool = False

    @model_validator(mode="after")
    def _came_so(self) -> Self:
        if self.entered != "online" or self.written is not None:
            raise ValueError("What comes by phone or on paper is entered by staff, by name.")
        return self

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if not (self.words or self.needs):
            raise ValueError("Say what the person would like help with.")
        if (self.source == "self") != (self.referrer is None):
            raise ValueError("Say who refers, unless people refer themselves.")
        if (self.source == "family") != bool(self.relation):
            raise ValueError("Say what a relative is to the person, and of nobody else.")
        if self.referrer is None and all(each.safe == "no" for each in self.contacts):
            raise ValueError("Give a way by which somebody can be reached.")
        if len({each.channel for each in self.contacts}) != len(self.contacts):
            raise ValueError("Name each channel once.")
        return self

    def handed(self) -> Handed:
        """The same for the use case."""
        return Handed(
            key=self.key,
            hub=self.hub,
            source=self.source,
            entered=self.entered,
            **self.person.model_dump(),
            words=self.words,
            needs=[each.model_dump(exclude_none=True) for each in self.needs],
            contacts=[Reachable(**each.model_dump()) for each in self.contacts],
            access_needs=[each.model_dump() for each in self.access_needs],
            practice=self.practice,
            tell_gp=self.tell_gp,
            referrer=self.referrer.model_dump() if self.referrer else {},
            relation=self.relation,
            agreed_how=self.agreed_how,
            tell_referrer=self.tell_referrer,
            written=self.written,
        )


class EntryBody(HandedBody):
    """The same, as staff took it down on the phone or from paper."""

    entered: Literal["phone", "paper"]

    @model_validator(mode="after")
    def _came_so(self) -> Self:
        if (self.entered == "paper") != (self.written is not None):
            raise ValueError("Say which day stands on the paper, and of nothing else.")
        return self


class PracticeBody(HandedBody):
    """The same, as somebody at a GP practice sends it about one of its patients."""

    source: Literal["care-navigator", "practice"]
    practice: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,12}$")]

    @model_validator(mode="after")
    def _came_so(self) -> Self:
        if (self.entered == "paper") != (self.written is not None):
            raise ValueError("Say which day stands on the paper, and of nothing else.")
        if self.entered == "walk-in":
            raise ValueError("Say whether it came face to face, by phone or on paper.")
        return self


class WalkInBody(Body):
    """Somebody came to a provider by themselves; no more is kept than the provider needs."""

    key: Key
    service: UUID
    hub: Slug
    given: Line = ""
    family: Line = ""
    contacts: list[WayBody] = Field(default_factory=list, max_length=3)
    needs: list[Need] = Field(min_length=1, max_length=40)
    words: Words = ""
    access_needs: list[NeededBody] = Field(default_factory=list, max_length=20)
    agreed: Literal[True] = Field(description="Nothing is kept without the person's agreement.")
    agreed_how: Literal["verbal", "written"]
    tell_team: StrictBool = Field(description="Whether a link worker hears of it.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if not (self.given or self.family):
            raise ValueError("Say what the person is called.")
        if len({each.channel for each in self.contacts}) != len(self.contacts):
            raise ValueError("Name each channel once.")
        return self

    def handed(self) -> Handed:
        """The same as what comes in at a front door."""
        return Handed(
            key=self.key,
            hub=self.hub,
            source="walk-in",
            entered="walk-in",
            given=self.given,
            family=self.family,
            birth_date=None,
            nhs_number=None,
            words=self.words,
            needs=[each.model_dump(exclude_none=True) for each in self.needs],
            contacts=[Reachable(**each.model_dump()) for each in self.contacts],
            access_needs=[each.model_dump() for each in self.access_needs],
            practice=None,
            tell_gp=False,
            referrer={},
            relation="",
            agreed_how=self.agreed_how,
            tell_referrer=False,
        )


class HearBody(Body):
    """Whoever came by themselves agrees now that a link worker hears of it."""

    agreed: Literal[True]
