"""Outbox and inbox: state and event commit together, and an event is consumed once.

A service writes its events into its own database, in the transaction that changes its state. The
relay carries them to the broker afterwards, as often as it takes. A consumer notes each event's
id in its inbox, in the transaction that acts on it. So a broker may be away or repeat itself and
nothing is lost or done twice.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable
from uuid import UUID, uuid4

import orjson
from dateutil.relativedelta import relativedelta
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from shared.database import NAMING, UnitOfWork
from shared.messaging.broker import Within
from shared.messaging.events import Envelope, Event, Sequence
from shared.retention import OldRows, RecordClass
from shared.tracing import traceparent
from shared.worker import Wake

metadata = MetaData(naming_convention=NAMING)
"""The two tables that every service with events has in its own database."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("subject", String(100), nullable=False),
    Column("type", String(100), nullable=False),
    Column("recipient", String(100)),
    Column("envelope", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("published_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_error", String(200)),
)
Index(
    "ix_outbox_unpublished",
    outbox.c.position,
    postgresql_where=outbox.c.published_at.is_(None),
)
Index(
    "ix_outbox_unpublished_subject",
    outbox.c.subject,
    outbox.c.position,
    postgresql_where=outbox.c.published_at.is_(None),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", String(100), primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("received", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index("ix_inbox_received", inbox.c.received)


_ADDED = insert(outbox).inline()
_ALL_ADDED = """
INSERT INTO outbox (id, subject, type, recipient, envelope)
SELECT id, subject, type, recipient, envelope
FROM ROWS FROM (
    json_to_recordset(%(rows)s::json)
        AS (id uuid, subject text, type text, recipient text, envelope text)
) WITH ORDINALITY AS added(id, subject, type, recipient, envelope, n)
ORDER BY n
"""
"""The envelopes stand in the rows as the JSON that they are, and are kept sign for sign; as an
array of texts each sign would be looked at, by the driver and by PostgreSQL."""


def _now() -> datetime:
    return datetime.now(UTC)


class Outbox:
    """Where a service puts its events.

    Order is kept per subject, by `position`. Positions are given at insertion, so the order of two
    transactions about one subject is right only if the second waits for the first: whoever writes
    an event holds the lock of its subject's row (the case, the provider's listing, the person)
    from before the decision until the commit.

    Args:
        source: who speaks, `kersey/<service>`.
        wake: of the relay, so that an event leaves at once when both run in one process.
        clock: the time of day, UTC.
    """

    def __init__(
        self, source: str, wake: Wake | None = None, clock: Callable[[], datetime] = _now
    ) -> None:
        self._source = source
        self._wake = wake
        self._clock = clock

    def add(
        self,
        uow: UnitOfWork,
        event: Event,
        *,
        version: int,
        n: int = 0,
        replay: bool = False,
        recipient: str | None = None,
    ) -> UUID:
        """Write an event within the caller's transaction. It is published if that commits.

        Args:
            uow: the transaction that changes the state of which the event tells.
            event: what happened.
            version: of the subject after the change; it only ever rises.
            n: the event's number among those of this version.
            replay: state told again to whoever keeps a copy; it causes no message to anyone.
            recipient: the one consumer to be told, `<service>.<name>`; by default all that bound
                the type.

        Returns:
            The event's id.
        """
        row = self.row(event, version=version, n=n, replay=replay, recipient=recipient)
        uow.session.connection().execute(_ADDED, row)
        self.announce(uow)
        event_id: UUID = row["id"]
        return event_id

    def add_rows(self, uow: UnitOfWork, rows: Collection[Mapping[str, Any]]) -> None:
        """Write several events by one statement, in this order. See `add`.

        Args:
            uow: the transaction.
            rows: of `row`.
        """
        if not rows:
            return
        added = orjson.dumps(
            [{**row, "envelope": orjson.Fragment(row["envelope"])} for row in rows]
        )
        uow.session.connection().exec_driver_sql(_ALL_ADDED, {"rows": added.decode()})
        self.announce(uow)

    def row(
        self,
        event: Event,
        *,
        version: int,
        n: int = 0,
        replay: bool = False,
        recipient: str | None = None,
    ) -> dict[str, Any]:
        """The outbox row of an event, for a caller who writes it with others in one statement.

        Such a caller also calls `announce`. Arguments are those of `add`.
        """
        envelope = Envelope(
            id=uuid4(),
            source=self._source,
            time=self._clock(),
            sequence=Sequence(version, n),
            data=event,
            replay=replay,
            traceparent=traceparent(),
        )
        return {
            "id": envelope.id,
            "subject": envelope.subject,
            "type": envelope.type,
            "recipient": recipient,
            "envelope": envelope.to_json(),
        }

    def announce(self, uow: UnitOfWork) -> None:
        """Wake the relay once the transaction is committed."""
        if self._wake:
            uow.on_commit(self._wake.set)


def lag(engine: Engine) -> float:
    """Seconds since the oldest event was written that is not published yet; 0 when all are."""
    waiting = outbox.c.published_at.is_(None)
    age = func.extract("epoch", func.now() - outbox.c.created)
    oldest = select(age).where(waiting).order_by(outbox.c.position).limit(1)
    with engine.connect() as connection:
        return float(connection.execute(oldest).scalar_one_or_none() or 0)


def consume_once(uow: UnitOfWork, consumer: str, event_id: UUID) -> bool:
    """Note that this consumer takes this event, within the transaction that acts on it.

    A second transaction with the same event waits for the first and, if that commits, gets False.

    Args:
        uow: the transaction that acts on the event.
        consumer: whose inbox, `<service>.<name>`.
        event_id: the envelope's id.

    Returns:
        False when the consumer has already acted on it: do nothing and be content.
    """
    return bool(consume_all_once(uow, consumer, [event_id]))


@runtime_checkable
class LooksAhead(Protocol):
    """An `act` that reads and writes for several events at once what each needs."""

    def ahead(
        self, uow: UnitOfWork, envelopes: Collection[Envelope]
    ) -> AbstractContextManager[object]:
        """Within the block it is called for each of these events, in this order; when the block
        ends all is written."""
        ...


class ConsumingOnce:
    """A handler that runs `act` and the inbox in one transaction, and commits it.

    Args:
        engine: of the consumer's own service.
        consumer: whose inbox, `<service>.<name>`.
        act: does what the event asks for within the given transaction. It must not commit, and
            must reach out to nothing but the database: a transaction is open.
    """

    def __init__(
        self, engine: Engine, consumer: str, act: Callable[[UnitOfWork, Envelope], None]
    ) -> None:
        self._engine = engine
        self._consumer = consumer
        self._act = act

    def __call__(self, envelope: Envelope) -> None:
        """Act on one event; see `broker.Handler`."""
        with UnitOfWork(self._engine) as uow:
            if consume_once(uow, self._consumer, envelope.id):
                self._act(uow, envelope)
                uow.commit()

    def together(self, envelopes: Iterable[Envelope], within: Within) -> None:
        """Act on several; see `broker.Batching`.

        Those of one subject in the order in which they came, and subjects in one order for every
        replica, so that two do not wait for each other's locks.
        """
        with UnitOfWork(self._engine) as uow:
            by_id = {envelope.id: envelope for envelope in envelopes}
            new = consume_all_once(uow, self._consumer, by_id)
            fresh = [each for each in by_id.values() if each.id in new]
            fresh.sort(key=lambda each: each.subject)
            act: object = self._act
            with act.ahead(uow, fresh) if isinstance(act, LooksAhead) else nullcontext():
                for envelope in fresh:
                    with within(envelope):
                        self._act(uow, envelope)
            uow.commit()


def consume_all_once(uow: UnitOfWork, consumer: str, events: Collection[UUID]) -> set[UUID]:
    """`consume_once` of several events by one statement; those that are new to the consumer."""
    text = (
        "INSERT INTO inbox (consumer, event_id) SELECT %(consumer)s, event"
        " FROM unnest(%(events)s::uuid[]) AS sent(event) ON CONFLICT DO NOTHING RETURNING event_id"
    )
    parameters = {"consumer": consumer, "events": sorted(events)}
    return set(uow.session.connection().exec_driver_sql(text, parameters).scalars())


KEPT_PUBLISHED = relativedelta(days=14)
KEPT_CONSUMED = relativedelta(days=90)

PUBLISHED = RecordClass(
    name="published-events",
    holds="events that were sent to the broker: ids and codes",
    tables=("outbox",),
    basis="operation: whoever looks for a fault finds what was sent",
    start="sent; one that was not sent yet never goes",
    length=KEPT_PUBLISHED,
    review="none: no personal data",
    despite_hold="the trail and the case say what was done",
)
CONSUMED = RecordClass(
    name="consumed-events",
    holds="ids of events that were acted on",
    tables=("inbox",),
    basis="operation: an event that comes back after this would be acted on again, so longer than"
    " any message can lie in a queue",
    start="acted on",
    length=KEPT_CONSUMED,
    review="none: no personal data",
    despite_hold="the trail and the case say what was done",
)
RECORDS = (PUBLISHED, CONSUMED)
"""How long outbox and inbox are kept, in every service that has them."""


def expiries(engine: Engine, *, batch: int = 5000) -> Mapping[str, OldRows]:
    """What ends the time of `RECORDS`; the relay does so every hour.

    Args:
        engine: of the service.
        batch: rows at most in one transaction.
    """
    sent = OldRows(engine, outbox, outbox.c.published_at, order=outbox.c.position, batch=batch)
    return {
        PUBLISHED.name: sent,
        CONSUMED.name: OldRows(engine, inbox, inbox.c.received, batch=batch),
    }


def prune(
    engine: Engine,
    *,
    published: timedelta | relativedelta = KEPT_PUBLISHED,
    consumed: timedelta | relativedelta = KEPT_CONSUMED,
    batch: int = 5000,
) -> int:
    """Delete what is no longer needed, in short transactions, until nothing is left to delete.

    Args:
        engine: of the service.
        published: how long a published event is kept.
        consumed: how long the inbox remembers.
        batch: rows at most in one transaction.

    Returns:
        How many rows were deleted.
    """
    now = datetime.now(UTC)
    ends = expiries(engine, batch=batch)
    return ends[PUBLISHED.name].run(now - published) + ends[CONSUMED.name].run(now - consumed)
