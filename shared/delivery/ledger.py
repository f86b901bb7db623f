"""Claiming what is due and recording how it went: one transaction each, none while sending."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Counter
from sqlalchemy import (
    ColumnElement,
    Engine,
    Insert,
    Integer,
    Row,
    Select,
    Update,
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

ATTEMPTS = Counter(
    "kersey_delivery_attempts_total",
    "Attempts to deliver, by channel and how they ended.",
    ["channel", "outcome"],
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
        # Built once: they are asked for each delivery, and building one takes longer than asking.
        self._next = self._due()
        self._leased = self._leasing()
        self._ended = self._ending()

    def claim(self, most: int) -> list[Delivery]:
        """Lease up to `most` due deliveries, having settled leases that ran out; committed."""
        while True:
            with UnitOfWork(self._engine) as uow:
                rows = uow.session.connection().execute(self._next, {"most": most}).all()
                free = [row for row in rows if row.state != State.SENDING]
                if free:
                    self._lease_rows(uow, free)
                uow.commit()
            lost = [row for row in rows if row.state == State.SENDING]
            for row in lost:
                self._settle(_delivery(row, row.attempts))
            if free or not lost:
                return [_delivery(row, row.attempts + 1) for row in free]

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
        """Whether success was recorded: by one statement, because nearly all end so."""
        values = {"of": delivery.id, "attempt": delivery.attempt, "receipt": receipt.code}
        if not uow.session.connection().execute(self._ended, values).rowcount:
            return False
        ATTEMPTS.labels(delivery.channel, State.DELIVERED.value).inc()
        ENDED.labels(delivery.channel, State.DELIVERED.value).inc()
        self._on_delivered(uow, delivery, receipt)
        return True

    def _ending(self) -> Update:
        row, attempt = self._tables.delivery.c, self._tables.attempt.c
        ended = (
            update(self._tables.delivery)
            .where(
                row.id == bindparam("of"),
                row.attempts == bindparam("attempt"),
                row.state.in_([State.SENDING.value, State.UNKNOWN.value]),
            )
            .values(
                state=State.DELIVERED.value,
                due=null(),
                ended=func.now(),
                last_error=null(),
                leased_by=null(),
            )
            .returning(row.id)
            .cte("ended")
        )
        return (
            update(self._tables.attempt)
            .where(attempt.delivery == ended.c.id, attempt.number == bindparam("attempt"))
            .values(ended=func.now(), outcome=State.DELIVERED.value, code=bindparam("receipt"))
        )

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
                self._no_longer_wanted(uow, delivery, result.reason)
            case InDoubt():
                pause = self._schedule(delivery.channel).wait(1) or timedelta()
                self._in_doubt(uow, delivery, row, result.reason, pause=pause)
            case _:
                self._end_attempt(uow, delivery, State.FAILED.value, result.reason)
                self._not_delivered(uow, delivery, row, follows)
        return True

    def _due(self) -> Select[Any]:
        row = self._tables.delivery.c
        earlier = self._tables.delivery.alias("earlier").c
        waits_for_another = exists().where(
            earlier.order_key == row.order_key,
            earlier.position < row.position,
            earlier.due.is_not(null()),
        )
        return (
            select(self._tables.delivery)
            .where(row.due <= func.now(), ~waits_for_another)
            .order_by(row.due, row.position)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True, of=self._tables.delivery)
        )

    def _lease_rows(self, uow: UnitOfWork, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        leased = {"leased": [row.id for row in rows]}
        uow.session.connection().execute(self._leased, leased)

    def _leasing(self) -> Insert:
        delivery, attempt = self._tables.delivery.c, self._tables.attempt.c
        leased = (
            update(self._tables.delivery)
            .where(delivery.id.in_(bindparam("leased", expanding=True)))
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
            self._no_longer_wanted(uow, delivery, row.last_error)
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

    def _no_longer_wanted(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        # What may have arrived in an earlier attempt cannot be said not to have been sent.
        state = State.UNKNOWN if delivery.doubtful else State.SUPERSEDED
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
