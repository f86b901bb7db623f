"""The consortium as data: its members, who works with whom, and what they have beside services."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, String, Text, text
from sqlmodel import Field

from services.providers.tables.base import Base, instant


class Member(Base, table=True):
    """Somebody of the consortium: a trust, a council, a listed provider, a freelance practitioner.

    A listed provider's id is its listing's, and its name is read there; `organization_id` says so.
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("organization_id IS NULL OR organization_id = id", name="one_id"),
        CheckConstraint("until >= since", name="time"),
    )
    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=40, index=True)
    name: str | None = Field(default=None, max_length=300)
    organization_id: UUID | None = Field(default=None, foreign_key="organization.id")
    description: str | None = Field(default=None, sa_type=Text)
    website: str | None = Field(default=None, max_length=2000)
    email: str | None = Field(default=None, max_length=254)
    hubs: list[str] = Field(sa_column=Column(ARRAY(String(40)), nullable=False))
    since: date
    until: date | None = None
    updated: datetime = instant()
    updated_by: str = Field(max_length=200)


class Relation(Base, table=True):
    """Who works with whom, how, since when and until when. `one` does it, `other` it is done to."""

    __tablename__ = "relation"
    __table_args__ = (
        CheckConstraint("one <> other", name="two"),
        CheckConstraint("until >= since", name="time"),
        Index(
            "ix_relation_standing",
            "how",
            "one",
            "other",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )
    id: UUID = Field(primary_key=True)
    how: str = Field(max_length=40)
    one: UUID = Field(foreign_key="member.id", index=True, ondelete="CASCADE")
    other: UUID = Field(foreign_key="member.id", index=True, ondelete="CASCADE")
    about: str | None = Field(default=None, sa_type=Text)
    since: date
    until: date | None = None
    updated: datetime = instant()
    updated_by: str = Field(max_length=200)


class Asset(Base, table=True):
    """What is no service and helps all the same: a venue, a skill, kit, people (care, Words)."""

    __tablename__ = "asset"
    __table_args__ = (CheckConstraint("until >= since", name="time"),)
    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=40)
    name: str = Field(max_length=300)
    description: str | None = Field(default=None, sa_type=Text)
    hub: str = Field(max_length=40, foreign_key="hub.code", index=True)
    holder: UUID | None = Field(
        default=None, foreign_key="member.id", index=True, ondelete="SET NULL"
    )
    terms: str | None = Field(default=None, sa_type=Text)
    ask: str | None = Field(default=None, max_length=254)
    postcode: str | None = Field(default=None, max_length=8)
    latitude: float | None = None
    longitude: float | None = None
    since: date | None = None
    until: date | None = None
    updated: datetime = instant()
    updated_by: str = Field(max_length=200)
