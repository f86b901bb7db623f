"""A message is sent by its practice's route, and where it stands is written down."""

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlmodel import select

from services.referrals.desk import Desk
from services.referrals.gp.failing import fail
from services.referrals.gp.occasions import mark
from services.referrals.gp.standing import Kind, Route, State, channel_of
from services.referrals.gp.writing import Written, write
from services.referrals.tables import Case, GpMessage
from shared.database import UnitOfWork
from shared.delivery import Delivery, Permanent, Receipt, Schedule, minutes

MESH = Schedule(delays=minutes(1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60))
"""About a day; then somebody prints it. A second copy after a cut-off carries the same ids, and the
practice's system knows it for one (ITK3 response 20007)."""
WORRY = Schedule(delays=minutes(0.1, 1, 2, 5, 10), longest=timedelta(minutes=10))
"""Of a worry, by whichever route: some 20 minutes, then somebody rings."""
HERE = Schedule(delays=minutes(0.1, 1, 5, 30, 60))
"""For what is only written here: the database may be away."""


_WORRIES = frozenset(channel_of(Kind.SAFETY, route) for route in Route)


def schedule(channel: str) -> Schedule:
    """When to try again, by the channel of a delivery (`standing.channel_of`)."""
    if channel in _WORRIES:
        return WORRY
    return MESH if channel == Route.MESH else HERE


class Mailbox(Protocol):
    """Takes a letter to the practice's record system."""

    def send(self, written: Written) -> str:
        """Hand a letter over; called with no transaction open.

        Returns:
            MESH's id of the message.

        Raises:
            Undelivered: one of its kinds.
        """
        ...


class Poster:
    """Sends what is due; the `send` and the callbacks of the delivery engine.

    Args:
        desk: what every use case works with.
        mesh: the MESH mailbox, if there is one.
    """

    def __init__(self, desk: Desk, mesh: Mailbox | None) -> None:
        self._desk = desk
        self._mesh = mesh

    def send(self, delivery: Delivery) -> Receipt:
        """Write the documents, and hand the letter over where the practice wants it so.

        Raises:
            Undelivered: one of its kinds.
        """
        written = write(self._desk, UUID(delivery.payload))
        match written.message.route:
            case Route.MESH:
                if self._mesh is None:
                    raise Permanent("no-mesh")
                return Receipt(self._mesh.send(written))
            case Route.PRINT:
                return Receipt("wanted-on-paper")
            case _:
                return Receipt("written")

    def lock_first(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Lock the case before the delivery, as whoever calls a message back does."""
        of_message = select(Case.id).join(GpMessage, GpMessage.case == Case.id)  # type: ignore[arg-type]
        of_message = of_message.where(GpMessage.id == UUID(delivery.payload))
        uow.session.exec(of_message.with_for_update(of=Case.__table__)).one_or_none()  # type: ignore[attr-defined]

    def delivered(self, uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> None:
        """It is there to be read, on its way, or to be printed."""
        message = self._waiting(uow, delivery)
        if message is None:
            return
        on_paper = message.route == Route.PRINT
        message.state = (State.TO_PRINT if on_paper else State.SENT).value
        message.reason = receipt.code if on_paper else None
        message.mesh_id = receipt.code if message.route == Route.MESH else None
        message.sent = message.changed = self._desk.clock()
        uow.session.add(message)
        uow.session.flush()
        mark(uow.session, message.case)

    def failed(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        """Somebody has to print it."""
        message = self._waiting(uow, delivery)
        if message is not None:
            fail(self._desk, uow, message, reason)

    @staticmethod
    def _waiting(uow: UnitOfWork, delivery: Delivery) -> GpMessage | None:
        """The message, unless it was called back or its answer was faster than our record."""
        message = uow.session.get(GpMessage, UUID(delivery.payload))
        return message if message is not None and message.state == State.WAITING else None
