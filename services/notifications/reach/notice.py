"""What a message about how a party is reached is about: its payload, ids and codes only."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What a message says."""

    ENDPOINT_OFF = "endpoint-off"
    """The party: its system is sent nothing more."""
    ENDPOINT_OFF_OF_THEIRS = "endpoint-off-of-theirs"
    """The party's hub: likewise."""
    ADDRESS_UNUSABLE = "address-unusable"
    """The party: mails to one of its addresses do not arrive, or are not wanted."""
    ADDRESS_UNUSABLE_OF_THEIRS = "address-unusable-of-theirs"
    """The party's hub: likewise."""


class ReachNotice(BaseModel):
    """Why somebody is told something; stored with the delivery, read again when it is sent.

    Attributes:
        kind: what the message says.
        about: the contact that is not reached.
        contact: to whom; None where there was nobody.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    about: UUID
    contact: UUID | None = None
