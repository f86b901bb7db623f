"""How long the portal keeps what: sessions of browsers, and nothing of record."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine

from services.portal.settings import PortalSettings
from services.portal.tables import web_session
from shared.retention import (
    Expiry,
    HeldCases,
    OldRows,
    RecordClass,
    Retention,
    no_holds,
)

SESSIONS = RecordClass(
    name="web-sessions",
    holds="who of the staff is signed in in which browser, with their tokens and what they typed"
    " into the last forms, encrypted; which forms they sent, as fingerprints",
    tables=("web_session", "form_sent"),
    basis="operation; signing out deletes it at once",
    start="the session was last used",
    length=relativedelta(days=1),
    review="none: over after a day in any case",
    despite_hold="what was typed and not sent is no record",
)

RECORDS = (SESSIONS,)

NOBODY: Mapping[str, str] = {
    "web_session": "a member of staff; what they typed about a person goes with an erasure, and"
    " with their session, in a day at most",
    "form_sent": "a fingerprint",
}
"""Tables that concern no patient, and what is in them: all."""


def expiries(
    _settings: PortalSettings,
    engine: Engine,
    _held: HeldCases = no_holds,
) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    return {SESSIONS.name: OldRows(engine, web_session, web_session.c.seen)}


RETENTION = Retention(RECORDS, expiries)
