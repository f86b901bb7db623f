"""Messages that were taken by `$process-message`, and what their senders are told."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Column, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant
from services.referrals.tables.subscription import delivery_metadata
from shared.delivery import DeliveryTables

bars_deliveries = DeliveryTables(delivery_metadata, "bars_delivery")
"""Answers to senders, by the delivery engine; a payload holds ids and codes."""


class BarsMessage(Row, table=True):
    """A message that was taken: ids alone, none of its content.

    It keeps a repeat from being taken again, and says which documents a later message means and
    where an answer goes.
    """

    __tablename__ = "bars_message"
    __table_args__ = (
        UniqueConstraint("organisation", "request", name="uq_bars_message_request"),
        Index("ix_bars_message_focus", "organisation", "focus"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organisation: UUID
    """The client organisation that sent it."""
    client: str | None = Field(default=None, max_length=100)
    """Its client that did; not known of some that are older than this column."""
    request: UUID
    """Its X-Request-Id."""
    correlation: UUID
    """Its X-Correlation-Id, which answers bear too."""
    bundle: str = Field(max_length=64)
    """The id of its Bundle, which answers name."""
    kind: str
    """`new`, `update` or `cancel`."""
    service_request: str = Field(index=True, max_length=64)
    version: int
    """Of the ServiceRequest, once the message was done."""
    focus: str = Field(max_length=255)
    """The fullUrl by which its sender knows the ServiceRequest."""
    documents: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    """By fullUrl, the `Type/id` under which its resources are here."""
    sender: str | None = Field(default=None, max_length=100)
    """The `Type/id` of the organisation that its header names as the sender."""
    endpoint: str
    """Where its sender can be reached (MessageHeader.source.endpoint)."""
    target: str
    """The service that it is for (MessageHeader.destination.endpoint)."""
    sent: datetime | None = instant(nullable=True, default=None)
    """What its sender says of when the request last changed."""
    received: datetime = instant()
    undelivered: str | None = Field(default=None, max_length=60)
    """Why its sender could not be told, as a code."""
