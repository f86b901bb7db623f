"""A message did not reach its practice: the case, the worklist and an event to the team say so."""

import re
from uuid import UUID

from services.referrals.desk import Desk
from services.referrals.gp.occasions import DIED, mark
from services.referrals.gp.standing import State
from services.referrals.tables import Case, GpMessage, Person
from shared.database import UnitOfWork
from shared.messaging.events import GpMessageFailed

_NO_CODE = re.compile("[^a-z0-9-]+")


def fail(desk: Desk, uow: UnitOfWork, message: GpMessage, reason: str) -> None:
    """Write the failure down and have the team told of it; the caller commits.

    Of somebody who died nobody is asked to ring or print anything: then the message just ends
    (care 13), whatever became of it.

    Args:
        desk: what every use case works with.
        uow: the transaction, in which the message's case is locked.
        message: the message.
        reason: why, as a code.
    """
    session = uow.session
    case = session.get_one(Case, message.case)
    person = session.get(Person, case.person) if case.person else None
    message.changed = desk.clock()
    session.add(message)
    if person is not None and person.died:
        message.state, message.reason = State.STOPPED.value, DIED
        session.flush()
        mark(session, case.id)
        return
    message.state, message.reason = State.FAILED.value, _NO_CODE.sub("-", reason.lower())
    case.version += 1  # an event has a place in the order of its case
    session.add(case)
    session.flush()
    mark(session, case.id)
    event = GpMessageFailed(
        case=case.id,
        team=case.team,
        priority=case.priority,
        message=UUID(str(message.id)),
        reason=message.reason,
    )
    desk.outbox.add(uow, event, version=case.version)
