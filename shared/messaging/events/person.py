"""What happens to a person's record: merging, what stops every message, erasure. Ids and codes."""

from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.messaging.events.base import CaseEvent, Code, Event


class PersonEvent(Event):
    """Something that concerns a person's record as such; the id is Kersey's own."""

    about: ClassVar[str] = "person/<id>"

    person: UUID

    @property
    def subject(self) -> str:
        """The person, by id."""
        return f"person/{self.person}"


class _OfTwo(PersonEvent):
    """Two records of persons; published once for each of the two, in each one's order."""

    from_person: UUID = Field(alias="from")
    to_person: UUID = Field(alias="to")

    @model_validator(mode="after")
    def _is_about_one_of_the_two(self) -> Self:
        two = {self.from_person, self.to_person}
        if len(two) != 2 or self.person not in two:
            raise ValueError("a merge is of two records, and its subject is one of them")
        return self


class PersonMerged(_OfTwo):
    """A human found that two records are one person: what was kept under `from` is under `to`.
    Published once for each of the two, in each one's order."""

    type: ClassVar[str] = "kersey.person.merged.v1"


class PersonUnmerged(_OfTwo):
    """A merge was undone: what had been moved from `from` to `to` is back under `from`.
    Published once for each of the two, in each one's order."""

    type: ClassVar[str] = "kersey.person.unmerged.v1"


class PersonStop(CaseEvent):
    """Something was said of a person that stops messages; told once for each of their cases.

    By case, because that is what other services know, and in order with whatever else happens to
    it. Every case is told: a stop that was said in one team's care holds in every other's.
    """

    person: UUID


class PersonDied(PersonStop):
    """The person of this case has died: every message for them stops, queued ones too (care 13)."""

    type: ClassVar[str] = "kersey.person.died.v1"


class PersonRestricted(PersonStop):
    """The record of this case's person is restricted: nobody is shown who or where they are, and
    no message goes out by itself (care 12)."""

    type: ClassVar[str] = "kersey.person.restricted.v1"


class PersonNotToContact(PersonStop):
    """The person of this case is not to be contacted: no message goes out by itself (care 12)."""

    type: ClassVar[str] = "kersey.person.do-not-contact.v1"


class PersonStopLifted(PersonStop):
    """A stop that was said of this case's person does not stand any more."""

    type: ClassVar[str] = "kersey.person.stop-lifted.v1"

    stop: Literal["died", "restricted", "do-not-contact"]


class PersonErased(PersonEvent):
    """A person was erased: whoever keeps something about them or their cases erases it and
    confirms. It is told again after a backup was restored."""

    type: ClassVar[str] = "kersey.person.erased.v1"

    cases: tuple[UUID, ...] = ()


class ErasureConfirmed(PersonEvent):
    """One service, by name, has erased what it kept about the person."""

    type: ClassVar[str] = "kersey.person.erasure.confirmed.v1"

    service: Code
