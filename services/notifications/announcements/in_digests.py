"""Announcements in a message of the day: taken up with it, and ended however it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, null, select, update
from sqlmodel import col

from services.notifications.announcements.news import News
from services.notifications.announcements.rules import TO_PROVIDERS, shows
from services.notifications.announcements.telling import CHANGED
from services.notifications.digests.gathering import GATHERED
from services.notifications.domain import Kind
from services.notifications.tables import Announcement, Contact, announcement_deliveries
from services.notifications.wishes.rules import MUTED, wishes_of
from shared.database import UnitOfWork
from shared.delivery import State

table = announcement_deliveries.delivery
row = table.c


def held(digest: UUID) -> ColumnElement[bool]:
    """What a digest still holds."""
    open_ones = row.state.in_([State.QUEUED.value, State.SENDING.value])
    return (row.digest == digest) & row.due.is_(null()) & open_ones


def begin(
    uow: UnitOfWork, digest: UUID, contact: Contact, now: datetime, zone: ZoneInfo
) -> Sequence[News]:
    """Take up what a digest holds, as each stands now; the caller commits.

    One that is over, is for others by now, or that its contact muted since is left out.

    Args:
        uow: the transaction.
        digest: the message of the day.
        contact: to whom it goes.
        now: the moment.
        zone: of the place, whose days are meant.
    """
    today = now.astimezone(zone).date()
    muted = Kind.ANNOUNCEMENT in wishes_of(contact).muted
    found = (
        select(Announcement)
        .join(table, row.announcement == col(Announcement.id))
        .where(held(digest))
        .order_by(col(Announcement.published), col(Announcement.id))
    )
    taken: list[Announcement] = []
    left: list[Announcement] = []
    for said in uow.session.scalars(found).unique():
        there = shows(said.state, said.first_day, said.last_day, today)
        fits = there and said.audience in TO_PROVIDERS and not muted
        (taken if fits else left).append(said)
    for said in left:
        only = held(digest) & (row.announcement == said.id)
        announcement_deliveries.supersede(uow.session, only, MUTED if muted else CHANGED)
    _set(uow, held(digest), state=State.SENDING.value)
    return [News(said.title, said.text) for said in taken]


def ended(uow: UnitOfWork, digest: UUID, state: State, reason: str | None = None) -> None:
    """The digest ended so; so does what it held."""
    _set(uow, held(digest), state=state.value, ended=func.now(), last_error=reason)


def put_back(uow: UnitOfWork, digest: UUID) -> None:
    """An attempt did not deliver it: what it holds waits on. What was ended while it was under way
    is not wanted any more."""
    unwanted = row.unwanted
    _set(
        uow,
        held(digest) & (row.state == State.SENDING.value),
        state=case((unwanted, State.SUPERSEDED.value), else_=State.QUEUED.value),
        ended=case((unwanted, func.now()), else_=null()),
        last_error=case((unwanted, row.last_error), else_=GATHERED),
    )


def came_back(uow: UnitOfWork, digest: UUID, code: str) -> None:
    """A channel took the digest, and it came back."""
    sent = (row.digest == digest) & (row.state == State.DELIVERED.value)
    _set(uow, sent, state=State.BOUNCED.value, last_error=code)


def holds_any(uow: UnitOfWork, digest: UUID) -> bool:
    """Whether a digest has or had an announcement in it."""
    found = select(row.id).where(row.digest == digest).limit(1)
    return uow.session.connection().execute(found).first() is not None


def _set(uow: UnitOfWork, which: ColumnElement[bool], **values: Any) -> None:
    uow.session.connection().execute(update(table).where(which).values(**values))
