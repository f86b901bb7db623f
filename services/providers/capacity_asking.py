"""Each week a provider is asked how much room its services have, unless it said so lately.

Only services to which named referrals go (care 25): their providers agreed to work with link
workers. Whoever is merely listed gets no mail for it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.providers.closing.reading import closed_on
from services.providers.domain import CapacityState, Tier
from services.providers.handlers import Directory
from services.providers.hubs import hub_of
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.events import CapacityAsked
from shared.messaging.outbox import Outbox

BATCH = 500
"""Providers asked in one round: the mails of a whole county do not go out in one minute."""


def ask(directory: Directory, every: timedelta) -> int:
    """Ask whoever is due; each in its own transaction.

    Safe to repeat, and to run at once from several places: nobody is asked twice in a week.

    Args:
        directory: what to work with.
        every: how long after being asked a provider is asked again.

    Returns:
        How many providers were asked.
    """
    organization, asked = table("organization").c, table("capacity_asked").c
    with UnitOfWork(directory.engine) as uow:
        closed = closed_on(uow.session, directory.clock().date())
    due = (
        select(organization.id)
        .outerjoin(table("capacity_asked"), asked.organization_id == organization.id)
        .where(
            or_(asked.at.is_(None), asked.at <= directory.clock() - every),
            organization.id.not_in(closed),
            _unsaid(directory, every)
            .where(table("service").c.organization_id == organization.id)
            .exists(),
        )
        .order_by(asked.at.nulls_first(), organization.id)
        .limit(BATCH)
    )
    with UnitOfWork(directory.engine) as uow:
        keys = uow.session.scalars(due).all()
    return sum(_ask_one(directory, key, every) for key in keys)


def _unsaid(directory: Directory, every: timedelta) -> Select[Any]:
    """Services that take named referrals, of which nobody said lately how much room they have.

    What holds longer was said longer ago or for longer: it is asked about when its end comes near.
    """
    service, capacity = table("service").c, table("capacity").c
    soon = directory.clock() + directory.capacity_lasts - every
    return (
        select(service.id)
        .outerjoin(table("capacity"), capacity.service_id == service.id)
        .where(
            service.withdrawn.is_(None),
            service.status == "active",
            service.tier >= int(Tier.NAMED_REFERRAL),
            or_(
                capacity.state.is_(None),
                capacity.state == CapacityState.UNKNOWN.value,
                capacity.expires.is_(None),
                capacity.expires <= soon,
            ),
        )
    )


def _ask_one(directory: Directory, key: UUID, every: timedelta) -> bool:
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        asked, service = table("capacity_asked"), table("service").c
        statement = insert(asked).values(organization_id=key, at=now, times=1)
        noted = statement.on_conflict_do_update(
            index_elements=["organization_id"],
            set_={"at": now, "times": asked.c.times + 1},
            where=asked.c.at <= now - every,
        ).returning(asked.c.times)
        times = uow.session.scalar(noted)
        wanted = _unsaid(directory, every).where(service.organization_id == key)
        services = tuple(uow.session.scalars(wanted.order_by(service.name, service.id)).all())
        if times is None or not services:
            return False  # another replica was first, or it was said meanwhile
        _tell(uow, directory.outbox, key, services, times)
        uow.commit()
    return True


def _tell(
    uow: UnitOfWork, outbox: Outbox, key: UUID, services: tuple[UUID, ...], times: int
) -> None:
    event = CapacityAsked(listing=key, provider=key, hub=hub_of(uow, key), services=services)
    outbox.add(uow, event, version=times)
