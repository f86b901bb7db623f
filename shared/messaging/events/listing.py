"""The care of a listing: what its provider or its hub is asked to do. Ids and codes only.

Kept apart from `directory`, whose events are state that others copy: these are of no use to
whoever keeps a copy, and each is about one moment.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.messaging.events.base import Code, Event


class ListingEvent(Event):
    """Something that somebody is to do, or to know, about a service's or organisation's listing."""

    about: ClassVar[str] = "listing/<id>"

    listing: UUID
    provider: UUID
    hub: Code | None = None

    @property
    def subject(self) -> str:
        """The listing, by the id of its service or organisation."""
        return f"listing/{self.listing}"


class ListingSubmitted(ListingEvent):
    """A provider wrote a listing or an edit of one: its hub decides. What stood stays public."""

    type: ClassVar[str] = "kersey.directory.listing.submitted.v1"

    number: Annotated[int, Field(ge=1)]


class ListingSentBack(ListingEvent):
    """A hub asks for a change before a listing is published; its words stand with the version."""

    type: ClassVar[str] = "kersey.directory.listing.sent-back.v1"

    number: Annotated[int, Field(ge=1)]


class ListingApproved(ListingEvent):
    """A hub agreed to what a provider wrote: it is public now, or from the day that was agreed."""

    type: ClassVar[str] = "kersey.directory.listing.approved.v1"

    number: Annotated[int, Field(ge=1)]


class ListingClaimed(ListingEvent):
    """Somebody's staff ask to keep a listing that others brought: its hub decides."""

    type: ClassVar[str] = "kersey.directory.listing.claimed.v1"


class ListingClaimDecided(ListingEvent):
    """A hub said yes or no to whoever asked to keep a listing, or ended their keeping it. Its words
    stand with the claim."""

    type: ClassVar[str] = "kersey.directory.listing.claim-decided.v1"

    claimant: UUID
    decision: Code


class VerificationDue(ListingEvent):
    """Nobody has looked whether a listing is right for as long as its tier allows. `to` is whose
    turn it is; `days` from then it is unlisted unless somebody does, 0 if never."""

    type: ClassVar[str] = "kersey.directory.listing.verification-due.v1"

    to: Code
    days: Annotated[int, Field(ge=0)]


class TierEnding(ListingEvent):
    """Evidence lapses in so many days: the listing then falls below its tier (care 25)."""

    type: ClassVar[str] = "kersey.directory.listing.tier-ending.v1"

    tier: Annotated[int, Field(ge=1, le=3)]
    days: Annotated[int, Field(ge=0)]


class TierChanged(ListingEvent):
    """What a listing may be used for changed by the day alone: evidence lapsed (care 25)."""

    type: ClassVar[str] = "kersey.directory.listing.tier-changed.v1"

    tier: Annotated[int, Field(ge=1, le=3)]
    previous: Annotated[int, Field(ge=1, le=3)]


class CapacityAsked(ListingEvent):
    """A provider is asked, once in a week, how much room these of its services have; the listing is
    the provider's own."""

    type: ClassVar[str] = "kersey.directory.listing.capacity-asked.v1"

    services: tuple[UUID, ...]


class ListingNotice(ListingEvent):
    """How a message about a listing fared: `kind` says which message."""

    delivery: UUID
    channel: Code
    kind: Code


class ListingNoticeDelivered(ListingNotice):
    """A message about a listing reached its provider or its hub: `kind` says which message."""

    type: ClassVar[str] = "kersey.notification.listing-delivered.v1"


class ListingNoticeBounced(ListingNotice):
    """A message about a listing was taken and came back: nobody was reached by it after all."""

    type: ClassVar[str] = "kersey.notification.listing-bounced.v1"
