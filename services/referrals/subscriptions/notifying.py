"""The notification of a Subscription: the Bundle, and what follows from how it was received."""

from typing import Any
from uuid import uuid4

from services.referrals import codes
from services.referrals.casefile import content_of
from services.referrals.desk import Desk
from services.referrals.resources import instant
from services.referrals.subscriptions.registering import BACKPORT, HANDSHAKE
from services.referrals.tables.subscription import SubscriptionEvent, SubscriptionState
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt, Schedule, Superseded, minutes
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.json import dumps
from shared.fhir.outcome import FhirError
from shared.fhir.store import Access

SCHEDULE = Schedule(delays=minutes(0.05, 0.5, 2, 10, 30, 60, 120))
"""About four hours in all; then the Subscription is in `error` and its client must come back."""


class Notifier:
    """Sends notifications and handshakes; the `send` of the delivery engine.

    Args:
        desk: what every use case works with.
        http: posts to endpoints that clients registered.
    """

    def __init__(self, desk: Desk, http: OutgoingHttp) -> None:
        self._desk = desk
        self._http = http

    def send(self, delivery: Delivery) -> Receipt:
        """Send one event or handshake; access is checked again now.

        Raises:
            Superseded: the Subscription is off, or its owner may no longer read what changed.
            Temporary: worth another attempt.
            Permanent: the endpoint will not take it.
        """
        subscription, _, number = delivery.payload.partition("/")
        with self._desk.work() as uow:
            state = uow.session.get(SubscriptionState, subscription)
            if state is None or state.status == "off":
                raise Superseded("subscription-off")
            event = None
            if number != HANDSHAKE:
                event = uow.session.get_one(SubscriptionEvent, (subscription, int(number)))
                self._check_access(uow, state, event)
            body = dumps(notification(self._desk, state, event))
            headers = dict(line.split(":", 1) for line in state.headers)
        headers["Content-Type"] = state.media_type
        return self._http.post(state.endpoint, body, headers)

    def delivered(self, uow: UnitOfWork, delivery: Delivery, _: Receipt) -> None:
        """A handshake that was taken makes the Subscription active."""
        subscription, number = delivery.payload.split("/")
        if number == HANDSHAKE:
            self._set_status(uow, subscription, "active")

    def failed(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        """What could not be delivered for good puts the Subscription in error, visibly."""
        self._set_status(uow, delivery.payload.partition("/")[0], "error", reason)

    def _check_access(
        self, uow: UnitOfWork, state: SubscriptionState, event: SubscriptionEvent
    ) -> None:
        access = Access(frozenset({str(state.organisation), codes.EVERYONE}))
        try:
            self._desk.store(uow).read(event.type, event.id, access)
        except FhirError as error:
            raise Superseded("not-readable") from error

    def _set_status(
        self, uow: UnitOfWork, subscription: str, status: str, error: str | None = None
    ) -> None:
        state = uow.session.get(SubscriptionState, subscription, with_for_update=True)
        if state is None or state.status in {"off", status}:
            return
        state.status = status
        uow.session.add(state)
        store = self._desk.store(uow)
        body = content_of(store.lock("Subscription", subscription))
        body["status"] = status
        body.pop("error", None)
        if error:
            body["error"] = f"Notifications could not be delivered: {error}."
        store.update(body)
        uow.session.flush()


def notification(
    desk: Desk, state: SubscriptionState, event: SubscriptionEvent | None
) -> dict[str, Any]:
    """A history Bundle whose first entry is the status (Backport, R4 notifications).

    Args:
        desk: knows Kersey's public address.
        state: the Subscription.
        event: what happened; None for a handshake.
    """
    base = f"{desk.settings.public_url}/fhir"
    entries = [_status_entry(base, state, event)]
    if event is not None and state.content == "id-only":
        entries.append(
            {
                "fullUrl": f"{base}/{event.type}/{event.id}",
                "request": {"method": "PUT", "url": f"{event.type}/{event.id}"},
                "response": {"status": "200"},
            }
        )
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "type": "history",
        "timestamp": instant(desk.clock()),
        "entry": entries,
    }


def subscription_status(desk: Desk, state: SubscriptionState) -> dict[str, Any]:
    """A searchset Bundle with the status as it is now (Backport, operation $status).

    Args:
        desk: knows Kersey's public address.
        state: the Subscription.
    """
    base = f"{desk.settings.public_url}/fhir"
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "type": "searchset",
        "timestamp": instant(desk.clock()),
        "total": 1,
        "link": [{"relation": "self", "url": f"{base}/Subscription/{state.id}/$status"}],
        "entry": [
            {
                "fullUrl": f"urn:uuid:{uuid4()}",
                "resource": _parameters(base, state, "query-status", state.number),
                "search": {"mode": "match"},
            }
        ],
    }


def _status_entry(
    base: str, state: SubscriptionState, event: SubscriptionEvent | None
) -> dict[str, Any]:
    kind = "event-notification" if event else HANDSHAKE
    return {
        "fullUrl": f"urn:uuid:{uuid4()}",
        "resource": _parameters(base, state, kind, event.number if event else 0, event),
        "request": {"method": "GET", "url": f"{base}/Subscription/{state.id}/$status"},
        "response": {"status": "200"},
    }


def _parameters(
    base: str,
    state: SubscriptionState,
    kind: str,
    number: int,
    event: SubscriptionEvent | None = None,
) -> dict[str, Any]:
    """The status as Parameters (Backport, backport-subscription-status-r4)."""
    parameter: list[dict[str, Any]] = [
        {
            "name": "subscription",
            "valueReference": {"reference": f"{base}/Subscription/{state.id}"},
        },
        {"name": "topic", "valueCanonical": state.topic},
        {"name": "status", "valueCode": state.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(number)},
    ]
    if event is not None:
        part: list[dict[str, Any]] = [
            {"name": "event-number", "valueString": str(number)},
            {"name": "timestamp", "valueInstant": instant(event.happened)},
        ]
        if state.content == "id-only":
            focus = {"reference": f"{base}/{event.type}/{event.id}"}
            part.append({"name": "focus", "valueReference": focus})
        parameter.append({"name": "notification-event", "part": part})
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-status-r4"]},
        "parameter": parameter,
    }
