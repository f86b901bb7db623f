"""A broker in PostgreSQL, for running all of Kersey in one process without another server.

It keeps the contract of `broker` with three tables in a database of its own: what was published,
who wants which types, and one row for each message that a consumer has yet to process. A message
is confirmed when its rows are committed.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    Uuid,
    delete,
    false,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database import NAMING, at_once
from shared.messaging.broker import (
    DELIVERY_LIMIT,
    UNBOUND_KEPT_MESSAGES,
    UNBOUND_KEPT_SECONDS,
    BrokerAway,
    DeadLetter,
    Depth,
    Handler,
    Message,
    Published,
    Publisher,
    Subscription,
    patiently,
)
from shared.messaging.consuming import Consuming, Dead, Outage
from shared.worker import Wake, Worker

log = structlog.get_logger(__name__)

T = TypeVar("T")

metadata = MetaData(naming_convention=NAMING)

consumer = Table(
    "consumer",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("types", ARRAY(String(100)), nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("type", String(100), nullable=False),
    Column("body", Text, nullable=False),
    Column("published", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("unbound", Boolean, nullable=False, server_default=false()),
)
Index("ix_message_unbound", message.c.type, message.c.position, postgresql_where=message.c.unbound)

delivery = Table(
    "delivery",
    metadata,
    Column("consumer", ForeignKey(consumer.c.name), primary_key=True),
    Column("message", ForeignKey(message.c.position), primary_key=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("dead_reason", String(100)),
    Column("dead_detail", Text),
    Column("dead_at", DateTime(timezone=True)),
)
Index("ix_delivery_message", delivery.c.message)

_ROUTING = 4_717_001
"""Key of the advisory lock of a transaction: shared while messages are routed, exclusive while
consumers are registered, so that no message falls between a registration's two halves."""

_TAKE = """
WITH due AS (
  SELECT message FROM delivery
  WHERE consumer = %(consumer)s AND dead_reason IS NULL AND due <= now()
  ORDER BY message LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE delivery d SET attempts = d.attempts + 1, due = now() + make_interval(secs => d.attempts)
FROM due WHERE d.consumer = %(consumer)s AND d.message = due.message
RETURNING d.message, d.attempts
"""
"""Asked by each consumer again and again, mostly for nothing: built once, and by the driver."""

_TAKEN_TOGETHER = 50
_TIDY_EVERY = 60.0


