"""From an event of a case to messages for its person, within the transaction that consumes it."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col

from services.notifications.handlers.cases import stopped
from services.notifications.handlers.erasing import is_erased
from services.notifications.handlers.telling import locked
from services.notifications.hours import Hours
from services.notifications.person.notice import PersonNotice
from services.notifications.person.rules import CHANNEL, EFFECTS, Kind
from services.notifications.tables import (
    FirstMeeting,
    PersonLink,
    person_deliveries,
    person_delivery,
)
from shared.database import UnitOfWork
from shared.messaging.events import CaseEvent, Envelope
from shared.worker import Wake

TYPES = frozenset(event.type for event in EFFECTS)


class PersonEvents:
    """Acts on the events of cases as far as messages to their persons are concerned.

    Args:
        wake: of the worker that sends them.
        hours: in which people are written to.
    """

    def __init__(self, wake: Wake, hours: Hours) -> None:
        self._wake = wake
        self._hours = hours

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Apply what follows from the event's type. A replay tells nobody anything."""
        event = envelope.data
        if envelope.replay or not isinstance(event, CaseEvent):
            return
        effect = EFFECTS.get(type(event))
        if effect is None:
            return
        locked(uow, event.case)
        if is_erased(uow, event.case):
            return
        task = getattr(event, "task", None)
        if effect.ends:
            about = person_delivery.c.task == task if task else person_delivery.c.case == event.case
            end(uow, about, effect.ends, effect.ended)
        if effect.closes:
            _close(uow, event.case, task, effect.ended)
        if effect.tell and task and not stopped(uow, event.case, task):
            meeting = uow.session.get(FirstMeeting, task)
            notice = PersonNotice(
                kind=effect.tell,
                event=envelope.id,
                time=envelope.time,
                case=event.case,
                task=task,
                starts=meeting.starts if meeting and not meeting.called_off else None,
            )
            add(uow, notice, due=self._hours.next(datetime.now(UTC)))
        uow.on_commit(self._wake.set)


def add(uow: UnitOfWork, notice: PersonNotice, *, due: datetime) -> None:
    """Add a message, once however often its cause comes.

    Args:
        uow: the transaction; the caller commits.
        notice: what it says.
        due: not before.
    """
    person_deliveries.add(
        uow.session,
        key=uuid5(notice.event, f"{notice.kind}/{notice.task}"),
        order_key=str(notice.task),
        channel=CHANNEL,
        address="",
        payload=notice.model_dump_json(exclude_none=True),
        due=due,
        extra={
            "event": notice.event,
            "kind": notice.kind.value,
            "case": notice.case,
            "task": notice.task,
        },
    )


def end(uow: UnitOfWork, about: ColumnElement[bool], kinds: frozenset[Kind], reason: str) -> None:
    """Stop messages that are not sent yet; see `DeliveryTables.supersede`."""
    which = about & person_delivery.c.kind.in_([kind.value for kind in kinds])
    person_deliveries.supersede(uow.session, which, reason)


def _close(uow: UnitOfWork, case: UUID, task: UUID | None, reason: str) -> None:
    which = col(PersonLink.task) == task if task else col(PersonLink.case) == case
    uow.session.execute(
        update(PersonLink)
        .where(which, col(PersonLink.revoked).is_(None))
        .values(revoked=func.now(), revoked_for=reason)
    )
