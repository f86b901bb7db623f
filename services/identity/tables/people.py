"""People who sign in: their accounts, roles, invitations, and what was done with them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlmodel import Field

from services.identity.tables.base import IdentityTable, metadata


def _instant(*, required: bool = True, **more: Any) -> Any:
    return Column(DateTime(timezone=True), nullable=not required, **more)


def _now() -> Any:
    return Field(default=None, sa_column=_instant(server_default=func.now()))


def _account(**more: Any) -> Any:
    key = ForeignKey("person_account.id", ondelete="CASCADE")
    return Field(sa_column=Column(Uuid, key, nullable=False, **more))


class PersonAccount(IdentityTable, table=True):
    """Somebody who may sign in. `state` is `invited`, `active` or `disabled`.

    `generation` is in the tokens and sessions of the account and rises whenever they must end: by a
    change of roles, a new password, a sign-out everywhere. `totp_secret` is encrypted;
    `totp_step` is the last step of 30 seconds whose code was used. Without a password, a link by
    e-mail stands in for it. `codes_to_keep` (encrypted) are recovery codes whose person has not
    said yet that they kept them. A demo account's password is public knowledge.
    """

    __tablename__: ClassVar[Any] = "person_account"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
        CheckConstraint(
            "state <> 'active' OR totp_secret IS NOT NULL",
            name="second_factor",
        ),
        Index("uq_person_account_email", text("lower(email)"), unique=True),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(default="invited", max_length=10)
    password_hash: str | None = Field(default=None, sa_column=Column(Text))
    totp_secret: str | None = Field(default=None, sa_column=Column(Text))
    totp_step: int | None = Field(default=None, sa_column=Column(BigInteger))
    codes_to_keep: str | None = Field(default=None, sa_column=Column(Text))
    generation: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default=text("0"))
    )
    demo: bool = False
    created: datetime | None = _now()


class Membership(IdentityTable, table=True):
    """What somebody is to one organisation; the organisation's name is kept to choose it by.

    `locked` is set by the organisation's administrator: they act for it no more, and stay what they
    are to others.
    """

    __tablename__: ClassVar[Any] = "membership"

    account: UUID = _account(primary_key=True)
    organisation: UUID = Field(primary_key=True)
    role: str = Field(primary_key=True, max_length=50)
    organisation_name: str = Field(sa_column=Column(Text, nullable=False))
    locked: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )


class Invitation(IdentityTable, table=True):
    """A link by which somebody sets a password and a second factor, once. Only its hash is kept."""

    __tablename__: ClassVar[Any] = "invitation"

    token_hash: str = Field(primary_key=True, max_length=64)
    account: UUID = _account(index=True)
    expires: datetime = Field(sa_column=_instant(index=True))
    created: datetime | None = _now()


class RecoveryCode(IdentityTable, table=True):
    """A code that stands in for the second factor once. Deleted when it is used."""

    __tablename__: ClassVar[Any] = "recovery_code"

    account: UUID = _account(primary_key=True)
    code_hash: str = Field(primary_key=True, max_length=64)


class SignInTry(IdentityTable, table=True):
    """Failed tries to sign in of one account or one address since the last success.

    `of` is a keyed hash of the e-mail address or network address: it says neither whom it is about
    nor whether there is such an account.
    """

    __tablename__: ClassVar[Any] = "sign_in_try"

    of: str = Field(primary_key=True, max_length=64)
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    until: datetime | None = Field(default=None, sa_column=_instant(required=False))
    last: datetime = Field(sa_column=_instant(index=True))


class SignIn(IdentityTable, table=True):
    """A sign-in to an account, or a try: when, from where, and what came of it."""

    __tablename__: ClassVar[Any] = "sign_in"
    __table_args__ = (Index("ix_sign_in_account", "account", "at"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    account: UUID = _account()
    at: datetime | None = Field(
        default=None, sa_column=_instant(server_default=func.now(), index=True)
    )
    outcome: str = Field(max_length=30)
    address: str = Field(max_length=64)
    browser: str = Field(max_length=200)


class AccountAct(IdentityTable, table=True):
    """What was done with an account, by whom: invited, roles changed, disabled, signed out."""

    __tablename__: ClassVar[Any] = "account_act"
    __table_args__ = (Index("ix_account_act_account", "account", "at"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    account: UUID = Field(nullable=False)
    at: datetime | None = Field(
        default=None, sa_column=_instant(server_default=func.now(), index=True)
    )
    act: str = Field(max_length=30)
    by: str = Field(sa_column=Column(Text, nullable=False))
    detail: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


person_account = metadata.tables["person_account"]
membership = metadata.tables["membership"]
invitation = metadata.tables["invitation"]
recovery_code = metadata.tables["recovery_code"]
sign_in_try = metadata.tables["sign_in_try"]
sign_in = metadata.tables["sign_in"]
account_act = metadata.tables["account_act"]
