"""When a provider does not answer: a nudge, a second one, then its hub is asked to ring (care 4).

The clock starts when the request was delivered, not when it was made, and stands still at weekends
and on bank holidays. It ends with whatever ends the request. After that referrals closes it.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlmodel import col, select

from services.notifications.channels.declaring import Format
from services.notifications.channels.registry import BY_MEANS
from services.notifications.domain import OWN, Kind
from services.notifications.escalation import URGENT, Limits
from services.notifications.handlers.cases import add, answered, contacts_for, stopped
from services.notifications.notice import Notice
from services.notifications.tables import CaseOrder, Contact, PartyHub
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt
from shared.working_days import WorkingDays


class Escalating:
    """Puts by what follows if a request is not answered, when it is delivered.

    Args:
        working: the working days of the place.
        routine: the limits.
        urgent: those of referrals that cannot wait so long.
    """

    def __init__(self, working: WorkingDays, *, routine: Limits, urgent: Limits) -> None:
        self._working = working
        self._routine = routine
        self._urgent = urgent

    def delivered(self, uow: UnitOfWork, sent: Delivery, _receipt: Receipt) -> None:
        """A message arrived; of a request the clock starts. The caller holds the case."""
        notice = Notice.model_validate_json(sent.payload)
        if notice.kind is not Kind.REQUEST or answered(uow, notice.task):
            return
        if stopped(uow, notice.case, notice.task):
            return
        limits = self._urgent if notice.priority in URGENT else self._routine
        contact = uow.session.get(Contact, notice.contact)
        declared = BY_MEANS.get(contact.means) if contact else None
        if contact is not None and declared is not None and declared.format is Format.WORDS:
            for kind, days in ((Kind.NUDGE, limits.nudge), (Kind.SECOND_NUDGE, limits.second)):
                self._later(uow, uuid5(sent.id, kind), notice, kind, contact, days)
        for each in contacts_for(uow, OWN[Kind.HELP_CALL], _hub(uow, notice), None):
            key = uuid5(notice.event, f"{Kind.HELP_CALL}/{notice.task}/{each.id}")
            self._later(uow, key, notice, Kind.HELP_CALL, each, limits.help)

    def _later(
        self, uow: UnitOfWork, key: UUID, asked: Notice, kind: Kind, contact: Contact, days: int
    ) -> None:
        notice = asked.model_copy(update={"kind": kind, "contact": contact.id})
        due = self._working.after(datetime.now(UTC), days)
        # In an order of its own: what is told meanwhile must not wait for it.
        add(uow, key, notice, contact, order_key=str(key), due=due)


def _hub(uow: UnitOfWork, notice: Notice) -> str:
    """The hub of the provider, else that of the case."""
    of_provider = select(col(PartyHub.hub)).where(col(PartyHub.party) == str(notice.provider))
    of_case = select(col(CaseOrder.hub)).where(col(CaseOrder.case) == notice.case)
    found = uow.session.scalars(of_provider).first() or uow.session.scalars(of_case).first()
    return found or ""
