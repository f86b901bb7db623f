"""The rows of a delivery and its attempts, declared anew in each service that delivers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Engine,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    case,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, dialect, insert
from sqlalchemy.schema import SchemaItem
from sqlmodel import Session

from shared.delivery.outcome import State
from shared.tracing import LENGTH, traceparent

_POSTGRESQL = dialect()  # type: ignore[no-untyped-call]

HELD = "held"
"""How the gauges call what is queued and waits for somebody: it is no sign of a slow worker."""


@dataclass(frozen=True, slots=True)
class Open:
    """Deliveries of one channel and state that are not ended.

    Attributes:
        channel: which sends them.
        state: where they stand; `HELD` where they wait for somebody to put their receiver right.
        count: how many.
        oldest: seconds since the first of them was to go, or was tried: one that was put by for a
            later day has not waited until then.
    """

    channel: str
    state: str
    count: int
    oldest: float


class DeliveryTables:
    """A service's delivery table and its attempt table.

    `due` says when the next thing must happen: the next attempt or, while one is under way, the
    moment when the worker that took it counts as lost. It is null once nothing more will happen,
    and on a row that waits for a person (a call to make). Deliveries with one `order_key` are
    attempted strictly one after the other, in the order in which they were added. `traceparent`
    names the trace in which a delivery was added, and each attempt belongs to it.

    Args:
        metadata: the service's own.
        name: of the delivery table; the other is called `{name}_attempt`.
        columns: what the service keeps beside it; the engine neither reads nor writes these.
        constraints: further constraints and indexes over all columns.
        holds: reasons with which a delivery is kept until its receiver is put right (`Held`).
        bounces: whether a channel may say later that something did not arrive.
    """

    def __init__(
        self,
        metadata: MetaData,
        name: str = "delivery",
        *,
        columns: Sequence[Column[Any]] = (),
        constraints: Sequence[SchemaItem] = (),
        holds: Collection[str] = (),
        bounces: bool = False,
    ) -> None:
        self._holds = sorted(holds)
        states = ", ".join(f"'{state}'" for state in State if bounces or state != State.BOUNCED)
        self.delivery = Table(
            name,
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("position", BigInteger, Identity(always=True), nullable=False),
            Column("order_key", String(200), nullable=False),
            Column("channel", String(40), nullable=False),
            Column("address", Text, nullable=False),
            Column("payload", Text, nullable=False),
            Column("state", String(20), nullable=False, server_default=State.QUEUED.value),
            Column("due", DateTime(timezone=True)),
            Column("attempts", Integer, nullable=False, server_default="0"),
            Column("failures", Integer, nullable=False, server_default="0"),
            Column("cut_off", Integer, nullable=False, server_default="0"),
            Column("unwanted", Boolean, nullable=False, server_default="false"),
            Column("leased_by", String(100)),
            Column("traceparent", String(LENGTH)),
            Column("last_error", String(60)),
            Column("created", DateTime(timezone=True), nullable=False, server_default=func.now()),
            Column("ended", DateTime(timezone=True)),
            *columns,
            CheckConstraint(f"state in ({states})", name="state"),
            *constraints,
        )
        self.attempt = Table(
            f"{name}_attempt",
            metadata,
            Column(
                f"{name}_id",
                ForeignKey(self.delivery.c.id, ondelete="CASCADE"),
                key="delivery",
                primary_key=True,
            ),
            Column("number", Integer, primary_key=True),
            Column("worker", String(100), nullable=False),
            Column("started", DateTime(timezone=True), nullable=False, server_default=func.now()),
            Column("ended", DateTime(timezone=True)),
            Column("outcome", String(20)),
            Column("code", String(60)),
        )
        row = self.delivery.c
        Index(f"ix_{name}_due", row.due, row.position, postgresql_where=row.due.is_not(null()))
        Index(
            f"ix_{name}_order", row.order_key, row.position, postgresql_where=row.due.is_not(null())
        )

    def add(
        self,
        session: Session,
        *,
        key: UUID,
        order_key: str,
        channel: str,
        address: str,
        payload: str,
        due: datetime | None = None,
        asleep: bool = False,
        ended: State | None = None,
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """Add a delivery within the caller's transaction, unless its key is there already.

        Args:
            session: the caller's; nothing is committed here.
            key: its id, the same however often the cause is repeated (derive it by `uuid5`).
            order_key: deliveries that share it go one after the other.
            channel: which channel sends it.
            address: where to.
            payload: what the channel builds the message from.
            due: not before; by default at once.
            asleep: no worker touches it: a person does it and says so, or it goes with others.
            ended: how it ended before it began: nobody to send it to (`FAILED`, which the caller
                tells), or no longer wanted (`SUPERSEDED`).
            reason: the code of such an end.
            extra: values of the service's own columns.

        Returns:
            Whether it is new.
        """
        values, now = _values(
            key=key, order_key=order_key, channel=channel, address=address, payload=payload,
            due=due, asleep=asleep, ended=ended, reason=reason, extra=extra,
        )  # fmt: skip
        statement = self._adding(now=now, ended=ended is not None).returning(self.delivery.c.id)
        return session.connection().execute(statement, values).first() is not None

    def add_all(self, session: Session, added: Iterable[Mapping[str, Any]]) -> None:
        """Add several deliveries by as few statements as can be; see `add`.

        Args:
            session: the caller's; nothing is committed here.
            added: the arguments of `add`, but for the session.
        """
        alike: dict[tuple[bool, bool, tuple[str, ...]], list[dict[str, Any]]] = {}
        for each in added:
            values, now = _values(**each)
            how = (now, each.get("ended") is not None, tuple(sorted(values)))
            alike.setdefault(how, []).append(values)
        for (now, ended, columns), rows in alike.items():
            text = self._adding_all(columns, now=now, ended=ended)
            session.connection().exec_driver_sql(text, {"rows": orjson.dumps(rows).decode()})

    @cache  # noqa: B019 - the tables live as long as the process
    def _adding(self, *, now: bool, ended: bool) -> Insert:
        """Built once: building an INSERT takes longer than running it."""
        times = {"due": func.now()} if now else {}
        times |= {"ended": func.now()} if ended else {}
        adding = insert(self.delivery).values(times) if times else insert(self.delivery)
        return adding.on_conflict_do_nothing()

    @cache  # noqa: B019 - as above
    def _adding_all(self, columns: tuple[str, ...], *, now: bool, ended: bool) -> str:
        """One statement for any number of rows: as JSON they cost the driver nothing each."""
        times = ["due"] * now + ["ended"] * ended
        names = ", ".join(f'"{name}"' for name in columns)
        typed = ", ".join(
            f'"{name}" {self.delivery.c[name].type.compile(_POSTGRESQL)}' for name in columns
        )
        return f"""
        INSERT INTO {self.delivery.name} ({", ".join([names, *times])})
        SELECT {", ".join([names, *("now()" for _ in times)])}
        FROM ROWS FROM (json_to_recordset(%(rows)s::json) AS ({typed}))
            WITH ORDINALITY AS added({names}, n)
        ORDER BY n ON CONFLICT DO NOTHING
        """  # noqa: S608 - the table's own names

    def open(self, engine: Engine) -> list[Open]:
        """What the engine has still to do, by channel and state; the index `due` holds no more.

        A call that waits for a person is none of it, nor what is put by for a later day.

        Args:
            engine: the service's database.
        """
        row, first = self.delivery.c, self.attempt.alias("first")
        tried = (first.c.delivery == row.id) & (first.c.number == 1)
        since = func.coalesce(first.c.started, func.greatest(row.created, row.due))
        age = func.extract("epoch", func.now() - func.min(since))
        stands = case((self._held(), HELD), else_=row.state).label("stands")
        grouped = (
            select(row.channel, stands, func.count(), age)
            .select_from(self.delivery.outerjoin(first, tried))
            .where(row.due.is_not(null()), or_(row.due <= func.now(), row.attempts > 0))
            .group_by(row.channel, stands)
        )
        with engine.connect() as connection:
            rows = connection.execute(grouped).all()
        return [Open(channel, state, count, float(age)) for channel, state, count, age in rows]

    def _held(self) -> ColumnElement[bool]:
        row = self.delivery.c
        waiting = row.state.in_([State.QUEUED.value, State.UNKNOWN.value])
        return waiting & row.due.is_not(null()) & row.last_error.in_(self._holds)

    def release(self, session: Session, which: ColumnElement[bool]) -> int:
        """Let what is held go out from now, with a fresh schedule, within the caller's transaction.

        What shares an `order_key` keeps its order: what was held is still before what came later.

        Args:
            session: the caller's.
            which: a condition on the delivery table.

        Returns:
            How many there were.
        """
        again = {"due": func.now(), "failures": 0, "last_error": null()}
        released = update(self.delivery).where(which, self._held()).values(again)
        return session.connection().execute(released).rowcount

    def held(self, session: Session, which: ColumnElement[bool]) -> int:
        """How many of some deliveries are held.

        Args:
            session: the caller's.
            which: a condition on the delivery table.
        """
        counted = select(func.count()).select_from(self.delivery).where(which, self._held())
        return session.connection().execute(counted).scalar_one()

    def supersede(self, session: Session, which: ColumnElement[bool], reason: str) -> list[UUID]:
        """Stop what is no longer wanted, within the caller's transaction.

        What was not attempted yet, or waits for another attempt, is superseded. What is being
        sent now cannot be called back: it ends by itself, without another attempt. What may have
        been received stays `unknown` and is not sent again.

        Args:
            session: the caller's.
            which: a condition on the delivery table.
            reason: a code for staff.

        Returns:
            The ids of the deliveries that were superseded.
        """
        row = self.delivery.c
        unfinished = row.due.is_not(null()) | row.state.in_([State.QUEUED, State.SENDING])
        sending = row.state == State.SENDING
        stopped = (
            update(self.delivery)
            .where(which, unfinished)
            .values(
                state=case((row.state == State.QUEUED, State.SUPERSEDED.value), else_=row.state),
                due=case((sending, row.due), else_=null()),
                ended=case((sending, row.ended), else_=func.now()),
                unwanted=True,
                last_error=reason,
            )
            .returning(row.id, row.state)
        )
        rows = session.connection().execute(stopped).all()
        return [key for key, state in rows if state == State.SUPERSEDED]

    def retry(
        self,
        session: Session,
        which: ColumnElement[bool],
        *,
        ended_as: Sequence[State] = (State.FAILED,),
    ) -> list[UUID]:
        """Give failed deliveries a fresh schedule, from now, within the caller's transaction.

        Args:
            session: the caller's.
            which: a condition on the delivery table.
            ended_as: which ends are begun again; `SUPERSEDED` where it is wanted after all.

        Returns:
            The ids of those that will be attempted again.
        """
        row = self.delivery.c
        again = (
            update(self.delivery)
            .where(which, row.state.in_([each.value for each in ended_as]))
            .values(
                state=State.QUEUED.value,
                due=func.now(),
                failures=0,
                cut_off=0,
                ended=null(),
                unwanted=False,
            )
            .returning(row.id)
        )
        return list(session.connection().execute(again).scalars())


def _values(
    *,
    key: UUID,
    order_key: str,
    channel: str,
    address: str,
    payload: str,
    due: datetime | None = None,
    asleep: bool = False,
    ended: State | None = None,
    reason: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], bool]:
    """The columns of a new delivery, and whether it is due at once. See `DeliveryTables.add`."""
    asleep = asleep or ended is not None
    values = {
        "id": key,
        "order_key": order_key,
        "channel": channel,
        "address": address,
        "payload": payload,
        "state": (ended or State.QUEUED).value,
        "last_error": reason,
        "traceparent": traceparent(),
        **(extra or {}),
    }
    if due is not None and not asleep:
        values["due"] = due
    return values, due is None and not asleep
