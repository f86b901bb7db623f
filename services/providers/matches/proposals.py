"""A proposal that two are one, as a row: held, and decided once. Of organisations and services."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, select, update

from services.providers.handlers import Directory
from services.providers.rows import table
from shared.database import UnitOfWork


class NoSuchMatch(Exception):
    """There is no proposal with this id."""


class NotOpen(Exception):
    """The proposal was decided before, or is not of the kind that can be undone.

    Args:
        words: how it stands.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def held(uow: UnitOfWork, proposals: Table, key: UUID) -> RowMapping:
    """A proposal, locked.

    Raises:
        NoSuchMatch: see there.
    """
    wanted = select(proposals).where(proposals.c.id == key).with_for_update()
    found = uow.session.connection().execute(wanted).mappings().one_or_none()
    if found is None:
        raise NoSuchMatch(key)
    return found


def must_be(match: RowMapping, state: str) -> None:
    """Refuse a proposal that does not stand where it must.

    Raises:
        NotOpen: see there.
    """
    if match["state"] != state:
        raise NotOpen(f"The proposal is {match['state']}.")


def decide(
    uow: UnitOfWork,
    directory: Directory,
    proposals: Table,
    match: RowMapping,
    by: str,
    **values: Any,
) -> None:
    """Note what was decided, when and by whom."""
    decided = {"decided": directory.clock(), "decided_by": by} | values
    moved = update(proposals).where(proposals.c.id == match["id"]).values(decided)
    uow.session.connection().execute(moved)


# --- what the sources of the one that goes say of it -----------------------------------------


def said_by_sources(uow: UnitOfWork, entity: str, key: UUID) -> list[list[Any]]:
    """What sources say of a listing: `[source, id there, what it says]` of each."""
    rows = uow.session.connection().execute(
        select(_RECORD.c.source_id, _RECORD.c.given, _RECORD.c.said).where(
            _RECORD.c.key == key, _RECORD.c.entity == entity
        )
    )
    return [[str(row.source_id), row.given, row.said] for row in rows]


def read_anew(uow: UnitOfWork, entity: str, said: Sequence[Sequence[Any]]) -> None:
    """After an undoing: where a source says otherwise than at the acceptance, its record counts
    as one that was not read. It did not come through meanwhile, and what the source said then is
    what stands here again; left as it is, the source would have to change it once more.

    Args:
        uow: the caller's transaction.
        entity: organization or service.
        said: see `said_by_sources`, as it was at the acceptance.
    """
    for source, given, then in said:
        uow.session.connection().execute(
            update(_RECORD)
            .where(
                _RECORD.c.source_id == UUID(source),
                _RECORD.c.entity == entity,
                _RECORD.c.given == given,
                _RECORD.c.said != then,
            )
            .values(said=then, fingerprint="", digest=None)
        )


_RECORD = table("source_record")
