"""The issuer's tables: clients and keys, people, what joins the two; and its outbox."""

from sqlalchemy import MetaData

from services.identity.tables.base import IdentityTable, metadata
from services.identity.tables.clients import (
    OAuthClient,
    RevokedToken,
    SigningKey,
    UsedAssertion,
    oauth_client,
    revoked_token,
    signing_key,
    used_assertion,
)
from services.identity.tables.people import (
    AccountAct,
    Invitation,
    Membership,
    PersonAccount,
    RecoveryCode,
    SignIn,
    SignInTry,
)
from services.identity.tables.signing_in import (
    AuthorizationCode,
    IdentitySession,
    RefreshToken,
    SignInGrant,
    SignInLink,
)
from shared.database import metadata as leases
from shared.messaging.outbox import metadata as messages

__all__ = [
    "AccountAct",
    "AuthorizationCode",
    "IdentitySession",
    "IdentityTable",
    "Invitation",
    "Membership",
    "OAuthClient",
    "PersonAccount",
    "RecoveryCode",
    "RefreshToken",
    "RevokedToken",
    "SignIn",
    "SignInGrant",
    "SignInLink",
    "SignInTry",
    "SigningKey",
    "UsedAssertion",
    "metadata",
    "oauth_client",
    "revoked_token",
    "schema",
    "signing_key",
    "used_assertion",
]


def schema() -> list[MetaData]:
    """All tables of this service's database, for migrations."""
    return [metadata, messages, leases]
