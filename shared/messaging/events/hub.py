"""What a hub decides about its place that others act on."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.messaging.events.base import Code, Event

Limit = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
Days = Annotated[int, Field(ge=1, le=366)]


class HubLimitsChanged(Event):
    """A hub's limits from now on: working days by name, of routine and of urgent referrals.

    Names are those of `shared/limits.py`; a reader lets those be that it does not know.
    """

    type: ClassVar[str] = "kersey.hub.limits-changed.v1"
    about: ClassVar[str] = "hub/<code>"

    hub: Code
    routine: dict[Limit, Days]
    urgent: dict[Limit, Days]

    @property
    def subject(self) -> str:
        """The hub, by its code."""
        return f"hub/{self.hub}"
