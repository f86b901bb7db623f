"""What a team has to do, colleague by colleague, and what its people were told of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.referrals.caring_scale import LEVELS
from services.referrals.resources import instant
from services.referrals.tables import LinkWorkerService, ListedService, Signpost, Worklist
from services.referrals.views import View, is_due, mine
from shared.auth import Principal


def team_load(session: Session, principal: Principal, now: datetime) -> list[View]:
    """How many open cases each colleague of the caller's team or hub has; the last row, of nobody.

    Whoever has most comes first.
    """
    count = func.count()
    rows = session.execute(
        select(
            col(Worklist.allocated_to),
            count,
            count.filter(col(Worklist.urgent)),
            count.filter(is_due(now)),
            func.min(col(Worklist.since)),
            *(count.filter(col(Worklist.complexity) == level) for level in LEVELS),
        )
        .where(mine(principal), col(Worklist.open), ~col(Worklist.unrouted))
        .group_by(col(Worklist.allocated_to))
        .order_by(col(Worklist.allocated_to).is_(None), count.desc(), col(Worklist.allocated_to))
    )
    return [
        {
            "account": account,
            "open": cases,
            "urgent": urgent,
            "due": due,
            "longest": instant(since),
            "complexity": dict(zip(LEVELS, levels, strict=True)),
        }
        for account, cases, urgent, due, since, *levels in rows
    ]


def teams_but(session: Session, team: UUID | None) -> list[View]:
    """The link-worker services by hub and name, but for one."""
    in_order = select(LinkWorkerService).order_by(
        col(LinkWorkerService.hub), col(LinkWorkerService.name)
    )
    if team is not None:
        in_order = in_order.where(col(LinkWorkerService.organisation) != team)
    return [
        {"team": str(each.organisation), "name": each.name, "hub": each.hub}
        for each in session.scalars(in_order)
    ]


def signposted(session: Session, principal: Principal, since: datetime) -> list[View]:
    """How often people of the caller's team or hub were told of which service since an instant."""
    rows = session.execute(
        select(col(Signpost.service), col(ListedService.name), func.count())
        .join(Worklist, col(Worklist.case) == col(Signpost.case))
        .outerjoin(ListedService, col(ListedService.id) == col(Signpost.service))
        .where(mine(principal), col(Signpost.made) >= since)
        .group_by(col(Signpost.service), col(ListedService.name))
        .order_by(func.count().desc(), col(ListedService.name), col(Signpost.service))
    )
    return [{"service": str(key), "name": name, "times": times} for key, name, times in rows]
