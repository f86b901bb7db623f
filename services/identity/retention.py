"""How long the issuer keeps what. It knows systems and staff, and no patients (care 9)."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine

from services.identity.settings import IdentitySettings
from services.identity.tables import people, revoked_token, signing_in, used_assertion
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import (
    NO_PATIENT,
    Expiry,
    HeldCases,
    OldRows,
    RecordClass,
    Retention,
    Together,
    no_holds,
)

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
    despite_hold=NO_PATIENT,
)

REVOKED = RecordClass(
    name="revoked-tokens",
    holds="names of tokens that ended before they expired",
    tables=("revoked_token",),
    basis="operation; the issuer deletes some at each revocation",
    start="the token would have expired",
    length=relativedelta(days=1),
    review="none: no personal data",
    despite_hold=NO_PATIENT,
)

LINKS = RecordClass(
    name="sign-in-links",
    holds="fingerprints of links that stand in for a password once",
    tables=("sign_in_link",),
    basis="operation",
    start="the link expired",
    length=relativedelta(days=1),
    review="none: no personal data",
    despite_hold=NO_PATIENT,
)
PEOPLE = RecordClass(
    name="people",
    holds="people who may sign in: e-mail address, name, roles; password hashed, second factor"
    " encrypted",
    tables=("person_account", "membership", "recovery_code"),
    basis="employment or contract with an organisation of the consortium",
    start="their first invitation",
    length=None,
    review="an administrator of accounts, when somebody leaves: `kersey people disable`",
)
INVITATIONS = RecordClass(
    name="invitations",
    holds="fingerprints of links by which people set a password",
    tables=("invitation",),
    basis="operation",
    start="the link expired",
    length=relativedelta(days=1),
    review="none: no personal data",
    despite_hold=NO_PATIENT,
)
TRIES = RecordClass(
    name="sign-in-tries",
    holds="how often signing in failed, by a keyed fingerprint of account or address",
    tables=("sign_in_try",),
    basis="security of processing",
    start="the last try",
    length=relativedelta(days=2),
    review="none: nobody can be found by it",
    despite_hold=NO_PATIENT,
)
SIGN_INS = RecordClass(
    name="sign-ins",
    holds="when and from which address somebody signed in or failed to",
    tables=("sign_in",),
    basis="security of processing",
    start="the sign-in",
    length=relativedelta(years=1),
    review="none: its person sees it",
    despite_hold=NO_PATIENT,
)
ACTS = RecordClass(
    name="account-acts",
    holds="what was done with an account and by whom",
    tables=("account_act",),
    basis="accountability",
    start="the act",
    length=relativedelta(years=8),
    review="an administrator of accounts",
    despite_hold=NO_PATIENT,
)
SESSIONS = RecordClass(
    name="sessions",
    holds="browsers that are signed in, and what their sign-ins gave to which client",
    tables=("identity_session", "sign_in_grant", "authorization_code", "refresh_token"),
    basis="operation",
    start="it expired",
    length=relativedelta(days=1),
    review="none",
    despite_hold=NO_PATIENT,
)

RECORDS = (
    CLIENTS,
    KEYS,
    ASSERTIONS,
    REVOKED,
    PEOPLE,
    INVITATIONS,
    LINKS,
    TRIES,
    SIGN_INS,
    ACTS,
    SESSIONS,
    LEASES,
    *messages.RECORDS,
)

NOBODY: Mapping[str, str] = {
    "oauth_client": "a system and the organisation for which it acts",
    "signing_key": "a key pair",
    "used_assertion": "a fingerprint",
    "revoked_token": "a token's name and its client",
    "person_account": "somebody who works for an organisation, not a patient",
    "membership": "what such a person is to an organisation",
    "invitation": "a fingerprint",
    "recovery_code": "a fingerprint",
    "sign_in_link": "a fingerprint",
    "sign_in_try": "a fingerprint and a number",
    "sign_in": "when somebody who works here signed in",
    "account_act": "what was done with an account",
    "identity_session": "a browser of somebody who works here",
    "sign_in_grant": "what a sign-in gave to a client",
    "authorization_code": "a fingerprint",
    "refresh_token": "a fingerprint",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "outbox": "events about clients",
}
"""Tables that concern no patient, and what is in them: all."""


def expiries(
    _settings: IdentitySettings,
    engine: Engine,
    _held: HeldCases = no_holds,
) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    return {
        **messages.expiries(engine),
        ASSERTIONS.name: OldRows(engine, used_assertion, used_assertion.c.expires),
        REVOKED.name: OldRows(engine, revoked_token, revoked_token.c.expires),
        INVITATIONS.name: OldRows(engine, people.invitation, people.invitation.c.expires),
        LINKS.name: OldRows(engine, signing_in.sign_in_link, signing_in.sign_in_link.c.expires),
        TRIES.name: OldRows(engine, people.sign_in_try, people.sign_in_try.c["last"]),
        SIGN_INS.name: OldRows(engine, people.sign_in, people.sign_in.c.at),
        ACTS.name: OldRows(engine, people.account_act, people.account_act.c.at),
        # A session whose grants live on goes all the same; codes and refresh tokens go with theirs.
        SESSIONS.name: Together(
            OldRows(engine, signing_in.sign_in_grant, signing_in.sign_in_grant.c.expires),
            OldRows(engine, signing_in.identity_session, signing_in.identity_session.c.expires),
        ),
    }


RETENTION = Retention(RECORDS, expiries)
