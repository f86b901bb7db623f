"""The database: engine, unit of work, and leadership by a lease row."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from select import POLLIN
from select import poll as select_poll
from types import TracebackType
from typing import Any, NoReturn, Self, cast
from uuid import uuid4

import psycopg
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    DateTime,
    Engine,
    Executable,
    MetaData,
    String,
    Table,
    case,
    event,
    func,
    select,
    update,
)
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlmodel import Session

from shared.retention import RecordClass

metadata = MetaData()

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Alembic can only alter a constraint that has a name it can foretell."""

lease = Table(
    "lease",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)


LEASES = RecordClass(
    name="leases",
    holds="which process leads",
    tables=("lease",),
    basis="operation",
    start="a process leads",
    length=None,
    review="none: overwritten by the next leader",
)
"""How long leases are kept, in every service that has them."""


def psycopg_url(url: str) -> URL:
    """The address with the driver that Kersey uses, whatever form the operator wrote it in."""
    return make_url(url).set(drivername="postgresql+psycopg")


def create_engine(
    url: str, *, pool_size: int, application_name: str, statement_seconds: float | None = None
) -> Engine:
    """An engine for one service's own database.

    Args:
        url: `postgresql://role:password@host:port/database`.
        pool_size: connections at most; there is no overflow, so that their sum can be planned.
        application_name: shown to the database's operator in `pg_stat_activity`.
        statement_seconds: after which the database gives up a statement, and with it what its
            transaction did; also one that waits for a lock. Without it none is given up.
    """
    # A page that is not in memory lies on a solid-state disk or in a cache, not under a head that
    # has to move: with PostgreSQL's own guess of 4 a frequent value is looked for in the order of
    # the rows, through those of all other types. Compiling a statement (jit) takes a hundred times
    # what it can spare in one of some milliseconds, and a guess of its cost decides about that.
    options = (
        "-c timezone=UTC -c idle_in_transaction_session_timeout=60000 -c random_page_cost=1.1"
        " -c jit=off"
    )
    if statement_seconds is not None:
        options += f" -c statement_timeout={max(1, round(statement_seconds * 1000))}"
    engine = sqlalchemy_engine(
        psycopg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=15,
        hide_parameters=True,  # an error's text would hold what somebody sent
        connect_args={
            "application_name": application_name,
            "connect_timeout": 10,
            "options": options,
        },
    )
    event.listen(engine, "checkout", _refuse_ended)
    return engine


