"""The portal's tables: who is signed in, in which browser. Nothing of record is kept here."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING

metadata = MetaData(naming_convention=NAMING)


def schema() -> list[MetaData]:
    """All tables of this service's database, for migrations."""
    return [metadata]


class PortalTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of the portal's tables: a registry of its own, apart from the other services'."""


class WebSession(PortalTable, table=True):
    """A browser in which somebody is signed in.

    `fingerprint` is the SHA-256 of the secret in its cookie, so that who reads this table can be
    nobody. `tokens` holds what the issuer gave, encrypted; `good_until` is when its access token
    ends, `renewing` when a request began to renew it. The session ends at `ends`, or when it was
    not `seen` for a while. `kept` is what was typed into the last few forms that take more than
    one page, each encrypted, by the address of its page; see `sign_in.half_typed`.
    """

    __tablename__: ClassVar[Any] = "web_session"

    fingerprint: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account: str = Field(sa_column=Column(Text, nullable=False))
    tokens: str = Field(sa_column=Column(Text, nullable=False))
    good_until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    renewing: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    began: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
    kept: str | None = Field(default=None, sa_column=Column(Text))
    ends: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class FormSent(PortalTable, table=True):
    """A form that was sent in a session, so that it is not sent twice; it goes with the session.

    `what` is the SHA-256 of the form's number and of all that was in it, `came` the page to which
    it led, empty while it is under way.
    """

    __tablename__: ClassVar[Any] = "form_sent"

    session: bytes = Field(
        sa_column=Column(
            LargeBinary, ForeignKey("web_session.fingerprint", ondelete="CASCADE"), primary_key=True
        )
    )
    what: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    came: str | None = Field(default=None, sa_column=Column(Text))


web_session = metadata.tables["web_session"]
form_sent = metadata.tables["form_sent"]
