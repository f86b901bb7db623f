"""That somebody opened a case in an emergency, why, what they read, and who looked at that."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class BreakGlass(Row, table=True):
    """One opening of one case by one person. It makes no reader row: it is itself the right to
    read, and only `handlers.break_glass` asks for it."""

    __tablename__ = "break_glass"
    __table_args__ = (
        Index("ix_break_glass_team_to_look_at", "team", postgresql_where=text("looked IS NULL")),
        Index("ix_break_glass_hub_opened", "hub", "opened"),
        Index(
            "uq_break_glass_account_open",
            "account",
            unique=True,
            postgresql_where=text("closed IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    hub: str = Field(foreign_key="place_hub.code", max_length=40)
    team: UUID
    """Whose case it was then: its lead looks at the opening, whoever has the case later."""
    account: str = Field(max_length=100)
    opened_by_name: str = Field(max_length=200)
    """Of staff, who answer for what they decide by name."""
    reason: str = Field(max_length=40)
    words: str
    opened: datetime = instant()
    until: datetime = instant()
    closed: datetime | None = instant(nullable=True, default=None)
    """When its reader closed it, or when its time was found to be over."""
    reads: list[datetime] = Field(
        default_factory=list,
        sa_column=Column(
            ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")
        ),
    )
    looked: datetime | None = instant(nullable=True, default=None)
    looked_by: str = Field(default="", max_length=100)
    looked_by_name: str = Field(default="", max_length=200)
    found: str = Field(default="", max_length=20)
    """What the team lead finds of it: one of `break_glass.FOUND`."""
    came: str = ""
