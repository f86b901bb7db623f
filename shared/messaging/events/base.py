"""What every event is: a frozen model of ids and codes with a versioned name."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
"""A code of a declared list. Nothing a person could write as a sentence matches it, so that no
free text can slip into an event (design, Events: ids and codes only)."""

Priority = Literal["routine", "urgent", "asap", "stat"]
"""FHIR R4 request-priority."""


class Event(BaseModel):
    """Something that happened, in the past tense; a fact, never a command.

    Subclasses name themselves in `type` and list the ids and codes that a reader needs in order to
    decide; whatever else it wants to know it must ask for, with its own rights. An added optional
    field stays in the same version; anything else is a new class with a new version beside it.

    A field that the class does not declare is refused when an event is made, and ignored when one
    is read: an older reader lives with a newer writer. Errors never quote the refused value.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    type: ClassVar[str]
    """The event's name, which is also its routing key: `kersey.<what>.<happened>.v<version>`."""

    about: ClassVar[str]
    """The pattern of `subject`, for the documentation: `case/<id>`."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What the event is about. Order is kept per subject, and only there."""


class CaseEvent(Event):
    """Something that happened to a case: one sender's referral with its requests and Tasks."""

    about: ClassVar[str] = "case/<id>"

    case: UUID

    @property
    def subject(self) -> str:
        """The case, by id."""
        return f"case/{self.case}"
