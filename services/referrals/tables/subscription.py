"""Subscriptions: what changed, who is to be told of it, and the numbered events of each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant
from shared.database import NAMING
from shared.delivery import DeliveryTables
from shared.tracing import LENGTH

delivery_metadata = MetaData(naming_convention=NAMING)
deliveries = DeliveryTables(delivery_metadata, "subscription_delivery")
"""What is sent to subscribers, by the delivery engine; its payload is the event's number."""

COUNTED = ("requested", "active", "error")
"""Events are counted while a Subscription is in error, so that its client sees by the next number
that it missed some and asks for them by $events."""


class Change(Row, table=True):
    """A version of a watched resource that subscribers may hear of, until it was dispatched.

    A queue and not a cursor: positions are given before commit, so that a reader who remembered
    the highest one would miss a transaction that commits late.
    """

    __tablename__ = "subscription_change"
    __table_args__ = (
        Index(
            "ix_subscription_change_waiting",
            "position",
            postgresql_where=text("dispatched IS NULL"),
        ),
    )

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    type: str
    id: str = Field(max_length=64)
    version: int
    made: datetime = instant()
    dispatched: datetime | None = instant(nullable=True, default=None)
    traceparent: str | None = Field(default=None, max_length=LENGTH)
    """The W3C trace context of the request that changed it."""


class SubscriptionState(Row, table=True):
    """A Subscription's running state; the resource itself is a document."""

    __tablename__ = "subscription_state"

    id: str = Field(primary_key=True, max_length=64)
    organisation: UUID = Field(index=True)
    client: str | None = Field(default=None, index=True)
    """That registered it last; not known of some that are older than this column."""
    scopes: list[str] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    """Of the token with which it did, which it never exceeds."""
    status: str
    """`requested`, `active`, `error` or `off`, as in the resource."""
    topic: str = Field(index=True)
    """Its canonical; the type of resource where `criteria` is a query of one that has no topic."""
    filters: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """Search queries such as `Task?status=accepted`; all must match."""
    content: str
    """`empty`, `id-only` or `full-resource`."""
    plain: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """R4's own rest-hook, without the Backport's Bundle and handshake."""
    endpoint: str
    headers: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    media_type: str
    max_count: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """How many events one notification may tell."""
    heartbeat_seconds: int | None = None
    timeout_seconds: int | None = None
    secret: str | None = None
    """With which notifications are signed."""
    number: int = 0
    """Of the last event; rises by one, without gaps."""
    created: datetime = instant()
    ends: datetime | None = instant(nullable=True, default=None)
    """When it is to be turned off (Subscription.end)."""
    beat_due: datetime | None = instant(nullable=True, default=None)
    """When a heartbeat is due, unless something else is told before."""
    error: str | None = Field(default=None, max_length=60)
    """Why it is in error, as a code."""


class SubscriptionEvent(Row, table=True):
    """One numbered event of a Subscription."""

    __tablename__ = "subscription_event"

    subscription: str = Field(foreign_key="subscription_state.id", primary_key=True, max_length=64)
    number: int = Field(primary_key=True)
    type: str
    id: str = Field(max_length=64)
    version: int
    happened: datetime = instant()