def _refuse_ended(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool replace a connection that the server ended while nobody used it.

    Its socket can be read: a server that goes away says so, and says nothing else to who is idle.
    Looking costs no round trip; SQLAlchemy's own ping costs two for each transaction. A server that
    vanished without a word is found out by the statement, as it would be by a ping that waits.

    Raises:
        DisconnectionError: the pool makes a new connection and tries again.
    """
    if connection.closed:
        raise DisconnectionError
    readable = select_poll()
    readable.register(connection.fileno(), POLLIN)
    if readable.poll(0):
        raise DisconnectionError


class UnitOfWork:
    """One transaction, committed by name: what was not committed did not happen.

    Used as a context manager. Callbacks given to `on_commit` run after the commit succeeded, in
    the thread that committed; they are for waking others and must not fail.

    Attributes:
        session: of SQLModel.
        known: what was read in this transaction for several who need it, by its type.
    """

    session: Session

    def __init__(self, engine: Engine) -> None:
        self.known: dict[type, Any] = {}
        self._engine = engine
        self._callbacks: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        self.session = Session(self._engine, autoflush=False, expire_on_commit=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once this transaction is durable."""
        if callback not in self._callbacks:
            self._callbacks.append(callback)

    def commit(self) -> None:
        """Make the work durable, then tell those who wait for it."""
        self.session.commit()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


class ReadOnly(UnitOfWork):
    """A transaction that only reads.

    It is ended by a commit: at each rollback psycopg forgets every statement that it had prepared,
    and the database then reads and plans each of them anew.
    """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.session.commit()
        finally:
            super().__exit__(kind, error, trace)


def at_once(engine: Engine, text: str, parameters: Mapping[str, Any]) -> list[Any]:
    """Run one statement that is a transaction of its own; its rows.

    For what is nothing else: BEGIN and COMMIT are a round trip each, and a session with its
    connection takes several times what the driver does.

    Raises:
        DBAPIError: as by a session; nothing was written, unless the connection was lost.
    """
    pooled = engine.raw_connection()
    driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
    try:
        driver.autocommit = True
        try:
            return driver.execute(text.encode(), parameters).fetchall()
        finally:
            if not driver.closed:
                driver.autocommit = False
    except psycopg.Error as error:
        if driver.closed:
            pooled.invalidate(error)
        raise DBAPIError.instance(
            text, None, error, psycopg.Error, hide_parameters=True,
            connection_invalidated=bool(driver.closed), dialect=engine.dialect,
        ) from error  # fmt: skip
    finally:
        pooled.close()


class NeedsDatabase(Exception):
    """Something that was to be done without the database asked it."""


class UnconnectedWork(UnitOfWork):
    """What can be decided without the database; whatever asks it raises `NeedsDatabase`."""

    def __enter__(self) -> Self:
        self.session = cast("Session", _Unconnected())
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was begun."""


class _Unconnected:
    def __getattr__(self, _: str) -> NoReturn:
        raise NeedsDatabase


class Lease:
    """Leadership by a row, so that several replicas may run and one leads.

    A session lock would not survive pgbouncer's transaction pooling, and a paused process would
    not notice that it lost one. A row has an epoch: whoever takes the lease over raises it, and a
    holder compares it in the very statement that writes (`holds`), so that a stale leader may
    repeat work but never mark it done. Times are the database's own.
    """

    def __init__(self, engine: Engine, name: str, *, seconds: float = 10.0) -> None:
        self._engine = engine
        self.name = name
        self.owner = str(uuid4())
        self._term = timedelta(seconds=seconds)
        self._epoch: int | None = None
        self._asks_again = float("-inf")
        self._take = self._taking()

    def leads(self) -> int | None:
        """The epoch while this one leads; cheap, because the row is written each third of a term.

        Whoever leads by it still compares the epoch in its writes (`holds`): it may be stale.
        """
        if self._epoch is None or time.monotonic() >= self._asks_again:
            now = time.monotonic()
            self._epoch = self.acquire()
            self._asks_again = now + self._term.total_seconds() / 3
        return self._epoch

    def doubt(self) -> None:
        """Ask the row again before leading on: a write found that another took over."""
        self._epoch = None

    def acquire(self) -> int | None:
        """Take or extend the lease.

        Returns:
            The epoch of this term of leadership, or None while another holds the lease.
        """
        with self._engine.begin() as connection:
            return connection.execute(self._take).scalar_one_or_none()

    def _taking(self) -> Executable:
        now = func.clock_timestamp()
        taken_over = lease.c.owner != self.owner
        first = insert(lease).values(
            name=self.name, owner=self.owner, epoch=1, until=now + self._term
        )
        return first.on_conflict_do_update(
            index_elements=[lease.c.name],
            set_={
                "owner": self.owner,
                "epoch": case((taken_over, lease.c.epoch + 1), else_=lease.c.epoch),
                "until": now + self._term,
            },
            where=(lease.c.owner == self.owner) | (lease.c.until < now),
        ).returning(lease.c.epoch)

    def release(self) -> None:
        """Let the next one lead at once, without waiting for the term to end."""
        self._epoch, self._asks_again = None, float("-inf")
        ended = update(lease).where(lease.c.name == self.name, lease.c.owner == self.owner)
        with self._engine.begin() as connection:
            connection.execute(ended.values(until=func.clock_timestamp()))

    def holds(self, epoch: int | BindParameter[int]) -> Any:
        """A condition that is true only while this term lasts; for use in the holder's writes.

        It locks the lease row for share, so that nobody can take over between check and commit.
        """
        held = (
            select(lease.c.name)
            .where(lease.c.name == self.name, lease.c.owner == self.owner, lease.c.epoch == epoch)
            .with_for_update(read=True)
        )
        return held.exists()
