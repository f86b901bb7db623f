"""What a list holds, given out one page at a time in Open Referral UK's envelope, or all of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Select, func, select
from sqlmodel import Session

from services.providers.nested import Json
from services.providers.queries import Page
from shared.database import ReadOnly

BATCH = 200
"""Entities that are read at once where all are wanted: what is held in memory, however many
there are."""


@dataclass(frozen=True)
class Listed:
    """The entities of a list.

    Attributes:
        wanted: their ids, in the order of the list.
        assemble: makes the entities of some ids.
        narrowed: whether conditions leave only a part: then counting costs as much as finding.
    """

    wanted: Select[Any]
    assemble: Callable[[Session, Sequence[UUID]], dict[UUID, Json]]
    narrowed: bool = False


@contextmanager
def one_state(engine: Engine) -> Iterator[Session]:
    """Reads of several statements that all see the directory as it is at the first."""
    with ReadOnly(engine) as uow:
        uow.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield uow.session


def envelope(page: Page, total: int, contents: Sequence[Json]) -> Json:
    """One page in Open Referral UK's envelope. A page past the end is empty and the last."""
    pages = -(-total // page.per_page)
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": page.page,
        "size": len(contents),
        "first_page": page.page == 1,
        "last_page": page.page >= pages,
        "empty": not contents,
        "contents": list(contents),
    }


def paged(session: Session, page: Page, listed: Listed) -> Json:
    """One page of a list."""
    cut = listed.wanted.limit(page.per_page).offset(page.offset)
    run = session.connection().execute
    if listed.narrowed:
        rows = run(cut.add_columns(func.count().over())).all()
        keys = [row[0] for row in rows]
        total = rows[0][1] if rows else _total(session, listed) if page.page > 1 else 0
    else:
        keys = list(run(cut).scalars())
        total = _total(session, listed)
    found = listed.assemble(session, keys)
    return envelope(page, total, [found[key] for key in keys])


def _total(session: Session, listed: Listed) -> int:
    every = listed.wanted.order_by(None).subquery()
    return session.connection().execute(select(func.count()).select_from(every)).scalar_one()


def every(engine: Engine, listed: Listed, *, batch: int = BATCH) -> Iterator[list[Json]]:
    """All entities of a list in the order of their ids, a batch at a time.

    Each batch is a transaction of its own: neither a connection nor a snapshot is held while
    whoever reads takes its time. What changes meanwhile is told as it then is; nothing that stays
    is left out or told twice.

    Args:
        engine: the directory's database.
        listed: what is wanted.
        batch: how many at once.
    """
    key: Any = listed.wanted.selected_columns[0]
    following = listed.wanted.order_by(None).order_by(key).limit(batch)
    last: UUID | None = None
    while True:
        with one_state(engine) as session:
            asked = following if last is None else following.where(key > last)
            keys = list(session.connection().execute(asked).scalars())
            found = listed.assemble(session, keys)
        if keys:
            yield [found[each] for each in keys]
            last = keys[-1]
        if len(keys) < batch:
            return
