"""Erasure of a person, which each service carries out and confirms (care 9)."""

from typing import ClassVar
from uuid import UUID

from shared.messaging.events.base import Code, Event


class PersonEvent(Event):
    """Something that concerns a person's record as such; the id is Kersey's own."""

    about: ClassVar[str] = "person/<id>"

    person: UUID

    @property
    def subject(self) -> str:
        """The person, by id."""
        return f"person/{self.person}"


class PersonErased(PersonEvent):
    """A person was erased: whoever keeps something about them erases it and confirms."""

    type: ClassVar[str] = "kersey.person.erased.v1"


class ErasureConfirmed(PersonEvent):
    """One service, by name, has erased what it kept about the person."""

    type: ClassVar[str] = "kersey.person.erasure.confirmed.v1"

    service: Code
