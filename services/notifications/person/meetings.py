"""When a person is expected for the first time: said by the provider or the team, told to them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, select
from sqlmodel import col

from services.notifications.handlers.cases import stopped
from services.notifications.handlers.telling import locked
from services.notifications.person.notice import PersonNotice
from services.notifications.person.rules import Hours, Kind
from services.notifications.person.telling import add, end
from services.notifications.tables import FirstMeeting, delivery, person_delivery
from shared.database import UnitOfWork
from shared.worker import Wake

SAID_ANEW = "another-time"
"""Why an earlier message about the visit is not sent any more."""
SOONEST = timedelta(minutes=15)
LATEST = timedelta(days=366)


class NoSuchTask(Exception):
    """Nobody was asked by such a Task, as far as is known here."""


class NotNow(Exception):
    """The place is not agreed, or has ended."""


class OddTime(Exception):
    """The time has passed, or is further away than anybody plans."""


class Meetings:
    """Keeps first meetings, and has their persons told and reminded.

    Args:
        engine: the service's database.
        hours: in which people are written to.
        wake: of the worker that sends.
    """

    def __init__(self, engine: Engine, hours: Hours, wake: Wake) -> None:
        self._engine = engine
        self._hours = hours
        self._wake = wake

    def agree(self, task: UUID, starts: datetime, *, by: str) -> None:
        """Keep when the first visit is, and have the person told; committed.

        The same time again changes nothing. Another time takes the place of the one before, and of
        the messages about it that have not gone out.

        Args:
            task: the Task of the place.
            starts: when.
            by: who says so.

        Raises:
            NoSuchTask: nobody was asked by such a Task.
            NotNow: the place is not agreed, or has ended.
            OddTime: the time has passed, or is further away than a year.
        """
        now = datetime.now(UTC)
        if not now + SOONEST <= starts <= now + LATEST:
            raise OddTime
        with UnitOfWork(self._engine) as uow:
            case = case_of(uow, task)
            if case is None:
                raise NoSuchTask
            locked(uow, case)
            if not _agreed(uow, task) or stopped(uow, case, task):
                raise NotNow
            known = uow.session.get(FirstMeeting, task)
            if known is not None and known.starts == starts:
                return
            meeting = known or FirstMeeting(task=task, case=case, starts=starts, set_by=by)
            meeting.starts, meeting.set_by, meeting.changed = starts, by[:100], now
            uow.session.add(meeting)
            uow.session.flush()
            self._tell(uow, meeting, now)
            uow.on_commit(self._wake.set)
            uow.commit()

    def of(self, tasks: list[UUID]) -> dict[UUID, datetime]:
        """The first meetings of some Tasks that have one."""
        found = select(FirstMeeting).where(col(FirstMeeting.task).in_(tasks))
        with UnitOfWork(self._engine) as uow:
            return {each.task: each.starts for each in uow.session.scalars(found)}

    def _tell(self, uow: UnitOfWork, meeting: FirstMeeting, now: datetime) -> None:
        about = person_delivery.c.task == meeting.task
        end(uow, about, frozenset([Kind.MEETING, Kind.REMINDER]), SAID_ANEW)
        notice = PersonNotice(
            kind=Kind.MEETING,
            event=uuid4(),
            time=now,
            case=meeting.case,
            task=meeting.task,
            starts=meeting.starts,
        )
        add(uow, notice, due=self._hours.next(now))
        reminder = self._hours.reminder(meeting.starts)
        if reminder > now:
            add(uow, notice.model_copy(update={"kind": Kind.REMINDER}), due=reminder)


def case_of(uow: UnitOfWork, task: UUID) -> UUID | None:
    """The case of a Task by which somebody was asked."""
    asked = select(delivery.c.case).where(delivery.c.task == task)
    told = select(person_delivery.c.case).where(person_delivery.c.task == task)
    found = uow.session.connection().execute(asked.union(told).limit(1)).first()
    return found.case if found else None


def _agreed(uow: UnitOfWork, task: UUID) -> bool:
    """Whether there is a place: then its person was told of it, or was to be."""
    told = select(person_delivery.c.id).where(
        person_delivery.c.task == task, person_delivery.c.kind == Kind.AGREED.value
    )
    return uow.session.connection().execute(told.limit(1)).first() is not None
