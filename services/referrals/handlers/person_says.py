"""What a person says by the link in a message to them: not coming, call me, do not share (care 16).

Each is told to the team that cares, who has the last word with the person. What can be done at
once is done at once: a place is given back, a visit called off, and nothing more is shared.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from services.referrals.casefile import CaseFile, refuse_unless, working_on
from services.referrals.delay_views import To, delay_view
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.handlers.calling_off import PERSON, note_called_off
from services.referrals.handlers.onward import cancel
from services.referrals.handlers.sharing import end_agreement
from services.referrals.person_views import Hears, person_hears, person_message_view
from services.referrals.tables import CaseTask
from services.referrals.views import View
from shared.auth import Principal
from shared.messaging.events import PersonSaid
from shared.repeating import repeating

Said = Literal["cancel", "not-this-time", "call-me", "stop-sharing", "change-sharing"]
"""That they do not come, or not on one day; would like a call; want less or nothing shared."""


def needed(desk: Desk, principal: Principal, task_id: str, by: list[str]) -> View:
    """What a message to the person may say just now; see `person_message_view`.

    Args:
        desk: what every use case works with.
        principal: the service that sends it.
        task_id: the provider's Task.
        by: the channels that it can use.

    Raises:
        NoSuchCase: there is no such request, or its person was erased.
    """
    with desk.look() as uow:
        file = CaseFile.peek(desk, uow, task_id, principal)
        return person_message_view(file, file.provider_task(task_id), by)


def hears(desk: Desk, principal: Principal, task_id: str, by: list[str]) -> Hears:
    """How the person hears what is new about a place, for whoever tells its provider so.

    Args:
        desk: what every use case works with.
        principal: the service that writes to people.
        task_id: the provider's Task.
        by: the channels that it can use.

    Raises:
        NoSuchCase: there is no such request, or its person was erased.
    """
    with desk.look() as uow:
        file = CaseFile.peek(desk, uow, task_id, principal)
        file.provider_task(task_id)
        return person_hears(file, by)


def delay(desk: Desk, principal: Principal, task_id: str, to: To, by: list[str]) -> View:
    """What a message about a delay may say just now; see `delay_view`.

    Args:
        desk: what every use case works with.
        principal: the service that sends it.
        task_id: the Task of the link-worker service.
        to: the person, or whoever referred them.
        by: the channels that it can use.

    Raises:
        NoSuchCase: there is no such Task, or its person was erased.
    """
    with desk.look() as uow:
        return delay_view(CaseFile.peek(desk, uow, task_id, principal), to, by)


@repeating
def say(
    desk: Desk, principal: Principal, task_id: str, said: Said, day: date | None = None
) -> None:
    """Pass on what the person says, and do what follows from it.

    Args:
        desk: what every use case works with.
        principal: the service that knows the link.
        task_id: the provider's Task that the message was about.
        said: what they say.
        day: on which they do not come, where that is what they say.

    Raises:
        NoSuchCase: there is no such request, or its person was erased.
        Refused: it cannot be done any more: the place was given back, the visits have begun, or
            nothing is shared; a day is missing, is over or too far away.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        if said == "cancel":
            cancel(file, task, Actor.PERSON, "person-changed-mind")
        elif said == "not-this-time":
            refuse_unless(day is not None, "business-rule", "Say on which day.", "day")
            assert day is not None
            note_called_off(file, task, day, by=PERSON)
        elif said == "stop-sharing":
            end_agreement(file, task)
        file.announce(told_team(file, task, said))
        file.audit(f"person-said-{said}", f"Task/{task.id}")


def told_team(file: CaseFile, task: CaseTask, said: Said) -> PersonSaid:
    """What the team hears."""
    return PersonSaid(**file.context(), task=UUID(task.id), said=said)
