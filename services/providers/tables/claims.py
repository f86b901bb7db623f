"""Who asks to keep a listing that somebody else brought, and who may."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.providers.claims.domain import ClaimState
from services.providers.tables.base import Base, instant


class ListingClaim(Base, table=True):
    """An organisation's claim to keep another one's listings. One that is accepted is the right.

    `who` asks, by name and role, and `evidence` is what they say for it: for the hub's eyes, and
    gone with the claim. `claimant` is on whose behalf their token acts.
    """

    __tablename__ = "listing_claim"
    __table_args__ = (
        Index(
            "ix_listing_claim_keeper",
            "organization_id",
            unique=True,
            postgresql_where=text("state = 'accepted'"),
        ),
        Index(
            "ix_listing_claim_open",
            "organization_id",
            "claimant",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )
    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    claimant: UUID = Field(index=True)
    state: ClaimState = Field(sa_type=String(20))
    who: str = Field(max_length=200)
    evidence: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    asked: datetime = instant()
    asked_by: str = Field(max_length=200)
    decided: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, max_length=200)
    words: str | None = Field(default=None, sa_type=Text)
    ended: datetime | None = instant(nullable=True)
    ended_by: str | None = Field(default=None, max_length=200)
    why_ended: str | None = Field(default=None, sa_type=Text)
