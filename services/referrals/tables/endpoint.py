"""What an Endpoint keeps secret: its headers, and the keys in its address."""

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row


class EndpointSecret(Row, table=True):
    """Where a message to an Endpoint really goes; its document, which is read, has masks.

    There is a row only where there is something to mask.
    """

    __tablename__ = "endpoint_secret"

    id: str = Field(primary_key=True, max_length=64)
    """Of the Endpoint."""
    address: str
    headers: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """Its lines as they were sent."""
