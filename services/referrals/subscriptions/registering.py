"""A Subscription resource as a client sends it: what may be asked for, and what it means.

Backport R4 profile (http://hl7.org/fhir/uv/subscriptions-backport, 1.1 and later) beside plain R4
`criteria`; whatever else it holds is refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select as sql_select
from sqlmodel import Session

from services.referrals.subscriptions.channels import BACKPORT, Channel, extensions, read_channel
from services.referrals.subscriptions.filtering import CRITERIA, check_filter
from services.referrals.subscriptions.reaching import may_hear
from services.referrals.subscriptions.topics import TOPICS, focus_of, of_query
from services.referrals.tables.subscription import SubscriptionState, deliveries
from shared.auth import Principal
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.outcome import forbidden, rule_broken
from shared.fhir.search.parameters import Types

FILTER = f"{BACKPORT}/backport-filter-criteria"
CHANNEL = "subscription"
HANDSHAKE_CHANNEL = "subscription-handshake"
HANDSHAKE = "handshake"
HEARTBEAT = "heartbeat"


@dataclass(frozen=True)
class Registration:
    """What a Subscription asks for."""

    topic: str
    filters: tuple[str, ...]
    channel: Channel
    ends: datetime | None


def asks(resource: Mapping[str, Any], now: datetime) -> bool:
    """Whether a Subscription asks to be told something: not one that is off, in error or over.

    Such a one is kept like any resource, whatever its criteria and channel are.

    Raises:
        FhirError: 422 for an `end` that no clock shows.
    """
    return resource.get("status") not in {"off", "error"} and not over(resource, now)


def over(resource: Mapping[str, Any], now: datetime) -> bool:
    """Whether the time has come "for the server to turn the subscription off" (R4, its `end`).

    Raises:
        FhirError: 422 for an `end` that no clock shows.
    """
    ends = _ends(resource)
    return ends is not None and ends <= now


def read(
    resource: Mapping[str, Any],
    types: Types,
    http: OutgoingHttp,
    principal: Principal,
) -> Registration:
    """Understand a Subscription.

    Args:
        resource: as sent, valid by FHIR, which asks for notifications.
        types: the served types, with what can be searched.
        http: knows which endpoints can be reached.
        principal: who wants to be told.

    Raises:
        FhirError: 422 with the element that cannot be served; 403 for what the client may not
            read, or for a filter by which a provider would learn who a person is.
    """
    criteria = str(resource.get("criteria", ""))
    filters = [
        str(each.get("valueString", "")) for each in extensions(resource.get("_criteria"), FILTER)
    ]
    if "" in (each.partition("?")[2] for each in filters):
        words = "A filter without a condition keeps nothing back: leave it out."
        raise rule_broken(words, CRITERIA)
    query = criteria not in TOPICS
    topic = of_query(criteria.partition("?")[0], types) if query else criteria
    if topic is None:
        words = (
            f"The topics served here are {' and '.join(TOPICS)}; a query of a served type such as"
            " Task?status=accepted also works, but of Subscription and of what is read only. What"
            " is to be kept and asks for no notifications has status off."
        )
        raise rule_broken(words, CRITERIA)
    if query:
        filters.append(criteria)
    focus = focus_of(topic)
    for each in filters:
        check_filter(each, focus, types, principal)
    if not may_hear(principal, focus):
        words = f"To hear of {focus}s a client needs system/{focus}.r."
        raise forbidden(words, CRITERIA)
    return Registration(
        topic=topic,
        filters=tuple(filters),
        channel=read_channel(resource.get("channel", {}), http, query=query),
        ends=_ends(resource),
    )


def keep(
    session: Session, key: str, principal: Principal, wanted: Registration, now: datetime
) -> SubscriptionState:
    """Write the running state and have the handshake sent, within the caller's transaction.

    It is the client's from now on that sent it: another one of its organisation may take it over.
    The number of events goes on where it stood: a client that comes back must see the gap. What
    waits to be sent waits for the handshake now: a new endpoint is told nothing before it.
    """
    state = session.get(SubscriptionState, key, with_for_update=True)
    if state is None:
        state = SubscriptionState(
            id=key,
            organisation=UUID(principal.organisation),
            created=now,
            status="",
            topic="",
            content="",
            endpoint="",
            media_type="",
            filters=[],
            headers=[],
        )
    channel = wanted.channel
    state.client, state.scopes = principal.client_id, sorted(principal.scopes)
    state.status, state.error = "requested", None
    state.topic, state.filters, state.ends = wanted.topic, list(wanted.filters), wanted.ends
    state.plain, state.content, state.secret = channel.plain, channel.content, channel.secret
    state.endpoint, state.media_type = channel.endpoint, channel.media_type
    state.headers, state.max_count = list(channel.headers), channel.max_count
    state.heartbeat_seconds, state.timeout_seconds = channel.heartbeat, channel.timeout
    state.beat_due = None
    session.add(state)
    session.flush()
    waiting = _call_back(session, key, "registered-again")
    again = f"{HANDSHAKE}/{now.isoformat()}"
    _add(session, state, HANDSHAKE, uuid5(UUID(key), again), HANDSHAKE_CHANNEL)
    for number in waiting:
        _add(session, state, number, uuid5(UUID(key), f"{again}/{number}"))
    return state


def add_event(session: Session, state: SubscriptionState, number: int) -> None:
    """Have one numbered event sent."""
    _add(session, state, str(number), uuid5(UUID(state.id), str(number)))


def add_heartbeat(session: Session, state: SubscriptionState, due: datetime) -> None:
    """Have a sign of life sent, once for the moment at which it is due."""
    _add(session, state, HEARTBEAT, uuid5(UUID(state.id), f"{HEARTBEAT}/{due.isoformat()}"))


def end(session: Session, key: str, resource: Mapping[str, Any]) -> None:
    """Do what an update says that asks for nothing any more.

    Raises:
        FhirError: 422 where it says `error` of one that was told something: only the server does
            (R4 subscription.html, comment on `status`).
    """
    if resource.get("status") == "error" and session.get(SubscriptionState, key) is not None:
        words = "Only the server says error: send requested to come back, off to end it."
        raise rule_broken(words, "Subscription.status")
    stop(session, key)


def stop(session: Session, key: str) -> None:
    """Tell this subscriber nothing more, not even what is queued."""
    state = session.get(SubscriptionState, key, with_for_update=True)
    if state is not None:
        state.status = "off"
        session.add(state)
        deliveries.supersede(session, deliveries.delivery.c.order_key == key, "subscription-off")


def _add(
    session: Session, state: SubscriptionState, what: str, key: UUID, channel: str = CHANNEL
) -> None:
    deliveries.add(
        session,
        key=key,
        order_key=state.id,
        channel=channel,
        address=state.endpoint,
        payload=f"{state.id}/{what}",
    )


def _call_back(session: Session, key: str, reason: str) -> list[str]:
    """Stop what is queued for a Subscription; the numbers of its events, in order."""
    row = deliveries.delivery.c
    stopped = deliveries.supersede(session, row.order_key == key, reason)
    payloads = session.connection().execute(
        sql_select(row.payload).where(row.id.in_(stopped)).order_by(row.position)
    )
    numbers = [payload.partition("/")[2] for payload in payloads.scalars()]
    return [number for number in numbers if number.isdigit()]


def _ends(resource: Mapping[str, Any]) -> datetime | None:
    """R4 subscription.html, `end`: when the server is to turn it off; an instant, so with zone."""
    end = resource.get("end")
    try:
        return datetime.fromisoformat(str(end)) if end else None
    except ValueError:
        raise rule_broken("This is no instant of a clock.", "Subscription.end") from None
