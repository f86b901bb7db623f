"""Clients, signing keys, used assertions and revoked tokens."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.identity.tables.base import IdentityTable, metadata


class OAuthClient(IdentityTable, table=True):
    """A system that may ask for tokens, and what it may get at most.

    It proves itself in exactly one way: a secret, keys, or an address of keys. A secret that was
    renewed with an overlap is good beside the new one until `former_secret_until`. `generation` is
    in its tokens and rises whenever an administrator changes it: what it got before no longer
    holds. One with `redirect_uris` has people sign in and acts for them alone; `after_sign_out`
    are the addresses to which they may be led when they have signed out.
    """

    __tablename__: ClassVar[Any] = "oauth_client"
    __table_args__ = (
        CheckConstraint("num_nonnulls(secret_hash, jwks, jwks_url) = 1", name="one_credential"),
    )

    client_id: str = Field(primary_key=True, max_length=100)
    name: str = Field(sa_column=Column(Text, nullable=False))
    secret_hash: str | None = Field(default=None, sa_column=Column(Text))
    former_secret_hash: str | None = Field(default=None, sa_column=Column(Text))
    former_secret_until: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True))
    )
    jwks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    jwks_url: str | None = Field(default=None, sa_column=Column(Text))
    organisation: UUID
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    redirect_uris: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")),
    )
    after_sign_out: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")),
    )
    active: bool = True
    demo: bool = False
    generation: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default=text("0"))
    )
    created: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


class SigningKey(IdentityTable, table=True):
    """A key pair of the issuer. `state` is `standby`, then `active`, then `retiring`.

    The index makes the database itself forbid two active keys or two on standby, however many
    replicas start or rotate at once. `private_pem` is encrypted, and gone once the key retires.
    """

    __tablename__: ClassVar[Any] = "signing_key"
    __table_args__ = (
        CheckConstraint("state IN ('standby', 'active', 'retiring')", name="state"),
        Index(
            "uq_signing_key_state",
            "state",
            unique=True,
            postgresql_where=text("state <> 'retiring'"),
        ),
    )

    kid: str = Field(primary_key=True, max_length=100)
    state: str = Field(max_length=10)
    public_jwk: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    private_pem: str | None = Field(default=None, sa_column=Column(Text))
    created: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    retires_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class UsedAssertion(IdentityTable, table=True):
    """A client's assertion that was accepted once and must not be accepted again.

    `jti` is the SHA-256 of the client's value, so that any length and any alphabet fits.
    """

    __tablename__: ClassVar[Any] = "used_assertion"

    client_id: str = Field(primary_key=True, max_length=100)
    jti: str = Field(primary_key=True, max_length=64)
    expires: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


class RevokedToken(IdentityTable, table=True):
    """A token that ended before it expired; gone from here once it would have expired anyway."""

    __tablename__: ClassVar[Any] = "revoked_token"

    jti: UUID = Field(primary_key=True)
    client_id: str = Field(max_length=100)
    expires: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


oauth_client = metadata.tables["oauth_client"]
signing_key = metadata.tables["signing_key"]
used_assertion = metadata.tables["used_assertion"]
revoked_token = metadata.tables["revoked_token"]
