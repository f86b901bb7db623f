"""What happens to a client of the issuer: what it may ask for, never what it proves itself by."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import StringConstraints

from shared.messaging.events.base import Code, Event

Scope = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,4000}$")]
"""A scope by RFC 6749, section 3.3; with the search by which SMART narrows it."""


class ClientChanged(Event):
    """A client was changed, deactivated or activated again: its organisation, roles and scopes from
    now on. What was begun on its behalf and goes on without a token is held to them."""

    type: ClassVar[str] = "kersey.client.changed.v1"
    about: ClassVar[str] = "<client id>"

    client: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{1,100}$")]
    organisation: UUID
    active: bool
    roles: tuple[Code, ...] = ()
    scopes: tuple[Scope, ...] = ()

    @property
    def subject(self) -> str:
        """The client, by its id alone, which may be as long as a subject."""
        return self.client
