"""From an announcement to deliveries: which contacts of a hub's providers get it, and when."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import func, null, select
from sqlmodel import col

from services.notifications.announcements.rules import TO_PROVIDERS, State
from services.notifications.channels.registry import IN_WORDS, SYSTEMS
from services.notifications.digests.gathering import GATHERED, gather
from services.notifications.domain import Kind, Role, to_tell
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import (
    Announcement,
    Contact,
    PartyHub,
    announcement_deliveries,
)
from services.notifications.wishes.rules import MUTED, wishes_of
from shared.database import UnitOfWork
from shared.delivery import State as Sent

MORNING = time(8)
"""When what is urgent goes out on a later day: nobody is woken for it."""
ENDED, CHANGED = "ended", "changed"
"""Why one was not sent: its hub ended it, or it is for others now."""

row = announcement_deliveries.delivery.c


def tell(uow: UnitOfWork, said: Announcement, now: datetime, zone: ZoneInfo) -> None:
    """Have those contacts told that are to be, and no others; the caller commits.

    Safe to repeat: a contact is told of one announcement once. What is not sent yet says what the
    announcement says when it goes; what has gone stays gone.

    Args:
        uow: the transaction, which holds the announcement.
        said: the announcement as it is now.
        now: the moment.
        zone: of the place, whose days are meant.
    """
    open_ones = (row.announcement == said.id) & row.state.in_([Sent.QUEUED, Sent.SENDING])
    if said.state != State.PUBLISHED or said.audience not in TO_PROVIDERS:
        reason = ENDED if said.state == State.ENDED else CHANGED
        announcement_deliveries.supersede(uow.session, open_ones, reason)
        return
    at = _from(said.first_day, now, zone)
    for contact in of_providers(uow, said.hub):
        _add(uow, said, contact, at, now)


def of_providers(uow: UnitOfWork, hub: str) -> Iterator[Contact]:
    """The contacts of a hub's providers that get messages in words: by e-mail, text or letter.

    Whoever is rung or has a sheet hears from the hub; a system is told of requests only.
    """
    theirs = (
        select(Contact)
        .join(PartyHub, col(PartyHub.party) == col(Contact.party))
        .where(
            col(PartyHub.hub) == hub,
            col(Contact.role) == Role.REQUESTS.value,
            col(Contact.active),
            ~is_unusable(col(Contact.id)),
        )
        .order_by(col(Contact.party), col(Contact.id))
    )
    parties: dict[str, list[Contact]] = {}
    for contact in uow.session.scalars(theirs):
        parties.setdefault(contact.party, []).append(contact)
    for contacts in parties.values():
        yield from _once_each(_to_tell(contacts))


def _to_tell(contacts: Sequence[Contact]) -> list[Contact]:
    """As of a request, over all services of the provider: it is about none of them."""
    services = {each.service for each in contacts} | {None}
    told = [each for one in services for each in to_tell(contacts, one, systems=SYSTEMS)]
    return [each for each in told if each.means in IN_WORDS]


def _once_each(contacts: Sequence[Contact]) -> list[Contact]:
    """One contact for each address, where several services have the same."""
    return list({(each.means, each.address): each for each in contacts}.values())


def _add(
    uow: UnitOfWork, said: Announcement, contact: Contact, at: datetime, now: datetime
) -> None:
    key = uuid5(said.id, str(contact.id))
    if said.urgent:
        # What waited for a message of the day goes by itself now.
        _wake(uow, key)
    muted = not said.urgent and Kind.ANNOUNCEMENT in wishes_of(contact).muted
    how: dict[str, object] = {}
    digest: UUID | None = None
    if muted:
        how = {"ended": Sent.SUPERSEDED, "reason": MUTED}
    elif not said.urgent:
        known = select(row.id).where(row.id == key)
        if uow.session.connection().execute(known).first() is not None:
            return
        digest = gather(uow, contact, at)
        how = {"asleep": True, "reason": GATHERED}
    elif at > now:
        how = {"due": at}
    announcement_deliveries.add(
        uow.session,
        key=key,
        order_key=f"{contact.id}/{said.id}",
        channel=contact.means,
        address=contact.address,
        payload=orjson.dumps({"contact": contact.id, "announcement": said.id}).decode(),
        extra={
            "announcement": said.id,
            "party": contact.party,
            "contact": contact.id,
            "digest": digest,
        },
        **how,  # type: ignore[arg-type]
    )


def _wake(uow: UnitOfWork, key: UUID) -> None:
    """One that waits for a message of the day leaves it, and one that was muted is told after all:
    both are due now."""
    gathered = (row.state == Sent.QUEUED) & row.due.is_(null())
    muted = (row.state == Sent.SUPERSEDED) & (row.last_error == MUTED)
    waits = (row.id == key) & (gathered | muted)
    changed = (
        announcement_deliveries.delivery.update()
        .where(waits)
        .values(
            state=Sent.QUEUED.value, digest=null(), due=func.now(), last_error=null(), ended=null()
        )
    )
    uow.session.connection().execute(changed)


def _from(first: date, now: datetime, zone: ZoneInfo) -> datetime:
    """From when on it may be told."""
    return max(now, datetime.combine(first, MORNING, zone)) if _later(first, now, zone) else now


def _later(first: date, now: datetime, zone: ZoneInfo) -> bool:
    return first > now.astimezone(zone).date()
