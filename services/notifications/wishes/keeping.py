"""Quiet hours and wishes, kept and asked within the transaction that tells somebody."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.domain import Kind
from services.notifications.handlers.ahead import ahead_of
from services.notifications.hours import Hours
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import Contact, Endpoint, PartyQuietHours
from services.notifications.wishes.rules import AT_ONCE, MANDATORY, Wishes, muted, wishes_of
from shared.database import UnitOfWork

_QUIET = select(PartyQuietHours).where(col(PartyQuietHours.party) == bindparam("of"))


class Unheard(Exception):
    """A kind that somebody must hear would be heard by nobody of the party.

    Args:
        kinds: which.
    """

    def __init__(self, kinds: Sequence[Kind]) -> None:
        super().__init__()
        self.kinds = kinds


class Unasked(Exception):
    """A party would stop the last contact that it is asked by."""


def quiet_hours(uow: UnitOfWork, party: str) -> PartyQuietHours | None:
    """A party's quiet hours, if it has any."""
    ahead = ahead_of(uow)
    if ahead and party in ahead.quiet:
        return ahead.quiet[party]
    return uow.session.scalars(_QUIET, {"of": party}).first()


def not_before(uow: UnitOfWork, contact: Contact, kind: Kind, at: datetime) -> datetime | None:
    """When a message may go out, if not at once.

    Args:
        uow: the transaction.
        contact: whom it is for.
        kind: what it says; some are never held up (`AT_ONCE`).
        at: the moment.
    """
    if kind in AT_ONCE:
        return None
    due = out_of_quiet_hours(uow, contact, at)
    return due if due > at else None


def out_of_quiet_hours(uow: UnitOfWork, contact: Contact, at: datetime) -> datetime:
    """The first moment from `at` on that is not quiet for a contact: by its own hours where it has
    said something of them, else by its party's."""
    wishes = wishes_of(contact)
    if wishes.any_hour:
        return at
    if wishes.quiet is not None:
        return wishes.quiet.over(wishes.zone).next(at)
    found = quiet_hours(uow, contact.party)
    if found is None:
        return at
    return Hours(found.starts, found.ends, ZoneInfo(found.zone)).others.next(at)


def keep_quiet(uow: UnitOfWork, party: str, starts: time, ends: time, zone: str) -> None:
    """Keep a party's quiet hours; the caller commits."""
    values = {"starts": starts, "ends": ends, "zone": zone}
    kept = insert(PartyQuietHours).values({"party": party, **values})
    uow.session.execute(kept.on_conflict_do_update(index_elements=["party"], set_=values))


def end_quiet(uow: UnitOfWork, party: str) -> None:
    """Let a party have no quiet hours; the caller commits."""
    uow.session.execute(delete(PartyQuietHours).where(col(PartyQuietHours.party) == party))


def check_heard(uow: UnitOfWork, contact: UUID, party: str, role: str, wishes: Wishes) -> None:
    """See that what must be heard is heard by another contact of the same role.

    Raises:
        Unheard: by none.
    """
    wanted = [kind for kind in wishes.muted if kind in MANDATORY]
    if not wanted:
        return
    heard = [wishes_of(each) for each in _others(uow, contact, party, role)]
    unheard = [kind for kind in wanted if all(kind in each.muted for each in heard)]
    if unheard:
        raise Unheard(unheard)


def check_asked(uow: UnitOfWork, contact: UUID, party: str, role: str) -> None:
    """See that a party that stops one contact has another of the same role, which hears.

    Raises:
        Unasked: it has none.
    """
    if not _others(uow, contact, party, role):
        raise Unasked


def silent(uow: UnitOfWork, told: Collection[Contact], kind: Kind) -> Collection[Contact]:
    """Which of those who would be told wished not to be; none where whoever else would hear what
    is mandatory is a webhook that is switched off."""
    found = muted(told, kind)
    if not found or kind not in MANDATORY:
        return found
    heard = [each.id for each in told if each not in found]
    hears = select(col(Contact.id)).where(col(Contact.id).in_(heard), ~_is_off()).limit(1)
    return found if uow.session.scalars(hears).first() else []


def _others(uow: UnitOfWork, contact: UUID, party: str, role: str) -> Sequence[Contact]:
    """The contacts of a party beside one of the same role, to which something would go now."""
    others = select(Contact).where(
        col(Contact.party) == party,
        col(Contact.role) == role,
        col(Contact.id) != contact,
        col(Contact.active),
        ~is_unusable(col(Contact.id)),
        ~_is_off(),
    )
    return uow.session.scalars(others).all()


def _is_off() -> ColumnElement[bool]:
    """Whether a contact is a webhook that is switched off: what is meant for it waits."""
    return exists().where(
        col(Endpoint.contact) == col(Contact.id), col(Endpoint.off_since).is_not(None)
    )


def shown(hours: PartyQuietHours | None) -> Mapping[str, Any] | None:
    """Quiet hours as the API shows them."""
    if hours is None:
        return None
    return {"starts": f"{hours.starts:%H:%M}", "ends": f"{hours.ends:%H:%M}", "zone": hours.zone}
