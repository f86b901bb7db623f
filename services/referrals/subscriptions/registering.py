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

from services.referrals.disclosure import refuse_guessing
from services.referrals.subscriptions.channels import BACKPORT, Channel, extensions, read_channel
from services.referrals.subscriptions.topics import TOPICS, WATCHED
from services.referrals.tables.subscription import SubscriptionState, deliveries
from shared.auth import Principal, may
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.outcome import FhirError, forbidden, rule_broken
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import RESULT_PARAMETERS, parse_query, parse_search

FILTER = f"{BACKPORT}/backport-filter-criteria"
CHANNEL = "subscription"
HANDSHAKE_CHANNEL = "subscription-handshake"
HANDSHAKE = "handshake"
HEARTBEAT = "heartbeat"

_CRITERIA = "Subscription.criteria"


@dataclass(frozen=True)
class Registration:
    """What a Subscription asks for."""

    topic: str
    filters: tuple[str, ...]
    channel: Channel
    ends: datetime | None


def read(
    resource: Mapping[str, Any], types: Types, http: OutgoingHttp, principal: Principal
) -> Registration:
    """Understand a Subscription.

    Args:
        resource: as sent, valid by FHIR.
        types: the served types, with what can be searched.
        http: knows which endpoints can be reached.
        principal: who wants to be told.

    Raises:
        FhirError: 422 with the element that cannot be served; 403 for what the client may not
            read, or for a filter by which a provider would learn who a person is.
    """
    if resource.get("status") not in {"requested", "active", "off"}:
        raise rule_broken("Send a Subscription with status requested.", "Subscription.status")
    criteria = str(resource.get("criteria", ""))
    filters = [
        str(each.get("valueString", "")) for each in extensions(resource.get("_criteria"), FILTER)
    ]
    query = criteria not in TOPICS and criteria.partition("?")[0] in WATCHED
    if query:
        filters.append(criteria)
    elif criteria not in TOPICS:
        words = (
            f"The topics served here are {' and '.join(TOPICS)}; a query such as"
            " Task?status=accepted also works."
        )
        raise rule_broken(words, _CRITERIA)
    topic = WATCHED[criteria.partition("?")[0]] if query else criteria
    for each in filters:
        _check_filter(each, TOPICS[topic], types, principal)
    if not may(principal, TOPICS[topic], "r"):
        words = f"To hear of {TOPICS[topic]}s a client needs system/{TOPICS[topic]}.r."
        raise forbidden(words, _CRITERIA)
    return Registration(
        topic=topic,
        filters=tuple(filters),
        channel=read_channel(resource.get("channel", {}), http, query=query),
        ends=_ends(resource),
    )


def keep(
    session: Session, key: str, organisation: UUID, wanted: Registration, now: datetime
) -> SubscriptionState:
    """Write the running state and have the handshake sent, within the caller's transaction.

    The number of events goes on where it stood: a client that comes back must see the gap. What
    waits to be sent waits for the handshake now: a new endpoint is told nothing before it.
    """
    state = session.get(SubscriptionState, key, with_for_update=True)
    if state is None:
        state = SubscriptionState(
            id=key,
            organisation=organisation,
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


def _check_filter(text: str, focus: str, types: Types, principal: Principal) -> None:
    resource_type, _, query = text.partition("?")
    if resource_type != focus:
        raise rule_broken(f"This topic tells changes of {focus}s: filter by {focus}?.", _CRITERIA)
    try:
        pairs = parse_query(query)
        request = parse_search(types, resource_type, pairs)
    except FhirError as error:
        words = f"This filter is not understood: {error.issues[0].diagnostics}"
        raise rule_broken(words, _CRITERIA) from error
    if any(name.partition(":")[0] in RESULT_PARAMETERS for name, _ in pairs):
        words = "A filter says which resources are meant; nothing in it shapes an answer."
        raise rule_broken(words, _CRITERIA)
    refuse_guessing(request, principal)


def _ends(resource: Mapping[str, Any]) -> datetime | None:
    """R4 subscription.html, `end`: when the server is to turn it off; an instant, so with zone."""
    end = resource.get("end")
    try:
        return datetime.fromisoformat(str(end)) if end else None
    except ValueError:
        raise rule_broken("This is no instant of a clock.", "Subscription.end") from None
