"""What stands between a sign-in and the tokens of a client: sessions, codes, refresh tokens."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.identity.tables.base import IdentityTable, metadata


def _instant(*, required: bool = True, **more: Any) -> Any:
    return Column(DateTime(timezone=True), nullable=not required, **more)


def _leading_to(target: str, **more: Any) -> Any:
    return Column(Uuid, ForeignKey(target, ondelete="CASCADE"), index=True, **more)


class IdentitySession(IdentityTable, table=True):
    """A browser at the issuer. `stage` says how far its person has come.

    `password` and `link`: that was the first factor, and the second is missing. `invited`: an
    invitation was opened. `enrolling`: the password is set, or not wanted, and `totp_secret`
    (encrypted) waits for its first code. `signed-in`. The cookie's value is kept as a hash;
    `asked` is the authorization request that began it.
    """

    __tablename__: ClassVar[Any] = "identity_session"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    account: UUID = Field(sa_column=_leading_to("person_account.id", nullable=False))
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    stage: str = Field(max_length=10)
    organisation: UUID | None = None
    asked: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    invitation: str | None = Field(default=None, max_length=64)
    password_hash: str | None = Field(default=None, sa_column=Column(Text))
    totp_secret: str | None = Field(default=None, sa_column=Column(Text))
    signed_in: datetime | None = Field(default=None, sa_column=_instant(required=False))
    seen: datetime = Field(sa_column=_instant())
    expires: datetime = Field(sa_column=_instant(index=True))


class SignInLink(IdentityTable, table=True):
    """A link that stands in for a password, once. Only its hash is kept.

    `browser` is a keyed hash of the cookie of who asked for it: only there the authorization
    request in `asked` goes on. `generation` is the account's: other roles end it.
    """

    __tablename__: ClassVar[Any] = "sign_in_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    account: UUID = Field(sa_column=_leading_to("person_account.id", nullable=False))
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    browser: str = Field(max_length=64)
    asked: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    expires: datetime = Field(sa_column=_instant(index=True))


class SignInGrant(IdentityTable, table=True):
    """What one sign-in gave one client: the family of all tokens that come of it.

    Its id is the `sid` in them. `ended` ends all of them.
    """

    __tablename__: ClassVar[Any] = "sign_in_grant"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account: UUID = Field(sa_column=_leading_to("person_account.id", nullable=False))
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    session: UUID | None = Field(
        default=None,
        sa_column=Column(Uuid, ForeignKey("identity_session.id", ondelete="SET NULL"), index=True),
    )
    client_id: str = Field(max_length=100)
    organisation: UUID
    scope: str = Field(sa_column=Column(Text, nullable=False))
    signed_in: datetime = Field(sa_column=_instant())
    expires: datetime = Field(sa_column=_instant(index=True))
    ended: datetime | None = Field(default=None, sa_column=_instant(required=False))


class AuthorizationCode(IdentityTable, table=True):
    """A code that a client exchanges once (RFC 6749 section 4.1.2). Only its hash is kept.

    A used one stays until it would be too old anyway, so that a second use is known as one.
    """

    __tablename__: ClassVar[Any] = "authorization_code"

    code_hash: str = Field(primary_key=True, max_length=64)
    sign_in_grant: UUID = Field(sa_column=_leading_to("sign_in_grant.id", nullable=False))
    redirect_uri: str = Field(sa_column=Column(Text, nullable=False))
    challenge: str = Field(max_length=128)
    nonce: str | None = Field(default=None, sa_column=Column(Text))
    expires: datetime = Field(sa_column=_instant(index=True))
    used: datetime | None = Field(default=None, sa_column=_instant(required=False))


class RefreshToken(IdentityTable, table=True):
    """A refresh token, good once (RFC 9700 section 4.14.2). Only its hash is kept."""

    __tablename__: ClassVar[Any] = "refresh_token"

    token_hash: str = Field(primary_key=True, max_length=64)
    sign_in_grant: UUID = Field(sa_column=_leading_to("sign_in_grant.id", nullable=False))
    issued: datetime | None = Field(default=None, sa_column=_instant(server_default=func.now()))
    used: datetime | None = Field(default=None, sa_column=_instant(required=False))


identity_session = metadata.tables["identity_session"]
sign_in_grant = metadata.tables["sign_in_grant"]
authorization_code = metadata.tables["authorization_code"]
refresh_token = metadata.tables["refresh_token"]
sign_in_link = metadata.tables["sign_in_link"]
