"""Records that wait for others: a source may name an organisation before it tells it.

They wait on disk, since all of a source may wait for what comes last. Those of a live feed are kept
with the run as well, in the transaction that read them: one that breaks off has them from there.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Self
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from services.providers.importing.mending.given_ids import given_id
from services.providers.importing.reading.records import Record
from services.providers.importing.taking import fingerprint
from services.providers.rows import table

MOST_KEPT = 10_000
"""Records of a run, some dozens of megabytes. Where more wait, all pages are read again."""

Known = tuple[str, str]
"""A record by its entity and the id that its source gave it."""

_WAITING, _RUN = table("import_waiting"), table("import_run")


class Waiting:
    """Records on disk.

    Attributes:
        first: the fingerprint of each that waits: of several records with one id the first counts,
            also while it waits.
    """

    first: dict[Known, str]

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._empty()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return self._count

    def add(self, records: Iterable[Record]) -> None:
        """Let records wait."""
        for each in records:
            self._file.write(_written([each.entity, each.said]).encode() + b"\n")
            self.first[known_by(each)] = fingerprint(each.said)
            self._count += 1

    def emptied(self) -> Iterator[Record]:
        """All that wait, which wait no longer."""
        full = self._file
        self._empty()
        with full:
            full.seek(0)
            for line in full:
                entity, said = json.loads(line)
                yield Record(entity, said)

    def _empty(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the stack
        self._file = self._stack.enter_context(file)
        self._count = 0
        self.first = {}


def known_by(record: Record) -> Known:
    """What a record that waits is known by; without an id none waits."""
    return record.entity, given_id(record.said) or ""


def keep(session: Session, run: UUID, records: Sequence[Record]) -> bool:
    """Keep records that wait with their run.

    Returns:
        False where there are too many now: then none is kept, and none may be from here on, or
        what is kept would not be all that waits.
    """
    if not records:
        return True
    rows = [
        {"run_id": run, "entity": entity, "given": given, "said": _written(each.said)}
        for each in records
        for entity, given in [known_by(each)]
    ]
    session.connection().execute(insert(_WAITING), rows)
    if how_many(session, run) > MOST_KEPT:
        forget(session, run)
        return False
    return True


def how_many(session: Session, run: UUID) -> int:
    """How many records are kept with a run."""
    mine = select(func.count()).where(_WAITING.c.run_id == run)
    return session.connection().execute(mine).scalar_one()


def kept(session: Session, run: UUID) -> list[Record]:
    """The records that are kept with a run, in the order in which they came."""
    mine = select(_WAITING.c.entity, _WAITING.c.said).where(_WAITING.c.run_id == run)
    rows = session.connection().execute(mine.order_by(_WAITING.c.id))
    return [Record(row.entity, json.loads(row.said)) for row in rows]


def forget(session: Session, run: UUID) -> None:
    """Keep no records with a run any more."""
    session.connection().execute(delete(_WAITING).where(_WAITING.c.run_id == run))


def forget_source(session: Session, source: UUID) -> None:
    """Keep no records with any run of a source any more."""
    runs = select(_RUN.c.id).where(_RUN.c.source_id == source)
    session.connection().execute(delete(_WAITING).where(_WAITING.c.run_id.in_(runs)))


def _written(said: object) -> str:
    """As ASCII: what a feed sent may be no text that a database or a file could hold."""
    return json.dumps(said, separators=(",", ":"))
