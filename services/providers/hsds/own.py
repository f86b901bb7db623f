"""What Kersey says of a service beside HSDS: its tier, how it is asked, and its room."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from services.providers.domain import EVIDENCE_FOR, Answering, CapacityState, Tier
from services.providers.hsds.shapes import Own
from services.providers.hsds.values import HubCode, Line, MaybeEmail, PhoneNumber


class EvidenceSeen(Own):
    """What was shown for the tier (care 25)."""

    kind: Literal["sharing-agreement", "privacy-contact", "safeguarding-lead", "checks"]
    seen: date
    expires: date | None = None


class CapacitySaid(Own):
    """What a provider says about its room."""

    state: CapacityState
    places: int | None = Field(default=None, ge=0, le=100_000, strict=True)
    waiting: int | None = Field(default=None, ge=0, le=100_000, strict=True)
    first_date: date | None = None
    keeps_list: StrictBool | None = Field(
        default=None, description="Whether a waiting list starts when full; absent: unchanged."
    )
    expires: datetime | None = Field(
        default=None, description="When this stops being known; with a time zone."
    )

    @model_validator(mode="after")
    def _zoned(self) -> Self:
        if self.expires is not None and self.expires.tzinfo is None:
            raise ValueError("'expires' needs a time zone: Z at its end for UTC, or such as +01:00")
        return self


class ServiceOwn(Own):
    """Kersey's facts about a service."""

    hub: HubCode | None = None
    tier: Tier = Tier.SIGNPOST
    evidence: tuple[EvidenceSeen, ...] = ()
    ask_by: Answering = Answering.EMAIL
    referral_email: MaybeEmail = None
    referral_phone: PhoneNumber | None = None
    assured_by: Line | None = None
    capacity: CapacitySaid | None = None

    @model_validator(mode="after")
    def _evidence_fits(self) -> Self:
        missing = EVIDENCE_FOR[self.tier] - {each.kind for each in self.evidence}
        if missing:
            raise ValueError(f"tier {self.tier} needs evidence: {', '.join(sorted(missing))}")
        return self
