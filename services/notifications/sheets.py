"""Sheets for providers that are asked on paper: once a week they wait for somebody to print them.

Nothing is kept of it. What waited for a provider when the hour of its hub's day struck makes its
sheet due until somebody says that it was brought; a provider for which nothing waits has none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlmodel import col

from services.notifications.channels.paper import PAPER
from services.notifications.hours import SheetDays
from services.notifications.tables import ListingSeen, PartyHub, delivery
from shared.database import UnitOfWork
from shared.delivery import State


def due(
    uow: UnitOfWork, seen: ColumnElement[bool], days: SheetDays, *, at: datetime | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The providers whose sheet waits to be printed, whoever waits longest first.

    Args:
        uow: the transaction.
        seen: which deliveries the reader may see (`hubs.seen_by`).
        days: when sheets are printed.
        at: now.

    Returns:
        Each provider's `party`, `hub` and `party_name`, how many requests wait (`waiting`), and
        `since` when.
    """
    now = at or datetime.now(UTC)
    since = func.min(delivery.c.created)
    named = func.concat("provider/", delivery.c.party)
    waiting = (
        select(
            delivery.c.party,
            col(PartyHub.hub).label("hub"),
            func.max(col(ListingSeen.name)).label("party_name"),
            func.count().label("waiting"),
            since.label("since"),
        )
        .outerjoin(PartyHub, col(PartyHub.party) == delivery.c.party)
        .outerjoin(ListingSeen, col(ListingSeen.subject) == named)
        .where(
            seen,
            delivery.c.state == State.QUEUED.value,
            delivery.c.channel == PAPER.means,
        )
        .group_by(delivery.c.party, col(PartyHub.hub))
        .order_by(since)
    )
    found = uow.session.connection().execute(waiting).all()
    return [each for each in found if each.since < days.last(each.hub, now)]
