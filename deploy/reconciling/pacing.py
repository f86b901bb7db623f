"""What notifications keeps of limits, closing days and first visits, by which it reminds."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from deploy.reconciling.drift import Databases, Drift
from services.notifications.escalation import limits_in
from services.notifications.tables import ClosedParty, FirstMeeting, HubLimits
from services.providers.closing.reading import closing_days
from services.providers.rows import table
from services.referrals.limits import by_hub
from services.referrals.tables import FirstVisit, HubLimitsSaid
from services.referrals.visits import BOOKED
from shared.closing_days import read

CASES, DIRECTORY = "notifications.cases", "notifications.directory"


def limits(databases: Databases) -> Iterator[Drift]:
    """How long things may wait in each hub's place."""
    with Session(databases["notifications"]) as session:
        copies = {row.hub: row.limits for row in session.execute(select(HubLimits)).scalars()}
    with Session(databases["referrals"]) as session:
        known = by_hub(session)
        recent = select(col(HubLimitsSaid.hub)).where(col(HubLimitsSaid.said) >= databases.before)
        unsettled = set(session.execute(recent).scalars())
    mend = f"`kersey republish referrals --to {DIRECTORY} --kind limits`"
    for hub in sorted(known.keys() - unsettled):
        if limits_in(copies.get(hub)) != known[hub]:
            yield Drift(f"{DIRECTORY}: a hub's limits are not referrals'", hub, mend)


def closed(databases: Databases) -> Iterator[Drift]:
    """When providers are closed."""
    with Session(databases["notifications"]) as session:
        copies = {row.party: row.closed for row in session.execute(select(ClosedParty)).scalars()}
    organization = table("organization").c
    with Session(databases["providers"]) as session:
        settled = select(organization.id).where(organization.last_modified < databases.before)
        keys = list(session.connection().execute(settled.order_by(organization.id)).scalars())
        known: Mapping[UUID, Any] = closing_days(session, keys)
    mend = f"`kersey republish providers --to {DIRECTORY} --kind organizations`"
    for key in keys:
        if read(known.get(key)) != read(copies.get(str(key))):
            yield Drift(f"{DIRECTORY}: closing days are not the directory's", str(key), mend)


def visits(databases: Databases) -> Iterator[Drift]:
    """When persons are expected first."""
    with Session(databases["notifications"]) as session:
        copies = {row.task: row.starts for row in session.execute(select(FirstMeeting)).scalars()}
    with Session(databases["referrals"]) as session:
        booked = select(FirstVisit).where(
            col(FirstVisit.status) == BOOKED, col(FirstVisit.changed) < databases.before
        )
        known = list(session.execute(booked.order_by(col(FirstVisit.task))).scalars())
    mend = f"`kersey republish referrals --to {CASES}`"
    for visit in known:
        if copies.get(UUID(visit.task)) != visit.starts:
            yield Drift(f"{CASES}: a first visit is not when referrals says", visit.task, mend)
