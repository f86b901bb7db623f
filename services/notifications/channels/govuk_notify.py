"""GOV.UK Notify through its own client, for the channels that go that way.

https://docs.notifications.service.gov.uk/python.html
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from services.notifications.settings import NotificationsSettings
from shared.delivery import Permanent, Receipt, Temporary

Json = Mapping[str, Any]
Sending = Callable[[NotificationsAPIClient], Any]

OURS = frozenset([401, 403])
"""About our key or our clock: an operator can mend that, and the same message then goes."""
PASSING = frozenset([408, 409, 425, 429])
"""Notify's own limits (429: requests in a minute, messages in a day), and the moment's."""


class _Client(NotificationsAPIClient):
    """Follows no redirect: it would take the key's signature elsewhere."""

    def _create_request_objects(
        self, url: str, data: Any, params: Any
    ) -> tuple[str, dict[str, Any]]:
        made = super()._create_request_objects(url, data, params)  # type: ignore[no-untyped-call]
        at, options = made
        return at, options | {"allow_redirects": False}


class Notify:
    """Hands messages to GOV.UK Notify. Safe in threads: each has a client of its own.

    Notify does not know a repetition by itself. But each message carries its delivery's id as
    `reference`, and from the second attempt on Notify is asked first whether it has it.

    Args:
        key: of Notify's API.
        url: where Notify answers.
        timeout_seconds: for each step of a request.
    """

    def __init__(self, key: str, url: str, *, timeout_seconds: float = 20.0) -> None:
        self._key = key
        self._url = url
        self._timeout = timeout_seconds
        self._own = threading.local()
        # What it logs of a failure is in Notify's words, which may hold a number or an address.
        logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL)

    def send(self, reference: UUID, attempt: int, sending: Sending) -> Receipt:
        """Send one message once, however often it is tried.

        Args:
            reference: the delivery's id.
            attempt: the number of this attempt.
            sending: sends it by a client.

        Raises:
            Undelivered: one of its kinds.
        """
        if attempt > 1 and self._has(reference):
            return Receipt("notify-had-it")
        self._ask(sending)
        return Receipt("notify-201")

    def _has(self, reference: UUID) -> bool:
        answer = self._ask(lambda client: client.get_all_notifications(reference=str(reference)))
        found = answer.get("notifications") if isinstance(answer, dict) else None
        return bool(found)

    def _ask(self, what: Sending) -> Any:
        try:
            return what(self._client())
        except APIError as error:
            raise _failure(error) from error

    def _client(self) -> NotificationsAPIClient:
        if not hasattr(self._own, "client"):
            self._own.client = _Client(  # type: ignore[no-untyped-call]
                self._key, base_url=self._url, timeout=self._timeout
            )
        client: NotificationsAPIClient = self._own.client
        return client


def _failure(error: APIError) -> Temporary | Permanent:
    if error.response is None:
        return Temporary("notify-unreachable")
    code = f"notify-{error.status_code}"
    if error.status_code in OURS | PASSING or not 400 <= error.status_code < 500:
        return Temporary(code)
    return Permanent(code)


def notify(settings: NotificationsSettings) -> Notify | None:
    """Notify as the settings say; None where they have no key."""
    key = settings.notify_key.get_secret_value()
    return Notify(key, settings.notify_url) if key else None
