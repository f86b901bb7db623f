"""Onboardings as rows: which somebody may see, held while they are changed, and what was done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update

from services.providers import hubs
from services.providers.life.states import IMPORT, LOADED
from services.providers.onboarding.domain import Did, State
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

ONBOARDING, ACT = table("onboarding"), table("onboarding_act")


def with_moved() -> Select[Any]:
    """All, each with `last`: when somebody last did something for it, here or with a listing of
    the provider. What only other services know of is not in it: a list cannot ask them.
    """
    version, closing = table("listing_version").c, table("closing").c
    listing = (
        select(func.max(func.greatest(version.written, version.decided)))
        .where(
            version.owner == ONBOARDING.c.provider,
            version.written_by.not_in((IMPORT, LOADED.by)),
        )
        .scalar_subquery()
    )
    closed = (
        select(func.max(closing.said))
        .where(closing.organization_id == ONBOARDING.c.provider)
        .scalar_subquery()
    )
    last = func.greatest(ONBOARDING.c.begun, ONBOARDING.c.moved, listing, closed)
    return select(ONBOARDING, last.label("last"))


def held(uow: UnitOfWork, principal: Principal, key: UUID, *states: State) -> RowMapping:
    """One of a coordinator's own hub, locked.

    Args:
        uow: the transaction.
        principal: a coordinator.
        key: of the onboarding.
        states: in which it must be; none for any.

    Raises:
        Problem: 404, also for another hub's; 409 where it stands otherwise.
    """
    wanted = select(ONBOARDING).where(ONBOARDING.c.id == key).with_for_update()
    row = uow.session.connection().execute(wanted).mappings().one_or_none()
    if row is None or not hubs.coordinates(uow, principal, row["hub"]):
        raise unknown()
    if states and row["state"] not in states:
        words = {
            State.GOING_ON: "It goes on already.",
            State.ON_HOLD: "It is on hold: take it up again first.",
            State.GIVEN_UP: "It was given up: take it up again first.",
            State.DONE: "It is done.",
        }
        raise Problem(409, "It stands otherwise", words[row["state"]], element="id")
    return row


def did(
    uow: UnitOfWork,
    principal: Principal,
    key: UUID,
    what: Did,
    now: datetime,
    *,
    about: str | None = None,
    words: str | None = None,
    **values: Any,
) -> None:
    """Note what was done, and change the row by it; the caller commits.

    Args:
        uow: the transaction, which holds the row.
        principal: who did it.
        key: of the onboarding.
        what: was done.
        now: when.
        about: the step or paper, where it is about one.
        words: for the history.
        values: of the row.
    """
    row = {"onboarding": key, "what": what.value, "about": about, "at": now}
    run = uow.session.connection().execute
    run(insert(ACT).values(**row, by=principal.subject, words=words))
    run(update(ONBOARDING).where(ONBOARDING.c.id == key).values(moved=now, **values))


def unknown() -> Problem:
    """There is none with this id, or it is another hub's."""
    words = "Your hub brings in no provider with this id."
    return Problem(404, "Not found", words, element="id")
