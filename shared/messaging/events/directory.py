"""What happens in the directory. The whole public listing travels (state transfer), so that
readers keep a copy of their own and call nobody on a write path.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from shared.messaging.events.base import Code, Event


class ProviderEvent(Event):
    """A provider's public listing after the change."""

    about: ClassVar[str] = "provider/<id>"

    provider: UUID
    listing: dict[str, JsonValue]

    @property
    def subject(self) -> str:
        """The provider, by id."""
        return f"provider/{self.provider}"


class ServiceEvent(Event):
    """A service's public listing after the change."""

    about: ClassVar[str] = "service/<id>"

    service: UUID
    provider: UUID
    listing: dict[str, JsonValue]

    @property
    def subject(self) -> str:
        """The service, by id."""
        return f"service/{self.service}"


class ProviderPublished(ProviderEvent):
    """A provider was listed for the first time, or again."""

    type: ClassVar[str] = "kersey.directory.provider.published.v1"


class ProviderChanged(ProviderEvent):
    """A listed provider's public details changed."""

    type: ClassVar[str] = "kersey.directory.provider.changed.v1"


class ProviderWithdrawn(ProviderEvent):
    """A provider is no longer listed; the listing is what stood last."""

    type: ClassVar[str] = "kersey.directory.provider.withdrawn.v1"


class ServicePublished(ServiceEvent):
    """A service was listed for the first time, or again."""

    type: ClassVar[str] = "kersey.directory.service.published.v1"


class ServiceChanged(ServiceEvent):
    """A listed service's public details changed; `was` is its status before, where that did, and
    `before` of the listing which needs it met, how and where, where one of these did.
    """

    type: ClassVar[str] = "kersey.directory.service.changed.v1"

    was: str | None = None
    before: dict[str, JsonValue] | None = None


class ServiceWithdrawn(ServiceEvent):
    """A service is no longer listed; the listing is what stood last."""

    type: ClassVar[str] = "kersey.directory.service.withdrawn.v1"


class CapacityChanged(Event):
    """How much room a service has, until it `expires`; `places` only where the provider counts
    them, `waiting` only where it says how many wait, `was` how it stood before.
    """

    type: ClassVar[str] = "kersey.directory.capacity.changed.v1"
    about: ClassVar[str] = "service/<id>"

    service: UUID
    state: Code
    was: Code | None = None
    places: Annotated[int, Field(ge=0)] | None = None
    waiting: Annotated[int, Field(ge=0)] | None = None
    keeps_list: bool = False
    expires: AwareDatetime | None = None

    @property
    def subject(self) -> str:
        """The service, by id."""
        return f"service/{self.service}"
