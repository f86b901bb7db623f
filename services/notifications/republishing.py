"""How the messages ended that ask somebody, told again: for whoever shows it beside a case."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from services.notifications.domain import ASKS
from services.notifications.handlers.telling import locked
from services.notifications.tables import CaseOrder, delivery
from shared.database import UnitOfWork
from shared.delivery import State
from shared.messaging.events import NotificationDelivered, NotificationFailed
from shared.messaging.events import Sequence as Place
from shared.messaging.republishing import OwnState, Told

ENDINGS = {
    State.DELIVERED.value: NotificationDelivered,
    State.FAILED.value: NotificationFailed,
    State.BOUNCED.value: NotificationFailed,
}
"""The ends of a delivery that others hear of."""

LAST = (
    select(delivery)
    .where(delivery.c.state.in_(ENDINGS), delivery.c.kind.in_(ASKS))
    .ext(distinct_on(delivery.c.case, delivery.c.task))
    .order_by(delivery.c.case, delivery.c.task, delivery.c.ended.desc(), delivery.c.position.desc())
)
"""Of each request the message that ended last of those by which somebody was asked."""


def _keys(uow: UnitOfWork) -> Sequence[UUID]:
    ended = select(delivery.c.case).where(delivery.c.state.in_(ENDINGS), delivery.c.kind.in_(ASKS))
    return uow.session.scalars(ended.distinct().order_by(delivery.c.case)).all()


def _raise_versions(uow: UnitOfWork, keys: Sequence[UUID], number: int) -> None:
    for case in keys:
        locked(uow, case)
    raised = update(CaseOrder).where(col(CaseOrder.case).in_(keys))
    uow.session.connection().execute(raised.values(version=col(CaseOrder.version) + number))


def _deliveries(uow: UnitOfWork, keys: Sequence[UUID]) -> Iterator[Told]:
    versions = {case: locked(uow, case) for case in keys}
    last = LAST.where(delivery.c.case.in_(keys))
    for n, row in enumerate(uow.session.connection().execute(last).all()):
        event = ENDINGS[row.state](
            case=row.case, task=row.task, delivery=row.id, channel=row.channel, kind=row.kind
        )
        yield event, Place(versions[row.case], n)


STATE = (
    OwnState(
        kind="deliveries",
        types=frozenset(event.type for event in ENDINGS.values()),
        keys=_keys,
        told=_deliveries,
        raise_versions=_raise_versions,
    ),
)
"""What notifications can tell again."""
