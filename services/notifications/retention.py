"""How long notifications keeps what, and the job that ends it (care 9)."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import DateTime, Engine, cast, exists

from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    contact_deliveries,
    delivery,
    digest_deliveries,
    listing_deliveries,
    metadata,
    person_delivery,
)
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
    of_held,
)

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
    despite_hold="fingerprints lead to nothing; the trail says who saw whom",
)
LISTING_DELIVERIES = RecordClass(
    name="listing-deliveries",
    holds="which message about a public listing went to which contact, and every attempt",
    tables=("listing_delivery", "listing_delivery_attempt", "capacity_answer"),
    basis="a hub shows that a provider was asked before its listing went; ids only",
    start="the delivery ended; one under way never goes",
    length=relativedelta(years=2),
    review="none: no personal data",
    despite_hold=NO_PATIENT,
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
    despite_hold=NO_PATIENT,
)
DIGESTS = RecordClass(
    name="digest-deliveries",
    holds="when which contact got several messages in one, and every attempt",
    tables=("digest_delivery", "digest_delivery_attempt"),
    basis="as `deliveries`, which say what was in it; ids only",
    start="the digest ended; one under way never goes",
    length=relativedelta(years=2),
    review="none: no personal data",
)
BOARD = RecordClass(
    name="notices",
    holds="which notice stands in the pages of which organisation, and which member of staff has"
    " read it; ids only",
    tables=("board_notice", "board_read"),
    basis="operation: staff see what waits; `deliveries` say that they were told",
    start="the notice was put there",
    length=relativedelta(days=90),
    review="none: no patient data",
    despite_hold="`deliveries` say who was told",
)
ANNOUNCEMENTS = RecordClass(
    name="announcements",
    holds="what a hub announced to staff, who wrote and ended it, which account read it, and which"
    " contact was told",
    tables=(
        "announcement",
        "announcement_act",
        "announcement_read",
        "announcement_delivery",
        "announcement_delivery_attempt",
    ),
    basis="a hub shows what it told whom, and when",
    start="its last day; a draft's too",
    length=relativedelta(years=2),
    review="the hub: nothing about a person belongs there",
    despite_hold=NO_PATIENT,
)
LINKS = RecordClass(
    name="answer-links",
    holds="fingerprints of answer links, sessions and one-time codes",
    tables=("answer_link", "answer_session", "identity_code"),
    basis="operation: who opens an old link is told that it is closed",
    start="the link no longer works by its date",
    length=relativedelta(days=90),
    review="none: no personal data",
    despite_hold="fingerprints lead to nothing; the trail says who saw whom",
)
ENDINGS = RecordClass(
    name="case-endings",
    holds="ids of Tasks and cases that were answered or stopped",
    tables=("answered", "stopped"),
    basis="operation: an event that comes late makes no message",
    start="the answer or the end",
    length=relativedelta(years=2),
    review="none: no personal data",
    despite_hold="the case says what was answered, and when",
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
        "closed_party",
        "hub_limits",
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
    DIGESTS,
    BOARD,
    ANNOUNCEMENTS,
    LINKS,
    ENDINGS,
    ORDER,
    CONTACTS,
    LEASES,
    *messages.RECORDS,
)


def expiries(
    _settings: NotificationsSettings,
    engine: Engine,
    held: HeldCases = no_holds,
) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
        held: the cases under a legal hold: who was told what of them stays.
    """
    tables = metadata.tables
    link, session, code = (tables[name] for name in LINKS.tables)
    answered, stopped = (tables[name] for name in ENDINGS.tables)
    visit, visit_session = (tables[name] for name in VISITS.tables)
    meeting = tables["first_meeting"]
    board = tables["board_notice"]
    announcement = tables["announcement"]
    digest = digest_deliveries.delivery
    held_digest = exists().where(delivery.c.digest == digest.c.id, of_held(delivery.c.case, held))
    unvisited = ~exists().where(visit.c.delivery == person_delivery.c.id)
    unlinked = ~exists().where(link.c.delivery == delivery.c.id)
    return {
        DELIVERIES.name: OldRows(
            engine, delivery, delivery.c.ended, only=unlinked, held=of_held(delivery.c.case, held)
        ),
        PERSON_DELIVERIES.name: Together(
            OldRows(
                engine,
                person_delivery,
                person_delivery.c.ended,
                only=unvisited,
                held=of_held(person_delivery.c.case, held),
            ),
            OldRows(engine, meeting, meeting.c.changed, held=of_held(meeting.c.case, held)),
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
        DIGESTS.name: OldRows(engine, digest, digest.c.ended, held=held_digest),
        BOARD.name: OldRows(engine, board, board.c.at),
        ANNOUNCEMENTS.name: OldRows(
            engine, announcement, cast(announcement.c.last_day, DateTime(timezone=True))
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
