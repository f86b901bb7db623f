"""Claiming what is due and recording how it went: one transaction each, none while sending."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from prometheus_client import Counter
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Engine,
    Insert,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    bindparam,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from shared.database import UnitOfWork
from shared.delivery.outcome import (
    Delivery,
    Held,
    InDoubt,
    Receipt,
    State,
    Superseded,
    Temporary,
    Undelivered,
)
from shared.delivery.schedule import Schedule
from shared.delivery.tables import DeliveryTables

log = structlog.get_logger(__name__)

Delivered = Callable[[UnitOfWork, Delivery, Receipt], None]
Failed = Callable[[UnitOfWork, Delivery, str], None]
LockFirst = Callable[[UnitOfWork, Delivery], None]
Judged = Callable[[UnitOfWork, Delivery, Undelivered], Undelivered]
Admits = Callable[[Delivery], timedelta | None]
"""Says for how long a delivery is put off that is due; None where it may be sent now."""


@dataclass(frozen=True)
class Together:
    """What follows from several that were delivered, by a few statements for all of them.

    Attributes:
        lock_first: as `lock_first` of each of them, in one order for every replica.
        delivered: as `on_delivered` of each of them.
    """

    lock_first: Callable[[UnitOfWork, Sequence[Delivery]], None]
    delivered: Callable[[UnitOfWork, Sequence[Delivery]], None]


ATTEMPTS = Counter(
    "kersey_delivery_attempts_total",
    "Attempts to deliver, by channel and how they ended.",
    ["channel", "outcome"],
)

FAILURES = Counter(
    "kersey_delivery_failures_total",
    "Attempts that did not deliver, or of which nobody can say, by channel and reason.",
    ["channel", "reason"],
)

ENDED = Counter(
    "kersey_deliveries_ended_total",
    "Deliveries that ended while they were attempted, by channel and state.",
    ["channel", "state"],
)

KEPT = "held"
"""How an attempt ended that found that nothing is to be sent now."""

CUT_OFF = "cut-off"
"""The code of an attempt whose worker was lost between sending and recording."""


class Ledger:
    """The only writer of a delivery's state while it is being attempted.

    A claim is a lease on one row. Whoever dies before recording leaves a lease that runs out; the
    next claim finds it and settles it. Times are the database's own, so that replicas whose clocks
    differ agree.

    Args:
        engine: the service's database.
        tables: what `DeliveryTables` declared.
        owner: who claims; made unique here.
        schedule: when to try again, by channel.
        lease: how long a claim lasts.
        on_delivered: called in the transaction that records success.
        on_failed: called with a reason's code in the transaction that records the final failure,
            so that no failure is recorded without being told.
        judged: called with what an attempt met in the transaction that records it; says what is to
            follow from it, such as that nothing more is sent to this receiver for now (`Held`).
        lock_first: called first in every transaction that may end a delivery. What the callbacks
            lock must be locked here, before the delivery is, if others lock it in that order.
        together: how success of several is recorded in one transaction; without it each has its
            own.
    """

    def __init__(
        self,
        engine: Engine,
        tables: DeliveryTables,
        *,
        owner: str,
        schedule: Callable[[str], Schedule],
        lease: timedelta,
        on_delivered: Delivered,
        on_failed: Failed,
        judged: Judged,
        lock_first: LockFirst,
        together: Together | None = None,
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._owner = f"{owner}/{uuid4()}"
        self._schedule = schedule
        self._lease = lease
        self._on_delivered = on_delivered
        self._on_failed = on_failed
        self._judged = judged
        self._lock_first = lock_first
        self._together = together
        # Built once: they are asked for each delivery, and building one takes longer than asking.
        self._next = due(tables)
        self._leased = self._leasing()
        self._put_off = self._putting_off()
        self._ended = self._ending()

    def claim(
        self, most: int, *, admits: Admits = lambda _: None, busy: Collection[str] = ()
    ) -> list[Delivery]:
        """Lease up to `most` due deliveries, having settled leases that ran out; committed.

        Args:
            most: how many at most.
            admits: asked about each in turn; what it puts off is due again after that time, or
                left as it is where that is no time at all.
            busy: addresses to which nothing is to be sent now.
        """
        while True:
            asked = {"most": most, "busy": sorted(busy)}
            with UnitOfWork(self._engine) as uow:
                rows = uow.session.connection().execute(self._next, asked).all()
                lost = [row for row in rows if row.state == State.SENDING]
                waiting = [
                    _delivery(row, row.attempts + 1) for row in rows if row.state != State.SENDING
                ]
                waits = {each.id: admits(each) for each in waiting}
                free = [each for each in waiting if waits[each.id] is None]
                if free:
                    self._lease_rows(uow, free)
                later = {key: wait for key, wait in waits.items() if wait}
                if later:
                    self._put_by(uow, later)
                uow.commit()  # of nothing too: at a rollback psycopg forgets what it had prepared
            for row in lost:
                self._settle(_delivery(row, row.attempts))
            if free or not (lost or later):
                return free

    def _settle(self, delivery: Delivery) -> None:
        """Say of an attempt whose lease ran out that nobody knows how it went; committed."""
        ran_out = (
            self._tables.delivery.c.state == State.SENDING.value,
            self._tables.delivery.c.due <= func.now(),
        )
        with UnitOfWork(self._engine) as uow:
            self._lock_first(uow, delivery)
            row = self._held(uow, delivery, *ran_out)
            if row is not None:
                log.warning("delivery.cut_off", delivery=str(delivery.id), attempt=delivery.attempt)
                self._in_doubt(uow, delivery, row, CUT_OFF, pause=timedelta())
                uow.commit()

    def record_delivered(self, delivered: Sequence[tuple[Delivery, Receipt]]) -> bool:
        """Write down that several were delivered, and what follows from it, in one transaction.

        Returns:
            Whether that was done. If not, nothing was, and each is for `record`: whatever is wrong
            with one of them, or with what all need, is found out there.
        """
        if self._together is None or len(delivered) < 2:
            return False
        try:
            self._record_together(self._together, delivered)
        except Exception as error:  # noqa: BLE001 - judged when each is recorded by itself
            log.info("delivery.one_by_one", deliveries=len(delivered), error=type(error).__name__)
            return False
        return True

    def _record_together(
        self, together: Together, delivered: Sequence[tuple[Delivery, Receipt]]
    ) -> None:
        with UnitOfWork(self._engine) as uow:
            together.lock_first(uow, [each for each, _ in delivered])
            recorded = self._receipts(uow, delivered)
            together.delivered(uow, [each for each, _ in delivered if each.id in recorded])
            uow.commit()
        for each, _ in delivered:
            if each.id not in recorded:
                log.warning("delivery.late", delivery=str(each.id), attempt=each.attempt)

    def record(self, delivery: Delivery, result: Receipt | Undelivered) -> None:
        """Write down how an attempt ended and what follows from it; committed.

        An attempt whose lease ran out and which another worker repeats meanwhile is not recorded:
        the repetition counts.
        """
        with UnitOfWork(self._engine) as uow:
            self._lock_first(uow, delivery)
            if isinstance(result, Receipt):
                recorded = self._receipt(uow, delivery, result)
            else:
                recorded = self._undelivered(uow, delivery, result)
            if not recorded:
                log.warning("delivery.late", delivery=str(delivery.id), attempt=delivery.attempt)
                return
            uow.commit()

    def _receipt(self, uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> bool:
        """Whether success was recorded."""
        if not self._receipts(uow, [(delivery, receipt)]):
            return False
        self._on_delivered(uow, delivery, receipt)
        return True

    def _receipts(
        self, uow: UnitOfWork, delivered: Sequence[tuple[Delivery, Receipt]]
    ) -> set[UUID]:
        """Record success by one statement, because nearly all end so; of which it was recorded."""
        values = {
            "ids": [each.id for each, _ in delivered],
            "attempts": [each.attempt for each, _ in delivered],
            "codes": [receipt.code for _, receipt in delivered],
        }
        recorded = set(uow.session.connection().exec_driver_sql(self._ended, values).scalars())
        for each, _ in delivered:
            if each.id in recorded:
                ATTEMPTS.labels(each.channel, State.DELIVERED.value).inc()
                ENDED.labels(each.channel, State.DELIVERED.value).inc()
        return recorded

    def _ending(self) -> str:
        name = self._tables.delivery.name
        return f"""
        WITH sent AS (
            SELECT * FROM unnest(%(ids)s::uuid[], %(attempts)s::int[], %(codes)s::text[])
            AS sent(id, number, code)
        ), ended AS (
            UPDATE {name} AS d
            SET state = '{State.DELIVERED}', due = NULL, ended = now(), last_error = NULL,
                leased_by = NULL
            FROM sent WHERE d.id = sent.id AND d.attempts = sent.number
                AND d.state IN ('{State.SENDING}', '{State.UNKNOWN}')
            RETURNING d.id, sent.number, sent.code
        ), tried AS (
            UPDATE {name}_attempt AS a
            SET ended = now(), outcome = '{State.DELIVERED}', code = ended.code
            FROM ended WHERE a.{name}_id = ended.id AND a.number = ended.number
        )
        SELECT id FROM ended
        """  # noqa: S608 - the table's own name

    def _undelivered(self, uow: UnitOfWork, delivery: Delivery, result: Undelivered) -> bool:
        """Whether it was recorded that an attempt did not succeed, and what follows from it."""
        row = self._held(uow, delivery)
        if row is None:
            return False
        follows = self._judged(uow, delivery, result)
        match result:
            case Held():
                self._end_attempt(uow, delivery, KEPT, result.reason)
                self._not_delivered(uow, delivery, row, follows)
            case Superseded():
                self._end_attempt(uow, delivery, State.SUPERSEDED.value, result.reason)
                doubtful = delivery.doubtful and not result.never_left
                self._no_longer_wanted(uow, delivery, result.reason, doubtful=doubtful)
            case InDoubt():
                pause = self._schedule(delivery.channel).wait(1) or timedelta()
                self._in_doubt(uow, delivery, row, result.reason, pause=pause)
            case _:
                self._end_attempt(uow, delivery, State.FAILED.value, result.reason)
                self._not_delivered(uow, delivery, row, follows)
        return True

    def _lease_rows(self, uow: UnitOfWork, claimed: Sequence[Delivery]) -> None:
        leased = {"leased": [each.id for each in claimed]}
        uow.session.connection().execute(self._leased, leased)

    def _put_by(self, uow: UnitOfWork, waits: Mapping[UUID, timedelta]) -> None:
        later = {"ids": list(waits), "waits": list(waits.values())}
        uow.session.connection().exec_driver_sql(self._put_off, later)

    def _putting_off(self) -> str:
        return f"""
        UPDATE {self._tables.delivery.name} AS d SET due = now() + later.wait
        FROM unnest(%(ids)s::uuid[], %(waits)s::interval[]) AS later(id, wait)
        WHERE d.id = later.id
        """  # noqa: S608 - the table's own name

    def _leasing(self) -> Insert:
        delivery, attempt = self._tables.delivery.c, self._tables.attempt.c
        leased = (
            update(self._tables.delivery)
            .where(delivery.id == func.any(bindparam("leased", type_=ARRAY(Uuid))))
            .values(
                state=State.SENDING.value,
                attempts=delivery.attempts + 1,
                due=func.now() + self._lease,
                leased_by=self._owner,
            )
            .returning(delivery.id, delivery.attempts)
            .cte("leased")
        )
        begun = select(leased.c.id, leased.c.attempts, literal(self._owner))
        return insert(self._tables.attempt).from_select(
            [attempt.delivery, attempt.number, attempt.worker], begun, include_defaults=False
        )

    def _held(
        self, uow: UnitOfWork, delivery: Delivery, *also: ColumnElement[bool]
    ) -> Row[*tuple[Any, ...]] | None:
        """The row, locked, if this attempt is still its latest and nobody settled it for good."""
        row = self._tables.delivery.c
        held = (
            select(row.failures, row.cut_off, row.unwanted, row.last_error)
            .where(
                row.id == delivery.id,
                row.attempts == delivery.attempt,
                row.state.in_([State.SENDING.value, State.UNKNOWN.value]),
                *also,
            )
            .with_for_update()
        )
        return uow.session.connection().execute(held).first()

    def _not_delivered(
        self, uow: UnitOfWork, delivery: Delivery, row: Row[*tuple[Any, ...]], result: Undelivered
    ) -> None:
        if row.unwanted:
            doubtful = delivery.doubtful
            self._no_longer_wanted(uow, delivery, row.last_error, doubtful=doubtful)
            return
        failures = row.failures + 1
        pause = None
        if isinstance(result, Held):
            failures, pause = row.failures, result.wait
        elif isinstance(result, Temporary):
            pause = self._schedule(delivery.channel).wait(failures, result.retry_after)
        if pause is None:
            self._fail(uow, delivery, result.reason)
        else:
            state = State.UNKNOWN if delivery.doubtful else State.QUEUED
            again = {"due": func.now() + pause, "failures": failures}
            self._set(uow, delivery, state=state.value, last_error=result.reason, **again)

    def _in_doubt(
        self,
        uow: UnitOfWork,
        delivery: Delivery,
        row: Row[*tuple[Any, ...]],
        reason: str,
        *,
        pause: timedelta,
    ) -> None:
        self._end_attempt(uow, delivery, State.UNKNOWN.value, reason)
        times = row.cut_off + 1
        if row.unwanted:
            self._end(uow, delivery, State.UNKNOWN, row.last_error)
        elif times > self._schedule(delivery.channel).resends:
            self._fail(uow, delivery, reason)
        else:
            again = {"due": func.now() + pause, "cut_off": times}
            self._set(uow, delivery, state=State.UNKNOWN.value, last_error=reason, **again)

    def _no_longer_wanted(
        self, uow: UnitOfWork, delivery: Delivery, reason: str, *, doubtful: bool
    ) -> None:
        # What may have arrived in an earlier attempt cannot be said not to have been sent.
        state = State.UNKNOWN if doubtful else State.SUPERSEDED
        self._end(uow, delivery, state, reason)

    def _fail(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        self._end(uow, delivery, State.FAILED, reason)
        self._on_failed(uow, delivery, reason)

    def _end(self, uow: UnitOfWork, delivery: Delivery, state: State, reason: str | None) -> None:
        ENDED.labels(delivery.channel, state.value).inc()
        over = {"due": null(), "ended": func.now()}
        self._set(uow, delivery, state=state.value, last_error=reason, **over)

    def _set(self, uow: UnitOfWork, delivery: Delivery, **values: Any) -> None:
        uow.session.connection().execute(
            update(self._tables.delivery)
            .where(self._tables.delivery.c.id == delivery.id)
            .values(leased_by=null(), **values)
        )

    def _end_attempt(self, uow: UnitOfWork, delivery: Delivery, outcome: str, code: str) -> None:
        attempt = self._tables.attempt.c
        ATTEMPTS.labels(delivery.channel, outcome).inc()
        if outcome in (State.FAILED, State.UNKNOWN):
            FAILURES.labels(delivery.channel, code).inc()
        uow.session.connection().execute(
            update(self._tables.attempt)
            .where(attempt.delivery == delivery.id, attempt.number == delivery.attempt)
            .values(ended=func.now(), outcome=outcome, code=code)
        )


def _delivery(row: Row[*tuple[Any, ...]], attempt: int) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        address=row.address,
        payload=row.payload,
        attempt=attempt,
        doubtful=row.cut_off > 0,
        traceparent=row.traceparent,
    )


def due(tables: DeliveryTables) -> Select[Any]:
    """The question after what is due, at most `most`, locked; what another holds is left out, and
    so are the addresses that are `busy`."""
    row = tables.delivery.c
    earlier = tables.delivery.alias("earlier").c
    waits_for_another = exists().where(
        earlier.order_key == row.order_key,
        earlier.position < row.position,
        earlier.due.is_not(null()),
    )
    return (
        select(tables.delivery)
        .where(
            row.due <= func.now(),
            ~waits_for_another,
            row.address != func.all(bindparam("busy", type_=ARRAY(Text))),
        )
        .order_by(row.due, row.position)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=tables.delivery)
    )
