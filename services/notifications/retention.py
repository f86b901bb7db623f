"""How long notifications keeps what, and the job that ends it (care 9)."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine, exists

from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    contact_deliveries,
    delivery,
    listing_deliveries,
    metadata,
    person_delivery,
)
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import Expiry, OldRows, RecordClass, Retention, Together

DELIVERIES = RecordClass(
    name="deliveries",
    holds="which message went to which contact about which case, and every attempt",
    tables=("delivery", "delivery_attempt"),
    basis="a team shows that it asked, and when; ids only",
    start="the delivery ended; one under way never goes",
    length=relativedelta(years=2),
    review="none: no personal data",
)
PERSON_DELIVERIES = RecordClass(
    name="person-deliveries",
    holds="which message about which place went to the person of which case, and every attempt;"
    " neither their name nor where it went",
    tables=("person_delivery", "person_delivery_attempt", "first_meeting"),
    basis="a team shows that the person was told, and when; ids only",
    start="the delivery ended; one under way never goes; a first meeting was set",
    length=relativedelta(years=2),
    review="none: no personal data",
)
VISITS = RecordClass(
    name="person-links",
    holds="fingerprints of the links in messages to persons, and of sessions",
    tables=("person_link", "person_session"),
    basis="operation: who opens an old link is told that it is closed",
    start="the link no longer works by its date",
    length=relativedelta(days=90),
    review="none: no personal data",
)
LISTING_DELIVERIES = RecordClass(
    name="listing-deliveries",
    holds="which message about a public listing went to which contact, and every attempt",
    tables=("listing_delivery", "listing_delivery_attempt", "capacity_answer"),
    basis="a hub shows that a provider was asked before its listing went; ids only",
    start="the delivery ended; one under way never goes",
    length=relativedelta(years=2),
    review="none: no personal data",
)
CONTACT_DELIVERIES = RecordClass(
    name="contact-deliveries",
    holds="which message about how an organisation is reached went to which contact, and every"
    " attempt",
    tables=("contact_delivery", "contact_delivery_attempt"),
    basis="a hub shows that an organisation was told that it is not reached; ids only",
    start="the delivery ended; one under way never goes",
    length=relativedelta(years=2),
    review="none: no personal data",
)
LINKS = RecordClass(
    name="answer-links",
    holds="fingerprints of answer links, sessions and one-time codes",
    tables=("answer_link", "answer_session", "identity_code"),
    basis="operation: who opens an old link is told that it is closed",
    start="the link no longer works by its date",
    length=relativedelta(days=90),
    review="none: no personal data",
)
ENDINGS = RecordClass(
    name="case-endings",
    holds="ids of Tasks and cases that were answered or stopped",
    tables=("answered", "stopped"),
    basis="operation: an event that comes late makes no message",
    start="the answer or the end",
    length=relativedelta(years=2),
    review="none: no personal data",
)
ORDER = RecordClass(
    name="case-order",
    holds="ids of cases with the codes of their team and hub",
    tables=("case_order",),
    basis="operation: events of one case are acted on one after the other",
    start="the case's first event",
    length=None,
    review="none: no personal data",
)
CONTACTS = RecordClass(
    name="contacts",
    holds="how organisations, desks and teams are reached; no patients",
    tables=(
        "contact",
        "endpoint",
        "unusable_address",
        "party_quiet_hours",
        "hub",
        "party_hub",
        "listing_seen",
    ),
    basis="operation",
    start="a coordinator or a listing says so",
    length=None,
    review="the hub's coordinators; a withdrawn listing makes its contact inactive",
)

RECORDS = (
    DELIVERIES,
    PERSON_DELIVERIES,
    VISITS,
    LISTING_DELIVERIES,
    CONTACT_DELIVERIES,
    LINKS,
    ENDINGS,
    ORDER,
    CONTACTS,
    LEASES,
    *messages.RECORDS,
)


def expiries(_settings: NotificationsSettings, engine: Engine) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    tables = metadata.tables
    link, session, code = (tables[name] for name in LINKS.tables)
    answered, stopped = (tables[name] for name in ENDINGS.tables)
    visit, visit_session = (tables[name] for name in VISITS.tables)
    meeting = tables["first_meeting"]
    unvisited = ~exists().where(visit.c.delivery == person_delivery.c.id)
    unlinked = ~exists().where(link.c.delivery == delivery.c.id)
    return {
        DELIVERIES.name: OldRows(engine, delivery, delivery.c.ended, only=unlinked),
        PERSON_DELIVERIES.name: Together(
            OldRows(engine, person_delivery, person_delivery.c.ended, only=unvisited),
            OldRows(engine, meeting, meeting.c.changed),
        ),
        VISITS.name: Together(
            OldRows(engine, visit_session, visit_session.c.expires),
            OldRows(engine, visit, visit.c.expires),
        ),
        LISTING_DELIVERIES.name: OldRows(
            engine, listing_deliveries.delivery, listing_deliveries.delivery.c.ended
        ),
        CONTACT_DELIVERIES.name: OldRows(
            engine, contact_deliveries.delivery, contact_deliveries.delivery.c.ended
        ),
        LINKS.name: Together(
            OldRows(engine, code, code.c.expires),
            OldRows(engine, session, session.c.expires),
            OldRows(engine, link, link.c.expires),
        ),
        ENDINGS.name: Together(
            OldRows(engine, answered, answered.c.at), OldRows(engine, stopped, stopped.c.at)
        ),
        **messages.expiries(engine),
    }


RETENTION = Retention(RECORDS, expiries)
