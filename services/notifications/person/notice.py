"""What a message to a person is about: its payload, ids, codes and a time; nobody's name."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.notifications.person.rules import Kind


class PersonNotice(BaseModel):
    """Why a person is told something; stored with the delivery, read again when it is sent.

    Attributes:
        kind: what the message says.
        event: the event, or the change of a first meeting, that caused it.
        time: when that happened.
        case: the case; stays inside Kersey.
        task: the Task of the place that it is about.
        starts: when the first visit is, where the message speaks of it.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    event: UUID
    time: datetime
    case: UUID
    task: UUID
    starts: datetime | None = None
