"""Messages as RabbitMQ has them: properties written and read in one place."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from pika import DeliveryMode
from pika.spec import BasicProperties

from shared.messaging.broker import DeadLetter
from shared.messaging.consuming import Dead
from shared.messaging.events import MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Got:
    """A message that a channel holds for us until it is acknowledged.

    Attributes:
        tag: by which the channel knows it.
        id: its message id, the event's; None on what somebody else put there.
        type: the event's type.
    """

    tag: int
    id: str | None
    type: str | None
    headers: Mapping[str, Any]
    body: bytes

    @classmethod
    def of(cls, tag: int | None, properties: BasicProperties | None, body: bytes | None) -> Self:
        """From the three things that pika hands over; it types all of them as optional."""
        assert tag is not None
        properties = properties or BasicProperties()
        return cls(
            tag, properties.message_id, properties.type, properties.headers or {}, body or b""
        )

    def dead_letter(self, consumer: str) -> DeadLetter:
        """What an operator is told about it: our reason, or the broker's own."""
        ours = self.headers.get("kersey-reason")
        death = (self.headers.get("x-death") or [{}])[0]
        reason = ours or str(death.get("reason", "unknown")).replace("_", "-")
        at = self.headers.get("kersey-at") or death.get("time")
        if isinstance(at, str):
            at = datetime.fromisoformat(at)
        return DeadLetter(
            consumer=consumer,
            id=self.id or hashlib.sha256(self.body).hexdigest()[:32],
            type=self.type or "unknown",
            reason=reason,
            detail=self.headers.get("kersey-detail", "set aside by the broker"),
            at=at.replace(tzinfo=at.tzinfo or UTC) if at else None,
            body=self.body.decode(errors="replace"),
        )


def properties(
    message_id: str | None, kind: str | None, headers: Mapping[str, Any] | None = None
) -> BasicProperties:
    """Properties of a persistent message."""
    return BasicProperties(
        message_id=message_id,
        type=kind,
        content_type=MEDIA_TYPE,
        delivery_mode=DeliveryMode.Persistent.value,
        headers=dict(headers or {}),
    )


def burial(got: Got, why: Dead) -> BasicProperties:
    """Properties of a message on its way to the dead queue: who, why and when."""
    return properties(
        got.id,
        got.type,
        {
            "kersey-reason": why.reason,
            "kersey-detail": why.detail,
            "kersey-at": datetime.now(UTC).isoformat(),
        },
    )
