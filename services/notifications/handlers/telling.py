"""Saying what became of a delivery: events of a case, in order, and what locks that order."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from services.notifications.notice import Notice, notice_of
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt
from shared.delivery.ledger import Delivered
from shared.messaging.events import NotificationDelivered, NotificationFailed
from shared.messaging.outbox import Outbox

Missed = Callable[[UnitOfWork, UUID, Notice], None]


class OfCase(Protocol):
    """What a message about a case says of itself, whoever it is for."""

    @property
    def case(self) -> UUID: ...
    @property
    def task(self) -> UUID | None: ...
    @property
    def kind(self) -> str: ...


_RAISED = """
INSERT INTO case_order AS held ("case", version)
SELECT each, 1 FROM unnest(%(cases)s::uuid[]) AS each ORDER BY each
ON CONFLICT ("case") DO UPDATE SET version = held.version + 1
RETURNING "case", version
"""


def locked(uow: UnitOfWork, case: UUID) -> int:
    """Lock a case until the transaction ends, and raise its version.

    Whoever decides from what a case has been told, or writes an event about it, does this first:
    otherwise a request and its cancellation, handled at once by two replicas, could miss each
    other.
    """
    return locked_all(uow, [case])[case]


def locked_all(uow: UnitOfWork, cases: Collection[UUID]) -> Mapping[UUID, int]:
    """Lock several cases, in one order for everybody, and raise the version of each."""
    raised = uow.session.connection().exec_driver_sql(_RAISED, {"cases": sorted(set(cases))})
    return {row.case: row.version for row in raised}


@dataclass(frozen=True, slots=True)
class _Held:
    """Cases that a transaction has locked, and the versions of which nothing was said yet."""

    versions: Mapping[UUID, int]


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
        self.all_delivered(uow, [delivery])

    def all_delivered(self, uow: UnitOfWork, sent: Sequence[Delivery]) -> None:
        """A channel took each of them."""
        notices = [(each, notice_of(each.payload)) for each in sent]
        held = uow.known.pop(_Held, None)
        versions = held.versions if held else locked_all(uow, [each.case for _, each in notices])
        told = Counter[UUID]()
        rows = []
        for each, notice in notices:
            event = NotificationDelivered(**_fields(notice, each.id, each.channel))
            n = told[notice.case]
            told[notice.case] += 1
            rows.append(self._outbox.row(event, version=versions[notice.case], n=n))
        self._outbox.add_rows(uow, rows)

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
        notice = notice_of(payload)
        say(uow, self._outbox, NotificationFailed, notice, key, channel)
        if self._missed is not None:
            self._missed(uow, key, notice)

    def lock_first(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Lock the case before its delivery, as whoever acts on the case's events does."""
        self.lock_all_first(uow, [delivery])

    def lock_all_first(self, uow: UnitOfWork, sent: Sequence[Delivery]) -> None:
        """Lock the cases of several deliveries."""
        versions = locked_all(uow, [notice_of(each.payload).case for each in sent])
        uow.known[_Held] = _Held(versions)

    def arrived(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """It is known to have arrived: by a receipt, in a digest, or because staff did it."""
        say(uow, self._outbox, NotificationDelivered, notice_of(payload), key, channel)


def say(
    uow: UnitOfWork,
    outbox: Outbox,
    what: type[NotificationDelivered | NotificationFailed],
    notice: OfCase,
    key: UUID,
    channel: str,
) -> None:
    """Say how a delivery about a case ended, to a provider, a team or the person; the caller
    commits.

    Args:
        uow: the transaction that records it.
        outbox: takes the event.
        what: how it ended.
        notice: what it was about.
        key: the delivery's id.
        channel: by which it went.
    """
    event = what(**_fields(notice, key, channel))
    outbox.add(uow, event, version=locked(uow, notice.case))


def _fields(of: OfCase, key: UUID, channel: str) -> dict[str, Any]:
    told = {"case": of.case, "task": of.task, "kind": of.kind}
    return told | {"delivery": key, "channel": channel}
