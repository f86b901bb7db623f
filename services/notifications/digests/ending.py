"""However a digest ends, what it holds ends so too, each told as any delivery."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, func, null, select, update

from services.notifications.announcements import in_digests
from services.notifications.digests.gathering import GATHERED
from services.notifications.handlers.telling import Teller, locked
from services.notifications.tables import delivery
from shared.database import UnitOfWork
from shared.delivery import Delivery, InDoubt, Receipt, State, Undelivered

Rows = Sequence[Row[*tuple[Any, ...]]]


def held(digest: UUID) -> ColumnElement[bool]:
    """What a digest still holds: not what was superseded, nor what somebody sends by itself."""
    open_ones = delivery.c.state.in_([State.QUEUED.value, State.SENDING.value])
    return (delivery.c.digest == digest) & delivery.c.due.is_(null()) & open_ones


def lock_cases(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Lock the cases of some deliveries, in one order, before the deliveries themselves."""
    found = select(delivery.c.case).where(which).distinct()
    for each in sorted(uow.session.connection().execute(found).scalars()):
        locked(uow, each)


class Digests:
    """Ends what a digest holds, in the transaction that records how the digest fared.

    Args:
        teller: says of each how it ended.
    """

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    def lock_first(self, uow: UnitOfWork, digest: Delivery) -> None:
        """Lock the cases before the digest, as whoever gathers does."""
        lock_cases(uow, held(digest.id))

    def delivered(self, uow: UnitOfWork, digest: Delivery, _receipt: Receipt) -> None:
        """A channel took it, and with it all that it holds."""
        self.arrived(uow, digest.id)

    def arrived(self, uow: UnitOfWork, digest: UUID) -> None:
        """It is known to have arrived."""
        for row in _ended(uow, held(digest), State.DELIVERED, None):
            self._teller.arrived(uow, row.id, row.channel, row.payload)
        in_digests.ended(uow, digest, State.DELIVERED)

    def judged(self, uow: UnitOfWork, digest: Delivery, met: Undelivered) -> Undelivered:
        """An attempt did not deliver it: what it holds waits on, and may be superseded again.

        Not where somebody may have it already: that is not to be said of nothing that was sent.
        """
        if not (isinstance(met, InDoubt) or digest.doubtful):
            _put_back(uow, digest.id)
            in_digests.put_back(uow, digest.id)
        return met

    def failed(self, uow: UnitOfWork, digest: Delivery, reason: str) -> None:
        """It will not arrive: of each that it holds somebody is told."""
        unwanted = held(digest.id) & delivery.c.unwanted
        _ended(uow, unwanted, State.UNKNOWN, None)
        for row in _ended(uow, held(digest.id), State.FAILED, reason):
            self._teller.bounced(uow, row.id, row.channel, row.payload)
        in_digests.ended(uow, digest.id, State.FAILED, reason)

    def bounced(self, uow: UnitOfWork, digest: UUID, code: str) -> None:
        """A channel took it, and it came back."""
        came = (delivery.c.digest == digest) & (delivery.c.state == State.DELIVERED.value)
        lock_cases(uow, came)
        for row in _ended(uow, came, State.BOUNCED, code):
            self._teller.bounced(uow, row.id, row.channel, row.payload)
        in_digests.came_back(uow, digest, code)


def begin(uow: UnitOfWork, digest: UUID) -> Rows:
    """Take up what a digest holds, oldest first; the caller holds the cases and commits.

    What was no longer wanted while an attempt was under way is left out of the next.
    """
    _ended(uow, held(digest) & delivery.c.unwanted, State.UNKNOWN, None)
    taken = (
        update(delivery)
        .where(held(digest))
        .values(state=State.SENDING.value)
        .returning(delivery.c.payload, delivery.c.position)
    )
    rows = uow.session.connection().execute(taken).all()
    return sorted(rows, key=lambda each: each.position)


def _put_back(uow: UnitOfWork, digest: UUID) -> None:
    unwanted = delivery.c.unwanted
    put_back = (
        update(delivery)
        .where(held(digest), delivery.c.state == State.SENDING.value)
        .values(
            state=case((unwanted, State.SUPERSEDED.value), else_=State.QUEUED.value),
            ended=case((unwanted, func.now()), else_=null()),
            last_error=case((unwanted, delivery.c.last_error), else_=GATHERED),
        )
    )
    uow.session.connection().execute(put_back)


def _ended(uow: UnitOfWork, which: ColumnElement[bool], state: State, reason: str | None) -> Rows:
    """End some deliveries; without a reason one that was no longer wanted keeps the reason why."""
    kept = case((delivery.c.unwanted, delivery.c.last_error), else_=null())
    ended = (
        update(delivery)
        .where(which)
        .values(state=state.value, ended=func.now(), last_error=kept if reason is None else reason)
        .returning(delivery.c.id, delivery.c.channel, delivery.c.payload)
    )
    return uow.session.connection().execute(ended).all()
