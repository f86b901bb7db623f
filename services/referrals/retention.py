"""How long the referrals service keeps what, and the job that ends it (care 9).

The length of a person's record is that of the NHS Records Management Code of Practice (2021),
Appendix II: health records of adults for 8 years after the person was last seen, of children until
their 25th birthday, or their 26th if they were 17 when it ended.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import (
    ColumnElement,
    Engine,
    SQLColumnExpression,
    String,
    Table,
    cast,
    exists,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.referrals.app import desk_of
from services.referrals.desk import Desk
from services.referrals.settings import ReferralsSettings
from services.referrals.subject.erasing import Held, StillOpen, erase
from services.referrals.subject.holdings import DOCUMENTS, HOLDINGS
from services.referrals.tables import (
    AccessEntry,
    AuditEntry,
    BarsMessage,
    Case,
    CaseTask,
    Change,
    GpMessage,
    Person,
    SubscriptionEvent,
    Worklist,
)
from services.referrals.tables.bars import bars_deliveries
from services.referrals.tables.gp import gp_deliveries
from services.referrals.tables.subscription import deliveries
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import (
    Due,
    Expiry,
    HeldCases,
    OldRows,
    RecordClass,
    Retention,
    no_holds,
)
from shared.worker import Wake

_OF_A_PERSON = tuple(
    holding.table.name
    for holding in HOLDINGS
    if holding.table.name
    not in {
        "access_entry",
        "audit_entry",
        "bars_message",
        "erasure",
        "erasure_confirmation",
        "outbox",
        "subscription_change",
        "subscription_event",
        "subscription_state",
    }
)

PERSON = RecordClass(
    name="person-records",
    holds="a person with their cases and documents, in all versions",
    tables=(*_OF_A_PERSON, *DOCUMENTS),
    basis="direct care (UK GDPR Art. 6(1)(e), 9(2)(h)); NHS Records Management Code 2021,"
    " Appendix II",
    start="the last change to the person, a case or a document; not while a case or a worry is"
    " open",
    length=relativedelta(years=8),
    review="a records manager, before it ends; of children not before their 25th birthday (26th if"
    " 17 at the end)",
)
AUDIT = RecordClass(
    name="audit",
    holds="who did what to which record: ids and codes",
    tables=("audit_entry",),
    basis="accountability (UK GDPR Art. 5(2)); outlives the record that it speaks of",
    start="the act",
    length=relativedelta(years=20),
    review="a data protection officer, when it ends",
)
ACCESSES = RecordClass(
    name="accesses",
    holds="who saw which record: ids, codes and names of search parameters",
    tables=("access_entry",),
    basis="accountability, and whoever asks who saw their record (UK GDPR Art. 5(2), 15(1)(c))",
    start="the look",
    length=relativedelta(years=8),
    review="a data protection officer, when it ends",
)
ERASURES = RecordClass(
    name="erasures",
    holds="ids of erased persons, by whom and why, and who confirmed it",
    tables=("erasure", "erasure_confirmation"),
    basis="a restored backup must be erased again; UK GDPR Art. 5(2)",
    start="the erasure",
    length=None,
    review="a data protection officer, once no backup is older than an erasure",
)
CHANGES = RecordClass(
    name="dispatched-changes",
    holds="ids of Tasks and requests that changed, until subscribers were told",
    tables=("subscription_change",),
    basis="operation",
    start="the change was dispatched; one that was not never goes",
    length=relativedelta(days=30),
    review="none: no personal data",
    despite_hold="the history of the documents says what changed",
)
EVENTS = RecordClass(
    name="subscription-events",
    holds="numbered events of Subscriptions: ids of Tasks and requests",
    tables=("subscription_event",),
    basis="operation: a client asks what it missed",
    start="what it tells of happened",
    length=relativedelta(days=90),
    review="none: no personal data",
)
TOLD = RecordClass(
    name="subscription-deliveries",
    holds="when a subscriber was told, and whether it took it",
    tables=("subscription_delivery", "subscription_delivery_attempt"),
    basis="operation: finding out why a client did not hear",
    start="the delivery ended; one under way never goes",
    length=relativedelta(days=90),
    review="none: no personal data",
)
MESSAGES = RecordClass(
    name="bars-messages",
    holds="that a message was taken: ids of it and of what it brought, and where its sender is",
    tables=("bars_message",),
    basis="operation: a repeat is refused, and a later message and an answer find their way",
    start="it was taken; not while the case of its referral is open",
    length=relativedelta(years=2),
    review="none: ids only",
)
ANSWERS = RecordClass(
    name="bars-answers",
    holds="when the sender of a message was told what came of it, and whether it took it",
    tables=("bars_delivery", "bars_delivery_attempt"),
    basis="operation: finding out why a sender did not hear",
    start="the delivery ended; one under way never goes",
    length=relativedelta(days=90),
    review="none: no personal data",
)
POSTED = RecordClass(
    name="gp-deliveries",
    holds="when a message to a practice was tried, and what was answered: codes and ids",
    tables=("gp_delivery", "gp_delivery_attempt"),
    basis="operation: finding out why a practice did not hear",
    start="the delivery ended; one under way never goes",
    length=relativedelta(years=1),
    review="none: no personal data",
)
ENDPOINTS = RecordClass(
    name="endpoints",
    holds="headers and keys with which messages go to clients' own Endpoints",
    tables=("endpoint_secret",),
    basis="operation, as long as the client keeps the Endpoint",
    start="its registration",
    length=None,
    review="the client, who deletes the Endpoint",
)
SUBSCRIPTIONS = RecordClass(
    name="subscriptions",
    holds="what clients asked to be told of, and where",
    tables=("subscription_state",),
    basis="operation, as long as the client wants it",
    start="its registration",
    length=None,
    review="the client, who deletes it",
)
CONSORTIUM = RecordClass(
    name="consortium",
    holds="hubs, link-worker services, practices, codes, copies of public listings and of clients'"
    " scopes",
    tables=(
        "gp_code",
        "hub_limits",
        "known_client",
        "link_worker_service",
        "listed_capacity",
        "listed_provider",
        "listed_service",
        "place_hub",
        "practice",
        "practice_wish",
        "start_code",
    ),
    basis="operation; no patient is in it",
    start="its declaration",
    length=None,
    review="the operator, with the consortium file",
)

RECORDS = (
    PERSON,
    AUDIT,
    ACCESSES,
    ERASURES,
    CHANGES,
    EVENTS,
    TOLD,
    MESSAGES,
    ANSWERS,
    POSTED,
    ENDPOINTS,
    SUBSCRIPTIONS,
    CONSORTIUM,
    LEASES,
    *messages.RECORDS,
)

_UNSEEN = """
with seen as (
  select p.id, p.birth_date, p.legal_hold, greatest(
    p.updated,
    (select max(c.updated) from referral_case c where c.person = p.id),
    (select max(d.last_updated) from document d where d.person = p.id)
  ) as at,
  exists (
    select from referral_case c join worklist w on w."case" = c.id
    where c.person = p.id and w.open
  ) or exists (
    select from referral_case c join case_worry y on y."case" = c.id
    where c.person = p.id and y.closed is null
  ) as cared_for
  from person p
  where p.merged_into is null
    and not exists (select from erasure e where e.person = p.id)
), unseen as (
  select id, at, legal_hold or cared_for as kept from seen
  where at < :before and (
    birth_date is null
    or birth_date + interval '18 years' <= at
    or birth_date + case when birth_date + interval '17 years' <= at
                         then interval '26 years' else interval '25 years' end < now()
  )
)
"""


class LongUnseen:
    """Persons whose record nobody has needed for its length: erased like anybody who asks for it.

    Args:
        desk: what every use case works with.
        batch: persons at most in one look.
    """

    def __init__(self, desk: Desk, *, batch: int = 200) -> None:
        self._desk = desk
        self._batch = batch

    def due(self, before: datetime) -> Due:
        """See `shared.retention.Expiry`. A hold, an open case or an open worry keeps a record."""
        counts = (
            "select count(*) filter (where not kept), count(*) filter (where kept),"
            " min(at) filter (where not kept) from unseen"
        )
        with self._desk.engine.connect() as connection:
            rows, kept, oldest = connection.execute(
                text(_UNSEEN + counts), {"before": before}
            ).one()
        return Due(rows, kept, oldest)

    def run(self, before: datetime, by: str) -> int:
        """See `shared.retention.Expiry`; each person is a transaction of its own."""
        total = 0
        while persons := self._next(before):
            for person in persons:
                # Whom somebody needs since we looked is passed over, and not found again.
                with suppress(Held, StillOpen):
                    erase(self._desk, person, by=by, reason="kept-long-enough")
                    total += 1
        return total

    def _next(self, before: datetime) -> Sequence[UUID]:
        wanted = f"{_UNSEEN} select id from unseen where not kept order by at limit :batch"  # noqa: S608
        with self._desk.engine.connect() as connection:
            found = connection.execute(text(wanted), {"before": before, "batch": self._batch})
            return found.scalars().all()


def expiries(
    settings: ReferralsSettings,
    engine: Engine,
    _held: HeldCases = no_holds,
) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        settings: of the service.
        engine: its database, which says itself what is under a legal hold.
    """
    delivery, answer = deliveries.delivery, bars_deliveries.delivery
    posted = gp_deliveries.delivery
    access, audit, message, change, event = (
        AccessEntry.__table__,  # type: ignore[attr-defined]
        AuditEntry.__table__,  # type: ignore[attr-defined]
        BarsMessage.__table__,  # type: ignore[attr-defined]
        Change.__table__,  # type: ignore[attr-defined]
        SubscriptionEvent.__table__,  # type: ignore[attr-defined]
    )
    of_message = exists().where(
        col(Case.service_request) == message.c.service_request, _on_hold(col(Case.id))
    )
    of_event = (
        exists()
        .where(delivery.c.payload == _payload(event), _of_a_held_case(event))
        .correlate(delivery)
    )
    of_answer = (
        exists()
        .where(
            cast(message.c.id, String) == cast(answer.c.payload, JSONB)["message"].astext,
            of_message,
        )
        .correlate(answer)
    )
    of_letter = exists().where(
        cast(col(GpMessage.id), String) == posted.c.payload, _on_hold(col(GpMessage.case))
    )
    return {
        PERSON.name: LongUnseen(desk_of(settings, engine, Wake())),
        AUDIT.name: OldRows(engine, audit, audit.c.made, held=_of_a_held_person(audit)),
        ACCESSES.name: OldRows(engine, access, access.c.made, held=_of_a_held_person(access)),
        CHANGES.name: OldRows(engine, change, change.c.dispatched),
        EVENTS.name: OldRows(
            engine,
            event,
            event.c.happened,
            only=~_still_to_tell(event),
            held=_of_a_held_case(event),
        ),
        TOLD.name: OldRows(engine, delivery, delivery.c.ended, held=of_event),
        MESSAGES.name: OldRows(
            engine, message, message.c.received, held=or_(_cared_for(message), of_message)
        ),
        ANSWERS.name: OldRows(engine, answer, answer.c.ended, held=of_answer),
        POSTED.name: OldRows(engine, posted, posted.c.ended, held=of_letter),
        **messages.expiries(engine),
    }


