"""Providers that a hub brings in, and what its coordinators did for that."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, String, Text, text
from sqlmodel import Field

from services.providers.onboarding.domain import State
from services.providers.tables.base import Base, instant


class Onboarding(Base, table=True):
    """A provider on its way from 'we heard of them' to published.

    Which steps are done is asked of what they are made of: the listing, its evidence, its closing
    days, and other services. Here is only what has no other place: the tier that is wished for,
    how far the hub would go, and what is known of a group before it is listed. `provider` is the
    id under which it is or will be listed; `service` the listing that is brought in, where it is
    known. `moved` is when a coordinator last did something here. `reach_email` and `reach_phone`
    are for asking them until notifications keeps how they are reached: they go at the end.
    """

    __tablename__ = "onboarding"
    __table_args__ = (
        CheckConstraint("tier BETWEEN 1 AND 3", name="tier"),
        Index(
            "ix_onboarding_provider",
            "provider",
            unique=True,
            postgresql_where=text("state IN ('going-on', 'on-hold')"),
        ),
        Index(
            "ix_onboarding_name",
            "hub",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("state IN ('going-on', 'on-hold')"),
        ),
        Index("ix_onboarding_state", "hub", "state", "moved"),
    )
    id: UUID = Field(primary_key=True)
    hub: str = Field(foreign_key="hub.code")
    provider: UUID
    service: UUID | None = None
    name: str | None = Field(default=None, max_length=300)
    place: str | None = Field(default=None, max_length=200)
    tier: int
    reach_email: str | None = Field(default=None, max_length=254)
    reach_phone: str | None = Field(default=None, max_length=40)
    state: State = Field(sa_type=String(20))
    begun: datetime = instant()
    begun_by: str = Field(max_length=200)
    moved: datetime = instant()
    ended: datetime | None = instant(nullable=True)


class OnboardingAct(Base, table=True):
    """What somebody did for it: who, when, and in which words. `about` is a step or a paper."""

    __tablename__ = "onboarding_act"
    __table_args__ = (Index("ix_onboarding_act_onboarding", "onboarding", "position"),)
    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    onboarding: UUID = Field(foreign_key="onboarding.id", ondelete="CASCADE")
    what: str = Field(max_length=20)
    about: str | None = Field(default=None, max_length=40)
    at: datetime = instant()
    by: str = Field(max_length=200)
    words: str | None = Field(default=None, sa_type=Text)
