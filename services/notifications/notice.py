"""What a delivery is about: its payload, ids and codes only."""

from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.notifications.domain import Kind


class Notice(BaseModel):
    """Why somebody is told something; stored with the delivery, read again when it is sent.

    Attributes:
        kind: what the message says.
        contact: to whom; None where there was nobody.
        event: the event that caused it.
        type: that event's type.
        time: when that happened.
        case: the case; stays inside Kersey.
        task: the Task that it is about, if it is about one.
        service: the service that is asked.
        provider: whose service that is.
        code: the row of a one-time code.
        priority: the referral's, where it says how long a request may wait.
        day: on which somebody does not come, where that is what is told.
        said: what the person said, where the message passes that on.
        since: when the request arrived, where the message is sent for want of an answer.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    contact: UUID | None = None
    event: UUID
    type: str
    time: datetime
    case: UUID
    task: UUID | None = None
    service: UUID | None = None
    provider: UUID | None = None
    code: UUID | None = None
    priority: str | None = None
    day: date | None = None
    said: str | None = None
    since: datetime | None = None


@lru_cache(1000)
def notice_of(payload: str) -> Notice:
    """What a delivery is about. It is asked for by each who has a part in sending it, and never
    changes.

    Args:
        payload: the delivery's.
    """
    return Notice.model_validate_json(payload)
