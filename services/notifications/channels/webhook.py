"""Webhooks to a provider's own system, signed as Standard Webhooks says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from sqlalchemy import Engine
from standardwebhooks import Webhook

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format
from services.notifications.settings import NotificationsSettings
from shared.delivery import Permanent, Receipt, Schedule, minutes
from shared.delivery.outgoing import OutgoingHttp


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookChannel:
    """Posts a thin event: its type, ids, and where the FHIR Task can be read with a token.

    Args:
        http: posts.
        public_url: where the receiver reaches Kersey.
        clock: the time of day, UTC.
    """

    def __init__(
        self, http: OutgoingHttp, *, public_url: str, clock: Callable[[], datetime] = _now
    ) -> None:
        self._http = http
        self._public_url = public_url
        self._clock = clock

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        if not letter.secret:
            raise Permanent("no-secret")
        body = self.body(letter)
        now = self._clock()
        message_id = str(letter.delivery.id)
        # While a secret is being changed, whoever knows either of the two can check.
        signatures = " ".join(
            Webhook(secret).sign(message_id, now, body)
            for secret in (letter.secret, letter.former_secret)
            if secret
        )
        return self._http.post(
            letter.address,
            body.encode(),
            {
                "content-type": "application/json",
                "user-agent": "Kersey",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signatures,
            },
        )

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return self._http.fault(address)

    def rest(self) -> None:
        """Connections are kept: receivers of webhooks are few, and called again soon."""

    def body(self, letter: Letter) -> str:
        """The same bytes at every attempt. The case is Kersey's own affair and is left out."""
        notice = letter.notice
        assert notice is not None, "a webhook is told of events"
        data = {"kind": notice.kind.value, "task": notice.task, "service": notice.service}
        if notice.task:
            data["url"] = f"{self._public_url}/fhir/Task/{notice.task}"
        if notice.day:
            data["day"] = notice.day.isoformat()
        content = {"type": notice.type, "timestamp": notice.time, "data": data}
        return orjson.dumps(content).decode()


def new_secret() -> str:
    """A secret of 32 random bytes, written as Standard Webhooks writes them."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def made(settings: NotificationsSettings, _engine: Engine | None = None) -> WebhookChannel:
    """The channel as the settings say."""
    http = OutgoingHttp(allow_private=settings.private_endpoints)
    return WebhookChannel(http, public_url=settings.public_url)


WEBHOOK = Declaration(
    means="webhook",
    address="the https address of a party's own system",
    example="https://hooks.clay.example.org/kersey",
    format=Format.EVENT,
    make=made,
    # About 18 hours; a receiver knows a repetition by its `webhook-id`.
    schedule=Schedule(delays=minutes(0.1, 1, 5, 30, 2 * 60, 5 * 60, 10 * 60), resends=3),
    faults={
        "address-malformed": "It is not a well-formed address.",
        "address-not-https": "A webhook needs an https address.",
        "address-private": "A webhook cannot go to a private address.",
    },
    system=True,
)
