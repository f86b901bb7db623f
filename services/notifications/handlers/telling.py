"""Saying what became of a delivery: events of a case, in order, and what locks that order."""

from collections.abc import Callable
from uuid import UUID

from services.notifications.notice import Notice
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt
from shared.delivery.ledger import Delivered
from shared.messaging.events import NotificationDelivered, NotificationFailed
from shared.messaging.outbox import Outbox

Missed = Callable[[UnitOfWork, UUID, Notice], None]

_RAISED = """
INSERT INTO case_order AS held ("case", version) VALUES (%(case)s::uuid, 1)
ON CONFLICT ("case") DO UPDATE SET version = held.version + 1
RETURNING version
"""


def locked(uow: UnitOfWork, case: UUID) -> int:
    """Lock a case until the transaction ends, and raise its version.

    Whoever decides from what a case has been told, or writes an event about it, does this first:
    otherwise a request and its cancellation, handled at once by two replicas, could miss each
    other.
    """
    raised = uow.session.connection().exec_driver_sql(_RAISED, {"case": case})
    return int(raised.scalar_one())


class Teller:
    """Emits how a delivery ended, in the transaction that records it.

    Args:
        outbox: takes the events.
        missed: has somebody do something about one that will not arrive.
    """

    def __init__(self, outbox: Outbox, missed: Missed | None = None) -> None:
        self._outbox = outbox
        self._missed = missed

    def delivered(self, uow: UnitOfWork, delivery: Delivery, _receipt: Receipt) -> None:
        """A channel took it."""
        self._tell(uow, NotificationDelivered, delivery.id, delivery.channel, delivery.payload)

    def and_then(self, also: Delivered) -> Delivered:
        """Say that a channel took it, and do something else in the same transaction.

        Args:
            also: what.
        """

        def both(uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> None:
            self.delivered(uow, delivery, receipt)
            also(uow, delivery, receipt)

        return both

    def failed(self, uow: UnitOfWork, delivery: Delivery, _reason: str) -> None:
        """It will not arrive: a person must act."""
        self.bounced(uow, delivery.id, delivery.channel, delivery.payload)

    def bounced(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """A channel took it, and it came back: a person must act, as with any that failed."""
        self._tell(uow, NotificationFailed, key, channel, payload)
        if self._missed is not None:
            self._missed(uow, key, Notice.model_validate_json(payload))

    def lock_first(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Lock the case before its delivery, as whoever acts on the case's events does."""
        locked(uow, Notice.model_validate_json(delivery.payload).case)

    def by_hand(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """A member of staff did it."""
        self._tell(uow, NotificationDelivered, key, channel, payload)

    def _tell(
        self,
        uow: UnitOfWork,
        what: type[NotificationDelivered | NotificationFailed],
        key: UUID,
        channel: str,
        payload: str,
    ) -> None:
        notice = Notice.model_validate_json(payload)
        event = what(
            case=notice.case, task=notice.task, delivery=key, channel=channel, kind=notice.kind
        )
        self._outbox.add(uow, event, version=locked(uow, notice.case))
