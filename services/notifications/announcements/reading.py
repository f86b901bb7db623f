"""Announcements as they are read: a hub's own list, and what is there for whoever is signed in."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.announcements.keeping import unknown
from services.notifications.announcements.rules import OF_NO_PLACE, State, audiences
from services.notifications.handlers.hubs import coordinated, hubs_of
from services.notifications.tables import (
    Announcement,
    AnnouncementRead,
    PartyHub,
    announcement_deliveries,
)
from shared.auth import Principal
from shared.database import UnitOfWork

SHOWN: Mapping[str, str] = {
    "draft": "not published yet",
    "current": "published, and not over",
    "over": "ended, or past its last day",
}
"""Which of a hub's own are listed."""

OF_HUBS = frozenset({"coordinator", "duty-lead", "organisation-administrator"})
"""Roles of a hub's own staff."""


def of_hub(
    uow: UnitOfWork, principal: Principal, show: str, today: date, *, offset: int, count: int
) -> Sequence[Announcement]:
    """Those of the hubs that somebody coordinates, what was changed last first.

    Args:
        uow: where to read.
        principal: a coordinator.
        show: one of `SHOWN`.
        today: the present day of the place.
        offset: leave out so many.
        count: at most so many.
    """
    over = or_(col(Announcement.state) == State.ENDED, col(Announcement.last_day) < today)
    which: Mapping[str, ColumnElement[bool]] = {
        "draft": col(Announcement.state) == State.DRAFT,
        "current": and_(col(Announcement.state) == State.PUBLISHED, ~over),
        "over": and_(col(Announcement.state) != State.DRAFT, over),
    }
    found = (
        select(Announcement)
        .where(col(Announcement.hub).in_(coordinated(uow, principal)), which[show])
        .order_by(col(Announcement.changed).desc(), col(Announcement.id))
    )
    return uow.session.scalars(found.offset(offset).limit(count)).all()


def current(
    uow: UnitOfWork, principal: Principal, today: date
) -> Sequence[Row[Announcement, bool]]:
    """What is there for somebody today, the urgent first, then the newest; each with whether they
    read it as it stands.
    """
    marks = and_(
        col(AnnouncementRead.announcement) == col(Announcement.id),
        col(AnnouncementRead.reader) == principal.subject[:100],
        col(AnnouncementRead.words) == col(Announcement.words),
    )
    found = (
        select(Announcement, col(AnnouncementRead.announcement).is_not(None).label("is_read"))
        .outerjoin(AnnouncementRead, marks)
        .where(_for(uow, principal, today))
        .order_by(
            col(Announcement.urgent).desc(),
            col(Announcement.published).desc(),
            col(Announcement.id),
        )
    )
    return uow.session.execute(found).all()


def read(uow: UnitOfWork, principal: Principal, key: UUID, today: date) -> None:
    """Note that somebody read one as it stands; the caller commits. Twice is once.

    Raises:
        Problem: 404, it is not there for them.
    """
    this = select(col(Announcement.words)).where(
        col(Announcement.id) == key, _for(uow, principal, today)
    )
    words = uow.session.scalars(this).first()
    if words is None:
        raise unknown()
    mark = {"announcement": key, "reader": principal.subject[:100], "words": words}
    noted = insert(AnnouncementRead).values(mark)
    uow.session.execute(
        noted.on_conflict_do_update(
            index_elements=["announcement", "reader"],
            set_={"words": noted.excluded.words, "at": func.now()},
        )
    )


def told(uow: UnitOfWork, key: UUID) -> dict[str, int]:
    """How many contacts of providers were told, by the state of the delivery."""
    sent = announcement_deliveries.delivery.c
    counted = select(sent.state, func.count()).where(sent.announcement == key).group_by(sent.state)
    return {row[0]: row[1] for row in uow.session.connection().execute(counted)}


def _for(uow: UnitOfWork, principal: Principal, today: date) -> ColumnElement[bool]:
    """What is for somebody: of the hub of their organisation, or the one whose staff they are; of
    every hub for whoever works in no place."""
    own = hubs_of(uow, [principal.organisation]) if OF_HUBS & set(principal.roles) else {}
    belongs = select(col(PartyHub.hub)).where(col(PartyHub.party) == principal.organisation)
    placed = uow.session.scalars(belongs).first() is not None
    anywhere = not placed and not OF_NO_PLACE.isdisjoint(principal.roles)
    return and_(
        col(Announcement.state) == State.PUBLISHED,
        col(Announcement.first_day) <= today,
        col(Announcement.last_day) >= today,
        col(Announcement.audience).in_(audiences(principal.roles)),
        or_(
            col(Announcement.hub).in_(own.get(principal.organisation, ())),
            col(Announcement.hub).in_(belongs),
            true() if anywhere else false(),
        ),
    )