class EmbeddedBroker:
    """The broker of `make run`.

    Args:
        engine: of the broker's own database. A publisher or consumer uses one connection while it
            works.
        poll: seconds between two looks of a consumer when nobody in this process publishes.
    """

    def __init__(self, engine: Engine, *, poll: float = 0.1) -> None:
        self.engine = engine
        self._poll = poll
        self._wakes: defaultdict[str, list[Wake]] = defaultdict(list)

    def create_tables(self) -> None:
        """Create what is missing of the broker's tables. Safe to run twice, or at once."""
        with self.engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_ROUTING)))
            metadata.create_all(connection)

    def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """See `Broker.declare`. Creates the tables where they are missing."""
        try:
            self.create_tables()
            with self.engine.begin() as connection:
                connection.execute(select(func.pg_advisory_xact_lock(_ROUTING)))
                for subscription in subscriptions:
                    _register(connection, subscription)
                _adopt(connection, subscriptions)
        except (DBAPIError, PoolTimeout) as error:
            raise BrokerAway(_words(error)) from error
        self._wake(subscription.consumer for subscription in subscriptions)

    def publisher(self) -> Publisher:
        """See `Broker.publisher`."""
        return _Publisher(self)

    def consumer(self, subscription: Subscription, handler: Handler) -> Worker:
        """See `Broker.consumer`."""
        wake = Wake()
        self._wakes[subscription.consumer].append(wake)
        return _Consumer(self, subscription, handler, wake, self._poll)

    def dead_letters(self, consumer: str, *, limit: int = 100) -> list[DeadLetter]:
        """See `Broker.dead_letters`."""
        return [_dead_letter(row) for row in self._read(consumer, _dead(consumer).limit(limit))]

    def dead_letter(self, consumer: str, letter: str) -> DeadLetter | None:
        """See `Broker.dead_letter`."""
        query = _dead(consumer).where(message.c.id == _uuid(letter)).limit(1)
        return next((_dead_letter(row) for row in self._read(consumer, query)), None)

    def replay(self, consumer: str, letter: str) -> bool:
        """See `Broker.replay`."""
        which = select(message.c.position).where(message.c.id == _uuid(letter))
        return self._give_back(consumer, delivery.c.message.in_(which)) > 0

    def replay_all(self, consumer: str) -> int:
        """See `Broker.replay_all`."""
        return self._give_back(consumer, true())

    def depths(self, consumers: Sequence[str]) -> Mapping[str, Depth]:
        """See `Broker.depths`. The table holds no more than what waits."""
        dead = delivery.c.dead_reason.is_not(None)
        counted = (
            select(
                consumer.c.name,
                func.count(delivery.c.message).filter(~dead),
                func.count(delivery.c.message).filter(dead),
            )
            .join(delivery, delivery.c.consumer == consumer.c.name, isouter=True)
            .where(consumer.c.name.in_(consumers))
            .group_by(consumer.c.name)
        )
        try:
            with self.engine.connect() as connection:
                found = {name: Depth(*depth) for name, *depth in connection.execute(counted)}
        except (DBAPIError, PoolTimeout) as error:
            raise BrokerAway(_words(error)) from error
        if unknown := set(consumers) - set(found):
            raise BrokerAway(f"the broker knows no consumer {', '.join(sorted(unknown))}")
        return found

    def fault(self) -> str | None:
        """See `Broker.fault`."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(consumer.c.name).limit(1))
        except (DBAPIError, PoolTimeout) as error:
            return _words(error)
        return None

    def _give_back(self, consumer: str, which: ColumnElement[bool]) -> int:
        again = (
            update(delivery)
            .where(delivery.c.consumer == consumer, delivery.c.dead_reason.is_not(None), which)
            .values(dead_reason=None, dead_detail=None, dead_at=None, attempts=0, due=func.now())
        )
        found = self._ask(consumer, lambda connection: connection.execute(again).rowcount)
        self._wake([consumer])
        return found

    def accept(self, messages: Sequence[Message]) -> Published:
        """Store messages and a row for each of their consumers, in one transaction."""
        try:
            with self.engine.begin() as connection:
                connection.execute(select(func.pg_advisory_xact_lock_shared(_ROUTING)))
                rows = connection.execute(select(consumer.c.name, consumer.c.types)).all()
                known = {row.name: frozenset(row.types) for row in rows}
                accepted = [m for m in messages if m.recipient is None or m.recipient in known]
                told = _route(connection, accepted, known)
        except (DBAPIError, PoolTimeout) as error:
            return Published(frozenset(), interrupted=_words(error))
        self._wake(told)
        refused = {m.id: f"there is no consumer {m.recipient}" for m in messages}
        for accepted_one in accepted:
            refused.pop(accepted_one.id, None)
        return Published(frozenset(m.id for m in accepted), refused)

    def _wake(self, consumers: Iterable[str]) -> None:
        for name in consumers:
            for wake in self._wakes.get(name, ()):
                wake.set()

    def _read(self, name: str, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._ask(name, lambda connection: connection.execute(query).all())

    def _ask(self, name: str, question: Callable[[Connection], T]) -> T:
        """Ask about a known consumer, in one transaction."""
        try:
            with self.engine.begin() as connection:
                known = select(consumer.c.name).where(consumer.c.name == name)
                if connection.execute(known).scalar_one_or_none() is None:
                    raise BrokerAway(f"the broker knows no consumer {name}")
                return question(connection)
        except (DBAPIError, PoolTimeout) as error:
            raise BrokerAway(_words(error)) from error


class _Publisher:
    """Nothing to keep open: the engine's pool has the connections."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker

    def publish(self, messages: Sequence[Message]) -> Published:
        return self._broker.accept(messages)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Consumer:
    """Takes a consumer's messages, oldest first, and feeds them to its handler.

    A taking is counted and committed before the message is handled, so that a message that kills
    the process is noticed. While it is handled its row is locked, so that another replica passes
    over it, and a killed process's messages are free at once.
    """

    def __init__(
        self,
        broker: EmbeddedBroker,
        subscription: Subscription,
        handler: Handler,
        wake: Wake,
        poll: float,
    ) -> None:
        self._broker = broker
        self._engine = broker.engine
        self._subscription = subscription
        self._consuming = Consuming(subscription.consumer, handler)
        self.wake = wake
        self._poll = poll
        self._tidy_at = time.monotonic() + _TIDY_EVERY

    @property
    def name(self) -> str:
        return self._subscription.consumer

    @property
    def fault(self) -> str | None:
        return self._consuming.fault

    def run(self, stop: threading.Event) -> None:
        patiently(stop, self._consuming, lambda: self._broker.declare([self._subscription]))
        while not stop.is_set():
            patiently(stop, self._consuming, lambda: self._turn(stop))

    def _turn(self, stop: threading.Event) -> None:
        taken = self._take()
        for position in taken:
            if stop.is_set():
                return
            self._deliver(position, stop)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDY_EVERY
            tidy(self._engine)
        if not taken:
            self.wake.wait(self._poll)

    def _take(self) -> list[int]:
        """Count one more attempt at the oldest messages that are due; bury those that killed us."""
        parameters = {"consumer": self.name, "most": _TAKEN_TOGETHER}
        rows = at_once(self._engine, _TAKE, parameters)
        fatal = [position for position, attempts in rows if attempts > DELIVERY_LIMIT]
        if fatal:
            dead = Dead("delivery-limit", f"delivered {DELIVERY_LIMIT} times without an end")
            with self._engine.begin() as connection:
                connection.execute(self._mine(fatal, update(delivery)).values(**_burial(dead)))
        return sorted(position for position, _ in rows if position not in fatal)

    def _deliver(self, position: int, stop: threading.Event) -> None:
        locked = (
            select(message.c.body)
            .join(delivery, delivery.c.message == message.c.position)
            .where(
                delivery.c.consumer == self.name,
                delivery.c.message == position,
                delivery.c.dead_reason.is_(None),
            )
            .with_for_update(of=delivery, skip_locked=True)
        )
        body = None
        try:
            with self._engine.begin() as connection:
                body = connection.execute(locked).scalar_one_or_none()
                if body is None:
                    return
                dead = self._consuming.take(body, time.sleep)
                if dead:
                    done = self._mine([position], update(delivery)).values(**_burial(dead))
                else:
                    done = self._mine([position], delete(delivery))
                connection.execute(done)
        except Outage:
            assert body is not None
            self._consuming.wait_out(body, stop)

    def _mine(self, positions: Sequence[int], statement: Any) -> Any:
        return statement.where(delivery.c.consumer == self.name, delivery.c.message.in_(positions))