def _of_a_held_person(trail: Table) -> ColumnElement[bool]:
    """Whether a row of the trail speaks of somebody under a legal hold, or of a case of theirs."""
    held = exists().where(col(Person.id) == trail.c.person, col(Person.legal_hold))
    return or_(held, _on_hold(trail.c.case))


def _on_hold(case: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Whether there is a legal hold on the person of a case."""
    of_case = aliased(Case)
    return exists().where(
        col(of_case.id) == case, col(of_case.person) == col(Person.id), col(Person.legal_hold)
    )


def _still_to_tell(event: Table) -> ColumnElement[bool]:
    """Whether an event's delivery is under way: its sender reads the event."""
    delivery = deliveries.delivery.c
    return exists().where(delivery.payload == _payload(event), delivery.due.is_not(None))


def _payload(event: Table) -> ColumnElement[str]:
    """What the delivery of an event has as its payload."""
    return event.c.subscription + "/" + cast(event.c.number, String)


def _of_a_held_case(event: Table) -> ColumnElement[bool]:
    """Whether an event tells of a document of a case under a legal hold."""
    leads = (
        (col(Case.service_request), col(Case.id)),
        (col(CaseTask.service_request), col(CaseTask.case)),
        (col(CaseTask.id), col(CaseTask.case)),
        (cast(col(GpMessage.id), String), col(GpMessage.case)),
    )
    return or_(*(exists().where(known == event.c.id, _on_hold(case)) for known, case in leads))


def _cared_for(message: Table) -> ColumnElement[bool]:
    """Whether the case of a message's referral is open."""
    return exists().where(
        col(Case.service_request) == message.c.service_request,
        col(Worklist.case) == col(Case.id),
        col(Worklist.open),
    )


RETENTION = Retention(RECORDS, expiries)
