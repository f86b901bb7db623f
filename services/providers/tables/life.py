"""A listing's life: what it said when, who wrote it and who agreed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.providers.life.states import State
from services.providers.tables.base import Base, instant


class ListingVersion(Base, table=True):
    """What a listing said, or would say. One that waits leaves the public listing as it is.

    `listing` is the HSDS shape as it came in, without what has its default; `based_on` the version
    that stood in public when it was written. `hub` is whose coordinators decide.
    """

    __tablename__ = "listing_version"
    __table_args__ = (
        CheckConstraint("kind IN ('service', 'organization')", name="kind"),
        Index("ix_listing_version_subject", "subject", "number", unique=True),
        Index(
            "ix_listing_version_waiting",
            "hub",
            "written",
            postgresql_where=text("state IN ('draft', 'approved')"),
        ),
        Index(
            "ix_listing_version_public",
            "subject",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        Index("ix_listing_version_owner", "owner", "written"),
    )
    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=20)
    subject: UUID
    number: int
    state: State = Field(sa_type=String(20))
    owner: UUID
    hub: str | None = Field(default=None, foreign_key="hub.code")
    listing: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    based_on: int | None = None
    written: datetime = instant()
    written_by: str = Field(max_length=200)
    why: str | None = Field(default=None, sa_type=Text)
    decided: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, max_length=200)
    words: str | None = Field(default=None, sa_type=Text)
    publish_from: date | None = None
    published: datetime | None = instant(nullable=True)


class ListingAct(Base, table=True):
    """What was done with a listing beside writing it: withdrawn, unlisted, verified.

    `position` orders what was done, and is the sequence of the events that tell of it.
    """

    __tablename__ = "listing_act"
    __table_args__ = (Index("ix_listing_act_subject", "subject", "position"),)
    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    subject: UUID
    what: str = Field(max_length=40)
    at: datetime = instant()
    by: str = Field(max_length=200)
    why: str | None = Field(default=None, sa_type=Text)