def tidy(engine: Engine) -> int:
    """Delete messages that every consumer is done with, and unbound ones that have waited enough.

    Returns:
        How many were deleted.
    """
    undelivered = select(delivery.c.message).where(delivery.c.message == message.c.position)
    newest = (
        select(message.c.position)
        .where(message.c.unbound)
        .order_by(message.c.position.desc())
        .offset(UNBOUND_KEPT_MESSAGES)
        .limit(1)
        .scalar_subquery()
    )
    old = message.c.published < func.now() - timedelta(seconds=UNBOUND_KEPT_SECONDS)
    gone = delete(message).where(
        ~undelivered.exists(),
        ~message.c.unbound | old | (message.c.position <= newest),
    )
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_ROUTING)))
        return connection.execute(gone).rowcount


def _register(connection: Connection, subscription: Subscription) -> None:
    types = sorted(subscription.types)
    connection.execute(
        insert(consumer)
        .values(name=subscription.consumer, types=types)
        .on_conflict_do_update(index_elements=[consumer.c.name], set_={"types": types})
    )


def _adopt(connection: Connection, subscriptions: Sequence[Subscription]) -> None:
    """Give each of these consumers the unbound messages of its types."""
    adopted: set[int] = set()
    for subscription in subscriptions:
        wanted = (
            select(message.c.position)
            .where(message.c.unbound, message.c.type.in_(subscription.types))
            .order_by(message.c.position)
        )
        positions = connection.execute(wanted).scalars().all()
        _deliver_to(connection, [(subscription.consumer, position) for position in positions])
        adopted.update(positions)
    if adopted:
        connection.execute(
            update(message).where(message.c.position.in_(adopted)).values(unbound=False)
        )
        log.info("broker.adopted", messages=len(adopted))


def _route(
    connection: Connection, messages: Sequence[Message], known: dict[str, frozenset[str]]
) -> set[str]:
    """Store messages and the rows of their consumers.

    Returns:
        The consumers that have something to do.
    """
    if not messages:
        return set()
    wanted_by = [
        [m.recipient] if m.recipient else [name for name, types in known.items() if m.type in types]
        for m in messages
    ]
    stored = connection.execute(
        insert(message).returning(message.c.position, sort_by_parameter_order=True),
        [
            {"id": m.id, "type": m.type, "body": m.body, "unbound": not consumers}
            for m, consumers in zip(messages, wanted_by, strict=True)
        ],
    )
    deliveries = [
        (name, position)
        for position, consumers in zip(stored.scalars(), wanted_by, strict=True)
        for name in consumers
    ]
    _deliver_to(connection, deliveries)
    return {name for name, _ in deliveries}


def _deliver_to(connection: Connection, deliveries: Sequence[tuple[str, int]]) -> None:
    if deliveries:
        connection.execute(
            insert(delivery),
            [{"consumer": name, "message": position} for name, position in deliveries],
        )


def _burial(dead: Dead) -> dict[str, Any]:
    return {
        "dead_reason": dead.reason,
        "dead_detail": dead.detail,
        "dead_at": func.clock_timestamp(),
    }


def _dead(name: str) -> Select[Any]:
    return (
        select(
            delivery.c.consumer,
            message.c.id,
            message.c.type,
            message.c.body,
            delivery.c.dead_reason,
            delivery.c.dead_detail,
            delivery.c.dead_at,
        )
        .join(message, message.c.position == delivery.c.message)
        .where(delivery.c.consumer == name, delivery.c.dead_reason.is_not(None))
        .order_by(delivery.c.dead_at, delivery.c.message)
    )


def _dead_letter(row: Row[Any]) -> DeadLetter:
    at: datetime = row.dead_at
    return DeadLetter(
        consumer=row.consumer,
        id=str(row.id),
        type=row.type,
        reason=row.dead_reason,
        detail=row.dead_detail,
        at=at,
        body=row.body,
    )


def _uuid(letter: str) -> UUID | None:
    try:
        return UUID(letter)
    except ValueError:
        return None


def _words(error: Exception) -> str:
    return f"the broker's database does not answer as it should ({type(error).__name__})"
