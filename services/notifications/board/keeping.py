"""Notices as one member of staff sees them: theirs are those of the parties for which they act."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.handlers.hubs import coordinates_any, hubs_of
from services.notifications.tables import BoardNotice, BoardRead
from shared.auth import Principal
from shared.database import UnitOfWork

MOST_COUNTED = 500
"""The newest of a party's notices, among which the unread are counted."""


@dataclass(frozen=True)
class Reader:
    """Whoever reads.

    Attributes:
        parties: whose notices are theirs to read.
        name: of their account.
    """

    parties: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class State:
    """What a reader's board looks like.

    Attributes:
        newest: the position of the newest notice.
        unread: how many are not read.
    """

    newest: int
    unread: int

    @property
    def id(self) -> str:
        """Another one whenever it looks different."""
        return f"{self.newest}-{self.unread}"


def reader_of(uow: UnitOfWork, principal: Principal) -> Reader:
    """Who reads: their organisation's notices, and a coordinator the hub's."""
    (reader,) = readers_of(uow, [principal])
    return reader


def readers_of(uow: UnitOfWork, principals: Sequence[Principal]) -> list[Reader]:
    """As `reader_of`, of several at once, in their order."""
    coordinating = {each.organisation for each in principals if coordinates_any(each)}
    hubs = hubs_of(uow, coordinating)
    found = []
    for each in principals:
        own = hubs.get(each.organisation, ()) if coordinates_any(each) else ()
        found.append(Reader(tuple(sorted({each.organisation, *own})), each.subject[:100]))
    return found


def state(uow: UnitOfWork, reader: Reader) -> State:
    """What a reader's board looks like now."""
    (now,) = states(uow, [reader])
    return now


_STATES = """
SELECT coalesce(max(newest.position), 0),
       count(newest.id) FILTER (WHERE board_read.notice IS NULL)
FROM unnest(%(names)s::text[], %(parties)s::text[]) WITH ORDINALITY AS reading(name, parties, n)
LEFT JOIN LATERAL (
  SELECT id, position FROM board_notice
  WHERE party IN (SELECT jsonb_array_elements_text(reading.parties::jsonb))
  ORDER BY position DESC LIMIT %(most)s
) AS newest ON true
LEFT JOIN board_read ON board_read.notice = newest.id AND board_read.reader = reading.name
GROUP BY reading.n ORDER BY reading.n
"""


def states(uow: UnitOfWork, readers: Sequence[Reader]) -> list[State]:
    """What several readers' boards look like now, in their order, by one statement."""
    asked = {
        "names": [each.name for each in readers],
        "parties": [json.dumps(each.parties) for each in readers],
        "most": MOST_COUNTED,
    }
    rows = uow.session.connection().exec_driver_sql(_STATES, asked)
    return [State(*row) for row in rows]


def listed(
    uow: UnitOfWork, reader: Reader, *, before: int | None, count: int
) -> Sequence[Row[BoardNotice, bool]]:
    """A reader's notices, the newest first, each with whether it is read.

    Args:
        uow: the transaction.
        reader: whose.
        before: only those at an earlier position.
        count: at most so many.
    """
    found = _with_marks(reader).order_by(col(BoardNotice.position).desc()).limit(count)
    if before is not None:
        found = found.where(col(BoardNotice.position) < before)
    return uow.session.execute(found).all()


def read(uow: UnitOfWork, reader: Reader, notice: UUID) -> bool:
    """Note that one is read; the caller commits. False where it is not theirs to read."""
    return _read(uow, reader, col(BoardNotice.id) == notice) is not None


def read_all(uow: UnitOfWork, reader: Reader, until: int) -> None:
    """Note that all are read up to a position, which the reader saw; the caller commits."""
    _read(uow, reader, col(BoardNotice.position) <= until)


def _read(uow: UnitOfWork, reader: Reader, which: ColumnElement[bool]) -> UUID | None:
    theirs = uow.session.scalars(select(col(BoardNotice.id)).where(which, _theirs(reader))).all()
    if not theirs:
        return None
    marks = [{"notice": each, "reader": reader.name} for each in theirs]
    uow.session.execute(insert(BoardRead).values(marks).on_conflict_do_nothing())
    return theirs[0]


def _theirs(reader: Reader) -> ColumnElement[bool]:
    return col(BoardNotice.party).in_(reader.parties)


def _with_marks(reader: Reader) -> Select[BoardNotice, bool]:
    marks = (col(BoardRead.notice) == col(BoardNotice.id)) & (col(BoardRead.reader) == reader.name)
    return (
        select(BoardNotice, col(BoardRead.notice).is_not(None).label("is_read"))
        .outerjoin(BoardRead, marks)
        .where(_theirs(reader))
    )
