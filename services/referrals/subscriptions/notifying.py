"""Sending to a subscriber: handshakes, events and heartbeats, and what follows from the answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select as sql_select
from sqlmodel import col, select

from services.referrals.accesses import NOTIFIED
from services.referrals.desk import Desk
from services.referrals.subscriptions import standing
from services.referrals.subscriptions.bundles import Told, notification
from services.referrals.subscriptions.reaching import reach
from services.referrals.subscriptions.reading import readable
from services.referrals.subscriptions.registering import (
    CHANNEL,
    HANDSHAKE,
    HANDSHAKE_CHANNEL,
    HEARTBEAT,
)
from services.referrals.subscriptions.signing import identity, signature
from services.referrals.tables.subscription import (
    SubscriptionEvent,
    SubscriptionState,
    deliveries,
)
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.delivery import (
    Delivery,
    Permanent,
    Receipt,
    Schedule,
    State,
    Superseded,
    Temporary,
    minutes,
)
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.json import dumps
from shared.fhir.store import Access

SCHEDULE = Schedule(delays=minutes(0.05, 0.5, 2, 10, 30, 60, 120))
"""About four hours in all; then the Subscription is in `error` and its client must come back."""

HANDSHAKES = Schedule(delays=minutes(0.05, 0.5, 2))
"""A client that has just registered waits for its handshake, and wants to know soon."""

NOT_ASKED = "no-handshake"
"""Plain R4 knows no handshake: nothing is sent, and the Subscription is active."""

_REFUSED = re.compile(r"http-4\d\d")
_GONE = "http-410"


def schedule(channel: str) -> Schedule:
    """When to try again, by channel of the delivery."""
    return HANDSHAKES if channel == HANDSHAKE_CHANNEL else SCHEDULE


@dataclass(frozen=True)
class Notified(Receipt):
    """The receiver took a notification.

    Attributes:
        numbers: of the events that it told.
    """

    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Message:
    """What is sent, made within a transaction that is over when it is."""

    url: str
    body: bytes
    headers: dict[str, str]
    numbers: tuple[int, ...] = ()
    method: str = "POST"


class Notifier:
    """Sends notifications, handshakes and heartbeats; the `send` of the delivery engine.

    Args:
        desk: what every use case works with.
        http: posts to endpoints that clients registered.
    """

    def __init__(self, desk: Desk, http: OutgoingHttp) -> None:
        self._desk = desk
        self._http = http

    def send(self, delivery: Delivery) -> Receipt:
        """Send what is due, with the events that wait behind it as far as its receiver takes them.

        Raises:
            Superseded: the Subscription is off, in error or over, or its owner may no longer read
                what changed.
            Temporary: worth another attempt.
            Permanent: the endpoint will not take it, or its client may hear nothing any more.
        """
        key, _, what = delivery.payload.partition("/")
        with self._desk.work() as uow:
            state = self._state(uow, key, what)
            # A client that was stopped may have come back by a token that is still good.
            how_far = reach(uow.session, state, self._desk.types)
            if how_far.withheld is not None:
                raise Permanent(how_far.withheld)
            if what == HANDSHAKE and state.plain:
                return Receipt(NOT_ASKED)
            message = self._message(uow, state, how_far.access, delivery, what)
            timeout, endpoint = state.timeout_seconds, state.endpoint
        try:
            receipt = self._http.send(
                message.method,
                message.url,
                message.body,
                message.headers,
                timeout_seconds=timeout,
                whose=endpoint,
            )
        except Permanent as error:
            # A receiver that is being set up anew says 404 or 401 for a while; only 410 means it.
            passing = _REFUSED.fullmatch(error.reason) and error.reason != _GONE
            if passing and what != HANDSHAKE:
                raise Temporary(error.reason) from error
            raise
        return Notified(receipt.code, message.numbers)

    def lock_first(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Whoever changes a Subscription locks it before its deliveries; so does the engine."""
        standing.lock(self._desk.store(uow), uow.session, delivery.payload.partition("/")[0])

    def delivered(self, uow: UnitOfWork, delivery: Delivery, receipt: Receipt) -> None:
        """A handshake makes the Subscription active; told together is told; silence begins anew."""
        key, _, what = delivery.payload.partition("/")
        if what == HANDSHAKE:
            standing.set_status(self._desk, uow, key, "active")
        elif isinstance(receipt, Notified) and len(receipt.numbers) > 1:
            together = [f"{key}/{number}" for number in receipt.numbers]
            row = deliveries.delivery.c
            also = (row.order_key == key) & row.payload.in_(together) & (row.id != delivery.id)
            deliveries.supersede(uow.session, also, "told-together")
        state = uow.session.get(SubscriptionState, key, with_for_update=True)
        if state is not None and state.status == "active" and state.heartbeat_seconds:
            state.beat_due = self._desk.clock() + timedelta(seconds=state.heartbeat_seconds)
            uow.session.add(state)
            uow.session.flush()

    def failed(self, uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
        """What could not be delivered for good puts the Subscription in error, visibly."""
        key = delivery.payload.partition("/")[0]
        standing.set_status(self._desk, uow, key, "error", reason)

    def _state(self, uow: UnitOfWork, key: str, what: str) -> SubscriptionState:
        state = uow.session.get(SubscriptionState, key)
        if state is None or state.status == "off":
            raise Superseded("subscription-off")
        if state.ends is not None and state.ends <= self._desk.clock():
            raise Superseded("subscription-ended")
        if state.status == "error" and what != HANDSHAKE:
            raise Superseded("subscription-error")
        return state

    def _message(
        self,
        uow: UnitOfWork,
        state: SubscriptionState,
        access: Access,
        delivery: Delivery,
        what: str,
    ) -> _Message:
        headers = dict(line.split(":", 1) for line in state.headers)
        if what in {HANDSHAKE, HEARTBEAT}:
            # Events that wait behind it are still to come: what it counts is what came before.
            queued = _queued(uow, state)
            number = queued[0] - 1 if queued else state.number
            body = dumps(notification(self._desk, state, what, number=number))
            headers["Content-Type"] = state.media_type
            return self._signed(state, delivery, _Message(state.endpoint, body, headers))
        told = self._told(uow, state, access, int(what))
        numbers = tuple(each.event.number for each in told)
        if state.plain:
            message = _plain(state, told[0], headers, numbers)
        else:
            kind = "event-notification"
            body = dumps(notification(self._desk, state, kind, told, number=numbers[-1]))
            headers["Content-Type"] = state.media_type
            message = _Message(state.endpoint, body, headers, numbers)
        return self._signed(state, delivery, message)

    def _told(
        self, uow: UnitOfWork, state: SubscriptionState, access: Access, number: int
    ) -> list[Told]:
        """The event and those that wait behind it, as far as the client may read them now."""
        numbers = [number]
        if state.max_count > 1 and not state.plain:
            following = [each for each in _queued(uow, state, state.max_count) if each > number]
            numbers += following[: state.max_count - 1]
        events = uow.session.exec(
            select(SubscriptionEvent)
            .where(
                SubscriptionEvent.subscription == state.id,
                col(SubscriptionEvent.number).in_(numbers),
            )
            .order_by(col(SubscriptionEvent.number))
        ).all()
        told = readable(self._desk.store(uow), events, access, state.content)
        if state.plain and state.content == "full-resource":
            told = [each for each in told if each.document is not None]
        if not told:
            raise Superseded("not-readable")
        shown = [each.document for each in told if each.document is not None]
        if shown:
            self._desk.accesses.saw(_subscriber(state), NOTIFIED, shown)
            self._desk.accesses.flush()  # a look is written before it is sent
        return told

    def _signed(self, state: SubscriptionState, delivery: Delivery, message: _Message) -> _Message:
        name = identity(delivery, message.numbers)
        message.headers.update(signature(state.secret, name, self._desk.clock(), message.body))
        return message


def _subscriber(state: SubscriptionState) -> Principal:
    return Principal(
        subject=f"Subscription/{state.id}",
        client_id="subscription",
        organisation=str(state.organisation),
        roles=frozenset(),
        scopes=frozenset(),
    )


def _queued(uow: UnitOfWork, state: SubscriptionState, most: int = 1) -> list[int]:
    """Numbers of the events that wait to be sent, the first ones in order."""
    row = deliveries.delivery.c
    queued = (
        sql_select(row.payload)
        .where(
            row.order_key == state.id,
            row.channel == CHANNEL,
            row.state == State.QUEUED,
            row.due.is_not(None),
        )
        .order_by(row.position)
        .limit(most)
    )
    waiting = uow.session.connection().execute(queued).scalars()
    numbers = [each.partition("/")[2] for each in waiting]
    return [int(each) for each in numbers if each.isdigit()]


def _plain(
    state: SubscriptionState, told: Told, headers: dict[str, str], numbers: Sequence[int]
) -> _Message:
    """R4's rest-hook: a POST without body; with a payload the endpoint is a FHIR base, and the
    resource is put there (R4, code rest-hook of subscription-channel-type).
    """
    if told.document is None:
        return _Message(state.endpoint, b"", headers, tuple(numbers))
    url = f"{state.endpoint.rstrip('/')}/{told.event.type}/{told.event.id}"
    headers["Content-Type"] = state.media_type
    return _Message(url, told.document.body.encode(), headers, tuple(numbers), "PUT")
