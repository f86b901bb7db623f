"""How long what is kept: declared once for each class of records, read by a job with a preview.

A service's `retention` module declares a `RecordClass` for everything in its database, and for each
class whose time ends an `Expiry` that counts what is due and ends it. Nothing is deleted but by
those (care 9).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Engine,
    Table,
    Uuid,
    and_,
    bindparam,
    delete,
    false,
    func,
    select,
    tuple_,
)

BATCH = 5000
NO_PATIENT = "no patient is in it"
"""Why a legal hold does not keep records: holds are on patients."""


HeldCases = Callable[[], Collection[UUID]]
"""The ids of the cases of everybody who is under a legal hold at this moment. It is asked for each
batch: a hold that is placed during a run counts from the next one."""


def no_holds() -> Collection[UUID]:
    """Nobody is under a hold."""
    return ()


def of_held(case: ColumnElement[UUID], held: HeldCases) -> ColumnElement[bool]:
    """Whether a row is of a case under a legal hold, when the statement is run.

    Args:
        case: the row's case.
        held: which are under one.
    """
    ids = bindparam(None, callable_=lambda: list(held()), type_=ARRAY(Uuid), unique=True)
    return case == func.any(ids)


@dataclass(frozen=True)
class RecordClass:
    """Records that are kept for one reason and for one length of time.

    Attributes:
        name: of the class; unique within its service.
        holds: what the records are, in words.
        tables: where they are.
        basis: why they are kept at all, and the source of the length.
        start: from when the length counts.
        length: how long; None where nothing but an erasure or a later version ends it.
        review: who looks before it ends, or when somebody asks again whether it is needed.
        despite_hold: why they end although there is a legal hold on whom they concern; empty where
            a hold keeps them.
    """

    name: str
    holds: str
    tables: tuple[str, ...]
    basis: str
    start: str
    length: relativedelta | None
    review: str
    despite_hold: str = ""

    @property
    def kept_for(self) -> str:
        """The length in words."""
        if self.length is None:
            return "kept"
        parts = {"year": self.length.years, "month": self.length.months, "day": self.length.days}
        said = [f"{n} {name}{'' if n == 1 else 's'}" for name, n in parts.items() if n]
        return " ".join(said) or "0 days"

    @property
    def under_hold(self) -> str:
        """What a legal hold does, in words."""
        if self.length is None:
            return "-"
        return f"end: {self.despite_hold}" if self.despite_hold else "stay"

    def before(self, now: datetime | None = None) -> datetime:
        """What began before this instant has been kept for its length.

        Raises:
            ValueError: the class has no length.
        """
        if self.length is None:
            raise ValueError(f"{self.name} is kept without an end")
        return (now or datetime.now(UTC)) - self.length


@dataclass(frozen=True)
class Due:
    """What of a class is due.

    Attributes:
        rows: how many records would go.
        held: how many are due and stay because of a legal hold or an open case.
        oldest: when the oldest of those that would go began.
    """

    rows: int
    held: int = 0
    oldest: datetime | None = None


class Expiry(Protocol):
    """Ends the records of one class."""

    def due(self, before: datetime) -> Due:
        """Count what began before this instant. Changes nothing."""
        ...

    def run(self, before: datetime, by: str) -> int:
        """End what began before this instant; committed.

        Args:
            before: the instant.
            by: who decided it.

        Returns:
            How many records were ended.
        """
        ...


@dataclass(frozen=True)
class Retention:
    """What a service declares.

    Attributes:
        records: its classes; together they name every table of its database.
        expiries: makes the `Expiry` of each class with a length, by the class's name, from the
            service's settings, its engine, and the cases under a legal hold, of which what was
            done must stay to be seen.
    """

    records: tuple[RecordClass, ...]
    expiries: Callable[..., Mapping[str, Expiry]]


class OldRows:
    """Rows of one table, deleted in short transactions once they are old enough.

    Args:
        engine: of the service.
        table: whose rows.
        started: when a row's time began; a row without it is never old.
        only: a further condition.
        held: which of them stay although they are due.
        order: by which rows are taken; by default `started`.
        batch: rows at most in one transaction.
    """

    def __init__(
        self,
        engine: Engine,
        table: Table,
        started: ColumnElement[Any],
        *,
        only: ColumnElement[bool] | None = None,
        held: ColumnElement[bool] | None = None,
        order: ColumnElement[Any] | None = None,
        batch: int = BATCH,
    ) -> None:
        self._engine = engine
        self._table = table
        self._started = started
        self._only = only
        self._held = false() if held is None else held
        self._order = started if order is None else order
        self._batch = batch

    def due(self, before: datetime) -> Due:
        """See `Expiry.due`."""
        goes = ~self._held
        counted = select(
            func.count().filter(goes),
            func.count().filter(self._held),
            func.min(self._started).filter(goes),
        ).where(self._old(before))
        with self._engine.connect() as connection:
            return Due(*connection.execute(counted).one())

    def run(self, before: datetime, by: str = "") -> int:  # noqa: ARG002 - the protocol's
        """See `Expiry.run`."""
        key = tuple(self._table.primary_key.columns)
        goes = select(*key).where(self._old(before), ~self._held)
        old = goes.order_by(self._order).limit(self._batch)
        statement = delete(self._table).where(tuple_(*key).in_(old))
        total, deleted = 0, self._batch
        while deleted == self._batch:
            with self._engine.begin() as connection:
                deleted = connection.execute(statement).rowcount
            total += deleted
        return total

    def _old(self, before: datetime) -> ColumnElement[bool]:
        old = self._started < before
        return old if self._only is None else and_(old, self._only)


class Together:
    """Several tables whose rows end by one rule.

    Args:
        parts: each table's, those first whose rows refer to others.
    """

    def __init__(self, *parts: OldRows) -> None:
        self._parts = parts

    def due(self, before: datetime) -> Due:
        """See `Expiry.due`."""
        found = [part.due(before) for part in self._parts]
        oldest = min((each.oldest for each in found if each.oldest), default=None)
        return Due(sum(each.rows for each in found), sum(each.held for each in found), oldest)

    def run(self, before: datetime, by: str = "") -> int:
        """See `Expiry.run`."""
        return sum(part.run(before, by) for part in self._parts)


def missing(records: Sequence[RecordClass], tables: Collection[str]) -> set[str]:
    """Tables that no class names."""
    return set(tables) - {name for each in records for name in each.tables}


def markdown(declared: Mapping[str, Sequence[RecordClass]]) -> str:
    """The declaration as a Markdown table, for the operator's guide.

    Args:
        declared: the classes of each service.
    """
    rows = [
        "| service | records | what they are | basis | counts from | kept for | if held | review |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {service} | `{each.name}` | {each.holds} | {each.basis} | {each.start} |"
        f" {each.kept_for} | {each.under_hold} | {each.review} |"
        for service, records in declared.items()
        for each in records
    ]
    return "\n".join(rows) + "\n"
