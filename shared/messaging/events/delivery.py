"""What became of a message to a person or a system. Ids and codes only, no address."""

from typing import ClassVar
from uuid import UUID

from shared.messaging.events.base import CaseEvent, Code


class NotificationEvent(CaseEvent):
    """The end of one delivery: about which case and Task, on which channel, of which kind."""

    delivery: UUID
    task: UUID | None = None
    channel: Code
    kind: Code


class NotificationDelivered(NotificationEvent):
    """The channel took the message over."""

    type: ClassVar[str] = "kersey.notification.delivered.v1"


class NotificationFailed(NotificationEvent):
    """The message will not arrive: a person must act (no silent end)."""

    type: ClassVar[str] = "kersey.notification.failed.v1"
