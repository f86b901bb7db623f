"""What a message about a listing is about: its payload, ids and codes only."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.notifications.listings.rules import Kind


class ListingNotice(BaseModel):
    """Why somebody is told something; stored with the delivery, read again when it is sent.

    Attributes:
        kind: what the message says.
        contact: to whom; None where there was nobody.
        event: the event that caused it.
        time: when that happened.
        listing: the service or organisation whose listing it is.
        provider: whose.
        days: until what the message warns of; None where it warns of nothing.
        tier: which tier it speaks of, if it does.
        services: those of which it asks how much room they have, in the order of the mail.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    contact: UUID | None = None
    event: UUID
    time: datetime
    listing: UUID
    provider: UUID
    days: int | None = None
    tier: int | None = None
    services: tuple[UUID, ...] = ()
