"""Announcements as a hub's coordinators keep them: written, published, changed, ended."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.announcements.rules import Audience, Did, State
from services.notifications.announcements.telling import tell
from services.notifications.handlers.hubs import coordinated
from services.notifications.tables import Announcement, AnnouncementAct
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem

SAID = ("title", "text", "first_day", "last_day", "audience", "urgent")
"""What somebody says in one."""


@dataclass(frozen=True)
class Wanted:
    """An announcement as somebody wants it to be. See `Announcement`."""

    hub: str | None
    title: str
    text: str
    first_day: date
    last_day: date
    audience: Audience
    urgent: bool


def put(
    uow: UnitOfWork,
    principal: Principal,
    key: UUID,
    wanted: Wanted,
    *,
    after: int,
    zone: ZoneInfo,
) -> Announcement:
    """Write one, as a draft, or change one; the caller commits. The same again changes nothing.

    Args:
        uow: the transaction.
        principal: a coordinator.
        key: its id, which whoever writes it makes: sent twice it is one.
        wanted: what it shall say.
        after: the version that was read; 0 for a new one.
        zone: of the place, whose days are meant.

    Raises:
        Problem: 404 for another hub's; 403, 422 for a hub that is not theirs or not named; 409
            where it was changed meanwhile or is over.
    """
    now = datetime.now(UTC)
    found = uow.session.get(Announcement, key, with_for_update=True)
    if found is None and (new := _begun(uow, principal, key, wanted, now)) is not None:
        return new
    said = one(uow, principal, key, lock=True)
    if _values(wanted) == {name: getattr(said, name) for name in SAID}:
        return said
    if after != said.version:
        words = "Somebody changed it meanwhile. Read what stands now, and send it again."
        raise Problem(409, "It was changed meanwhile", words, element="after")
    _must_not_be_over(said, now, zone)
    if said.state == State.PUBLISHED and wanted.first_day != said.first_day:
        words = "It is published: its first day stays."
        raise Problem(409, "Its first day stays", words, element="first_day")
    if (wanted.title, wanted.text) != (said.title, said.text):
        said.words += 1
    for name, value in _values(wanted).items():
        setattr(said, name, value)
    _changed(uow, said, now)
    _note(uow, principal, said, Did.CHANGED, now)
    if said.state == State.PUBLISHED:
        tell(uow, said, now, zone)
    return said


def publish(uow: UnitOfWork, principal: Principal, key: UUID, zone: ZoneInfo) -> Announcement:
    """Let its readers have it from its first day on; the caller commits. Twice is once.

    Raises:
        Problem: 404; 409 where it was ended, or its last day has passed.
    """
    now = datetime.now(UTC)
    said = one(uow, principal, key, lock=True)
    if said.state == State.PUBLISHED:
        return said
    _must_not_be_over(said, now, zone)
    said.state = State.PUBLISHED
    said.published = now
    _changed(uow, said, now)
    _note(uow, principal, said, Did.PUBLISHED, now)
    tell(uow, said, now, zone)
    return said


def end(uow: UnitOfWork, principal: Principal, key: UUID, zone: ZoneInfo) -> Announcement:
    """End it before its last day; the caller commits. Twice is once. Whoever is not told yet is
    told no more.

    Raises:
        Problem: 404.
    """
    now = datetime.now(UTC)
    said = one(uow, principal, key, lock=True)
    if said.state == State.ENDED:
        return said
    said.state = State.ENDED
    said.ended = now
    _changed(uow, said, now)
    _note(uow, principal, said, Did.ENDED, now)
    tell(uow, said, now, zone)
    return said


def one(uow: UnitOfWork, principal: Principal, key: UUID, *, lock: bool = False) -> Announcement:
    """One of a coordinator's own hub.

    Raises:
        Problem: 404, also for another hub's.
    """
    found = uow.session.get(Announcement, key, with_for_update=lock or None)
    if found is None:
        raise unknown()
    return _theirs(uow, principal, found)


def history(uow: UnitOfWork, key: UUID) -> list[dict[str, Any]]:
    """What was done with one, the newest first, each with what it said then."""
    acts = (
        select(AnnouncementAct)
        .where(col(AnnouncementAct.announcement) == key)
        .order_by(col(AnnouncementAct.position).desc())
    )
    return [
        {"what": each.what, "by": each.by, "at": each.at, "said": each.said}
        for each in uow.session.scalars(acts)
    ]


def unknown() -> Problem:
    """There is none with this id, or it is not for whoever asks."""
    return Problem(404, "Not found", "There is no such announcement.", element="announcement")


def _begun(
    uow: UnitOfWork, principal: Principal, key: UUID, wanted: Wanted, now: datetime
) -> Announcement | None:
    """A new one; None where somebody made it at the same moment."""
    row = _values(wanted) | {
        "id": key,
        "hub": _hub(uow, principal, wanted.hub),
        "state": State.DRAFT.value,
        "version": 1,
        "words": 1,
        "changed": now,
    }
    made = insert(Announcement).values(row).on_conflict_do_nothing()
    if uow.session.scalars(made.returning(col(Announcement.id))).first() is None:
        return None
    said = uow.session.get_one(Announcement, key)
    _note(uow, principal, said, Did.WRITTEN, now)
    return said


def _theirs(uow: UnitOfWork, principal: Principal, found: Announcement) -> Announcement:
    if found.hub not in coordinated(uow, principal):
        raise unknown()
    return found


def _hub(uow: UnitOfWork, principal: Principal, said: str | None) -> str:
    hubs = coordinated(uow, principal)
    if said is None and len(hubs) == 1:
        return next(iter(hubs))
    if said is None:
        raise Problem(422, "Which hub?", "Name your hub.", element="hub")
    if said not in hubs:
        raise Problem(
            403, "Not allowed", "A coordinator announces for their own hub.", element="hub"
        )
    return said


def _must_not_be_over(said: Announcement, now: datetime, zone: ZoneInfo) -> None:
    if said.state == State.ENDED or (
        said.state == State.DRAFT and said.last_day < now.astimezone(zone).date()
    ):
        words = "It is over: write a new one, or give a draft another last day first."
        raise Problem(409, "It is over", words, element="announcement")


def _values(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in SAID} | {"audience": wanted.audience.value}


def _changed(uow: UnitOfWork, said: Announcement, now: datetime) -> None:
    said.version += 1
    said.changed = now
    uow.session.add(said)
    uow.session.flush()


def _note(
    uow: UnitOfWork, principal: Principal, said: Announcement, what: Did, now: datetime
) -> None:
    days = {name: getattr(said, name).isoformat() for name in ("first_day", "last_day")}
    uow.session.execute(
        insert(AnnouncementAct).values(
            announcement=said.id,
            what=what.value,
            by=principal.subject[:100],
            at=now,
            said={name: getattr(said, name) for name in SAID} | days,
        )
    )
