"""A proposal that two are one, as a row: held, and decided once. Of organisations and services."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, select, update

from services.providers.handlers import Directory
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
