"""When a person is expected first: the copy of what referrals says, and what follows for them.

Referrals keeps first visits, as Appointments; here they are told and reminded of.
"""

from datetime import UTC, datetime, time

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.handlers.cases import stopped
from services.notifications.handlers.erasing import is_erased
from services.notifications.handlers.telling import locked
from services.notifications.hours import Hours
from services.notifications.person.notice import PersonNotice
from services.notifications.person.rules import Kind, reminder
from services.notifications.person.telling import add, end
from services.notifications.tables import FirstMeeting, person_delivery
from shared.database import UnitOfWork
from shared.messaging.events import Envelope, ReferralVisitCalledOff, ReferralVisitSet
from shared.worker import Wake

TYPES = frozenset({ReferralVisitSet.type, ReferralVisitCalledOff.type})
SAID_ANEW = "another-time"
CALLED_OFF = "called-off"
"""Why an earlier message about the visit is not sent any more."""


class VisitEvents:
    """Acts on first visits, within the transaction that consumes their events.

    Args:
        wake: of the worker that writes to persons.
        hours: in which people are written to.
    """

    def __init__(self, wake: Wake, hours: Hours) -> None:
        self._wake = wake
        self._hours = hours

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Keep when the first visit is, and have the person told. A replay tells nobody."""
        event = envelope.data
        if isinstance(event, ReferralVisitCalledOff):
            self._call_off(uow, envelope, event)
        if not isinstance(event, ReferralVisitSet):
            return
        locked(uow, event.case)
        if is_erased(uow, event.case) or not _is_news(uow, envelope, event) or envelope.replay:
            return
        now = datetime.now(UTC)
        if stopped(uow, event.case, event.task) or event.starts <= now:
            return
        about = person_delivery.c.task == event.task
        end(uow, about, frozenset([Kind.MEETING, Kind.REMINDER]), SAID_ANEW)
        notice = PersonNotice(
            kind=Kind.MEETING,
            event=envelope.id,
            time=envelope.time,
            case=event.case,
            task=event.task,
            starts=event.starts,
        )
        add(uow, notice, due=self._hours.next(now))
        reminded = reminder(event.starts, self._hours)
        if reminded > now:
            add(uow, notice.model_copy(update={"kind": Kind.REMINDER}), due=reminded)
        uow.on_commit(self._wake.set)

    def _call_off(self, uow: UnitOfWork, envelope: Envelope, event: ReferralVisitCalledOff) -> None:
        """Remind nobody of a first visit that was called off; its time is kept, and passed over."""
        locked(uow, event.case)
        noon = datetime.combine(event.day, time(12), self._hours.zone)
        # Where the visit was not heard of yet, what was said of it before is over, too.
        expected = uow.session.get(FirstMeeting, event.task) or FirstMeeting(
            task=event.task, case=event.case, starts=noon
        )
        if is_erased(uow, event.case) or expected.sequence >= str(envelope.sequence):
            return
        if expected.starts.astimezone(self._hours.zone).date() != event.day:
            return
        expected.called_off, expected.sequence = True, str(envelope.sequence)
        uow.session.add(expected)
        about = person_delivery.c.task == event.task
        end(uow, about, frozenset([Kind.MEETING, Kind.REMINDER]), CALLED_OFF)


def _is_news(uow: UnitOfWork, envelope: Envelope, event: ReferralVisitSet) -> bool:
    """Keep it if it is later than what was kept; whether it says another time."""
    known = uow.session.scalars(
        select(col(FirstMeeting.starts)).where(
            col(FirstMeeting.task) == event.task, ~col(FirstMeeting.called_off)
        )
    ).first()
    said = {
        "starts": event.starts,
        "changed": envelope.time,
        "sequence": str(envelope.sequence),
        "called_off": False,
    }
    row = insert(FirstMeeting).values({"task": event.task, "case": event.case, **said})
    before = col(FirstMeeting.sequence)
    newer = before <= said["sequence"] if envelope.replay else before < said["sequence"]
    kept = row.on_conflict_do_update(index_elements=["task"], set_=said, where=newer).returning(
        col(FirstMeeting.task)
    )
    return uow.session.execute(kept).first() is not None and known != event.starts
