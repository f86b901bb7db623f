"""The signature of a notification, by which a receiver knows that Kersey sent it.

Standard Webhooks, as for providers' webhooks:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from standardwebhooks import Webhook

from shared.delivery import Delivery


def identity(delivery: Delivery, numbers: Sequence[int]) -> str:
    """The same for each attempt at the same message, so that a receiver can know a repetition.

    A batch may have grown between two attempts: then it is another message.
    """
    if len(numbers) <= 1:
        return str(delivery.id)
    return str(uuid5(UUID(str(delivery.id)), f"{numbers[0]}-{numbers[-1]}"))


def signature(secret: str | None, message: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message; without a secret only its identity and time.

    Args:
        secret: of the Subscription, as Standard Webhooks writes it.
        message: see `identity`.
        now: when it is sent, so that an old one cannot be sent again by a stranger.
        body: what is signed.
    """
    headers = {"webhook-id": message, "webhook-timestamp": str(int(now.timestamp()))}
    if secret:
        headers["webhook-signature"] = Webhook(secret).sign(message, now, body.decode())
    return headers
