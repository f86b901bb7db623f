"""What was shown for a listing, and who last looked whether it is right."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.providers.tables.base import Base, instant


class TierEvidence(Base, table=True):
    """What was shown for a listing's tier (care 25), by kind; lapsed evidence lowers the tier."""

    __tablename__ = "tier_evidence"
    __table_args__ = (Index("ix_tier_evidence_expires", "expires"),)
    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="service.id", index=True)
    kind: str = Field(max_length=40)
    seen: date
    expires: date | None = None


class Assurance(Base, table=True):
    """When a person last found a listing right, which is not when its row changed.

    One row per service, there from its first listing on. `since` is when the review's clock began:
    at the last look, or when the listing came. `stage` and `asked` are how far a review that is due
    has come; `tier_told` and `warned_of` what was last told of the tier (care 25). `unlisted` says
    that the listing went for want of a look, so that a look brings it back; `reached` on which day
    the provider was told that it is asked.
    """

    __tablename__ = "assurance"
    __table_args__ = (Index("ix_assurance_since", "since"),)
    service_id: UUID = Field(primary_key=True, foreign_key="service.id")
    since: date
    verified: datetime | None = instant(nullable=True)
    verified_by: str | None = Field(default=None, max_length=20)
    verified_how: str | None = Field(default=None, max_length=20)
    stage: int = 0
    asked: date | None = None
    unlisted: bool = False
    reached: date | None = None
    tier_told: int | None = None
    warned_of: date | None = None
