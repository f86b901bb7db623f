"""What comes back from practices: acknowledgements and reports move what they are about."""

import threading
from datetime import timedelta
from uuid import UUID

import structlog
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.gp.failing import fail
from services.referrals.gp.mesh.itk3 import DUPLICATES, Response, read_response
from services.referrals.gp.mesh.mailbox import MeshMailbox, Received
from services.referrals.gp.occasions import locked, mark
from services.referrals.gp.standing import Kind, Route, State
from services.referrals.gp.worries import CONFIRMED_WITHIN
from services.referrals.tables import GpMessage
from shared.database import Lease
from shared.delivery import Permanent, Undelivered

log = structlog.get_logger(__name__)

UNACKNOWLEDGED = "no-acknowledgement"
_ON_ITS_WAY = frozenset({State.WAITING, State.SENT, State.RECEIVED})


class MeshInbox:
    """Empties the inbox again and again; one replica at a time.

    Args:
        desk: what every use case works with.
        mailbox: the MESH mailbox.
    """

    name = "referrals.mesh"

    def __init__(self, desk: Desk, mailbox: MeshMailbox) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._lease = Lease(desk.engine, self.name)
        self._others: set[str] = set()
        """What lies there for other systems: it is not fetched again and again."""

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop; another replica leads from then on."""
        try:
            while not stop.is_set():
                if self._lease.leads() is not None:
                    self.look()
                stop.wait(self._mailbox.settings.poll_seconds)
        finally:
            self._lease.release()

    def look(self) -> int:
        """Deal with what lies there, and with what should lie there and does not.

        Returns:
            How many things were dealt with.
        """
        dealt = 0
        try:
            lying = self._mailbox.inbox()
            self._others.intersection_update(lying)
            for key in lying:
                dealt += key not in self._others and self._deal(key)
        except Undelivered as error:
            log.warning("mesh.unreachable", reason=error.reason)
        self.miss()
        return dealt

    def _deal(self, key: str) -> bool:
        """Whether one thing was ours, and is dealt with.

        What cannot be had or read must not keep an acknowledgement waiting that lies behind it.

        Raises:
            Undelivered: MESH cannot be asked now.
        """
        try:
            received = self._mailbox.retrieve(key)
            taken = self._take(received)
            if taken:
                self._mailbox.acknowledge(key)
        except Permanent as error:
            log.warning("mesh.passed_over", message=key, reason=error.reason)
            return False
        return taken

    def miss(self) -> int:
        """Have somebody look after messages that no practice acknowledged (Send Document,
        GPCM-SD-035), after some days or, of a worry, within the hour; how many."""
        days = timedelta(days=self._mailbox.settings.acknowledgement_days)
        now = self._desk.clock()
        is_worry = col(GpMessage.kind) == Kind.SAFETY.value
        with self._desk.work() as uow:
            overdue = uow.session.exec(
                select(GpMessage.id, GpMessage.case).where(
                    GpMessage.route == Route.MESH.value,
                    col(GpMessage.state).in_([State.SENT.value, State.RECEIVED.value]),
                    (col(GpMessage.sent) < now - days)
                    | (is_worry & (col(GpMessage.sent) < now - CONFIRMED_WITHIN)),
                )
            ).all()
        for key, case in overdue:
            with self._desk.work() as uow:
                message = locked(uow.session, case, key)
                if message.state in {State.SENT, State.RECEIVED}:
                    fail(self._desk, uow, message, UNACKNOWLEDGED)
                    uow.commit()
        return len(overdue)

    def _take(self, received: Received) -> bool:
        """Whether it was ours, and is dealt with; another system's is left where it lies."""
        if received.report is not None:
            return self._take_report(received)
        if received.workflow != f"{self._mailbox.settings.workflow}_ACK":
            self._others.add(received.id)
            return False
        try:
            response = read_response(received.data)
        except ValueError:
            log.warning("mesh.unreadable", message=received.id)
            return True
        key = self._message_of(response)
        if key is None:
            log.warning("mesh.unknown", message=received.id, code=response.code)
        else:
            self._move(key, response)
        return True

    def _take_report(self, received: Received) -> bool:
        with self._desk.work() as uow:
            linked = select(GpMessage.id).where(GpMessage.mesh_id == received.linked)
            key = uow.session.exec(linked).first() if received.linked else None
        if key is None:
            return False
        self._move(key, None, str(received.report))
        return True

    def _message_of(self, response: Response) -> UUID | None:
        with self._desk.work() as uow:
            which = (col(GpMessage.id) == response.reference) | (
                col(GpMessage.itk_id) == response.identifier
            )
            return uow.session.exec(select(GpMessage.id).where(which)).first()

    def _move(self, key: UUID, response: Response | None, reason: str = "") -> None:
        """What an answer, or a report, means for a message; what a person settled stays settled."""
        with self._desk.work() as uow:
            case = uow.session.exec(select(GpMessage.case).where(GpMessage.id == key)).one()
            message = locked(uow.session, case, key)
            waited_for = message.state == State.FAILED and message.reason == UNACKNOWLEDGED
            if message.state not in _ON_ITS_WAY and not waited_for:
                return
            if response is None:
                if not waited_for:
                    fail(self._desk, uow, message, reason)
            elif response.ok:
                message.state = (State.ACCEPTED if response.is_business else State.RECEIVED).value
                message.reason, message.changed = None, self._desk.clock()
                uow.session.add(message)
                uow.session.flush()
                mark(uow.session, case)
            elif response.code not in DUPLICATES:
                fail(self._desk, uow, message, f"itk-{response.code}")
            uow.commit()
