"""How long the issuer keeps what. It knows systems and no patients (care 9)."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine

from services.identity.settings import IdentitySettings
from services.identity.tables import revoked_token, used_assertion
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import Expiry, OldRows, RecordClass, Retention

CLIENTS = RecordClass(
    name="clients",
    holds="systems that may ask for tokens, with a fingerprint of their secret",
    tables=("oauth_client",),
    basis="operation",
    start="its registration",
    length=None,
    review="the operator, when a system is no longer used",
)
KEYS = RecordClass(
    name="signing-keys",
    holds="key pairs of the issuer, private halves encrypted",
    tables=("signing_key",),
    basis="operation; a key that retired is deleted at the next rotation",
    start="its making",
    length=None,
    review="none: no personal data",
)
ASSERTIONS = RecordClass(
    name="used-assertions",
    holds="fingerprints of clients' assertions, so that none is used twice",
    tables=("used_assertion",),
    basis="operation; the issuer deletes some at each use",
    start="the assertion expired",
    length=relativedelta(days=1),
    review="none: no personal data",
)

REVOKED = RecordClass(
    name="revoked-tokens",
    holds="names of tokens that ended before they expired",
    tables=("revoked_token",),
    basis="operation; the issuer deletes some at each revocation",
    start="the token would have expired",
    length=relativedelta(days=1),
    review="none: no personal data",
)

RECORDS = (CLIENTS, KEYS, ASSERTIONS, REVOKED, LEASES, *messages.RECORDS)

NOBODY: Mapping[str, str] = {
    "oauth_client": "a system and the organisation for which it acts",
    "signing_key": "a key pair",
    "used_assertion": "a fingerprint",
    "revoked_token": "a token's name and its client",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "outbox": "events about clients",
}
"""Tables that concern no patient, and what is in them: all."""


def expiries(_settings: IdentitySettings, engine: Engine) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    return {
        **messages.expiries(engine),
        ASSERTIONS.name: OldRows(engine, used_assertion, used_assertion.c.expires),
        REVOKED.name: OldRows(engine, revoked_token, revoked_token.c.expires),
    }


RETENTION = Retention(RECORDS, expiries)
