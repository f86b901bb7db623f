"""Limits and closing days that changed: kept, and what was put by is due anew (`escalation`)."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.domain import Kind
from services.notifications.escalation import STEPS, pace_of
from services.notifications.notice import Notice
from services.notifications.tables import CaseOrder, ClosedParty, Contact, HubLimits, delivery
from services.notifications.wishes.keeping import not_before
from shared.closing_days import closed_days
from shared.database import UnitOfWork
from shared.delivery import State
from shared.messaging.events import Envelope, HubLimitsChanged, ProviderEvent
from shared.worker import Wake

TYPES = frozenset({HubLimitsChanged.type})
"""What is heard of beside the directory."""


class Pacing:
    """Acts on such changes, within the transaction that consumes them.

    What is told again is kept like the first time: it is no message to anybody, and what follows
    from it is the same however often it comes.

    Args:
        zone: of the place.
        wake: of the delivery worker.
    """

    def __init__(self, zone: ZoneInfo, wake: Wake) -> None:
        self._zone = zone
        self._wake = wake

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Keep what an event says, unless something newer is known."""
        event = envelope.data
        if isinstance(event, HubLimitsChanged):
            limits = {"routine": event.routine, "urgent": event.urgent}
            if _is_newer(uow, HubLimits, {"hub": event.hub}, {"limits": limits}, envelope):
                self._anew(uow, col(CaseOrder.hub) == event.hub)
        elif isinstance(event, ProviderEvent):
            party = str(event.provider)
            days = [each.model_dump(mode="json") for each in closed_days(event.listing).closings]
            known = select(col(ClosedParty.closed)).where(col(ClosedParty.party) == party)
            was = uow.session.scalars(known).first()
            if not days and was is None:
                return  # as nearly all
            newer = _is_newer(uow, ClosedParty, {"party": party}, {"closed": days}, envelope)
            if newer and days != (was or []):
                asked = select(delivery.c.task).where(
                    delivery.c.party == party, delivery.c.kind == Kind.REQUEST.value
                )
                self._anew(uow, delivery.c.task.in_(asked))

    def _anew(self, uow: UnitOfWork, which: ColumnElement[bool]) -> None:
        """Let what was put by be due as it would be now.

        What somebody works on at this moment is due already, or has ended: it is passed over, and
        nobody waits for anybody.
        """
        connection = uow.session.connection()
        waiting = (
            select(delivery.c.id, delivery.c.payload, delivery.c.contact)
            .join(CaseOrder, col(CaseOrder.case) == delivery.c.case)
            .where(
                delivery.c.state == State.QUEUED.value,
                delivery.c.kind.in_([kind.value for kind in STEPS]),
                which,
            )
            .order_by(delivery.c.id)
            .with_for_update(of=delivery, skip_locked=True)
        )
        moved: list[dict[str, Any]] = []
        for row in connection.execute(waiting).all():
            notice = Notice.model_validate_json(row.payload)
            if notice.since is None:
                continue  # put by before it was noted when the request arrived
            pace = pace_of(uow, self._zone, notice.case, notice.provider)
            due = max(pace.due(notice.kind, notice.priority, notice.since), datetime.now(UTC))
            contact = uow.session.get(Contact, row.contact) if row.contact else None
            if contact is not None:
                due = not_before(uow, contact, notice.kind, due) or due
            moved.append({"key": row.id, "to": due})
        if moved:
            at = update(delivery).where(delivery.c.id == bindparam("key"))
            connection.execute(at.values(due=bindparam("to")), moved)
            uow.on_commit(self._wake.set)


def _is_newer(
    uow: UnitOfWork, table: Any, key: dict[str, Any], said: dict[str, Any], envelope: Envelope
) -> bool:
    """Keep it if it is later than what was kept, or that told again; whether it was."""
    sequence, known = str(envelope.sequence), col(table.sequence)
    row = insert(table).values(key | said | {"sequence": sequence})
    kept = row.on_conflict_do_update(
        index_elements=list(key),
        set_=said | {"sequence": sequence},
        where=known <= sequence if envelope.replay else known < sequence,
    ).returning(col(table.sequence))
    return uow.session.execute(kept).first() is not None
