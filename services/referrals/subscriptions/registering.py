"""A Subscription resource as a client sends it: what may be asked for, and what it means.

Backport R4 profile (http://hl7.org/fhir/uv/subscriptions-backport, 1.1 and later) beside plain R4
`criteria`; whatever else it holds is refused by name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import Session

from services.referrals import codes
from services.referrals.disclosure import refuse_guessing
from services.referrals.tables.subscription import SubscriptionState, deliveries
from shared.auth import Principal
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.outcome import FhirError, rule_broken
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import RESULT_PARAMETERS, parse_query, parse_search

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
FILTER = f"{BACKPORT}/backport-filter-criteria"
CONTENT = f"{BACKPORT}/backport-payload-content"
CHANNEL = "subscription"
HANDSHAKE = "handshake"
WATCHED = "Task"
"""The type whose changes are told."""
OWN_HEADERS = frozenset(
    """connection content-encoding content-length content-type expect host keep-alive
    proxy-connection te traceparent trailer transfer-encoding upgrade""".split()
)
"""Headers that say how a notification is sent; a subscriber's own would break the message."""
FHIR_JSON = "application/fhir+json"

_JSON = re.compile(r"application/(?:fhir\+)?json(?:; ?[A-Za-z]+=[A-Za-z0-9.-]+)*")


@dataclass(frozen=True)
class Registration:
    """What a Subscription asks for."""

    topic: str
    filters: tuple[str, ...]
    content: str
    endpoint: str
    headers: tuple[str, ...]
    media_type: str


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
        FhirError: 422 with the element that cannot be served; 403 for a filter by which a provider
            would learn who a person is.
    """
    if resource.get("status") not in {"requested", "active", "off"}:
        raise rule_broken("Send a Subscription with status requested.", "Subscription.status")
    criteria = str(resource.get("criteria", ""))
    filters = [
        str(each.get("valueString", ""))
        for each in _extensions(resource.get("_criteria"))
        if each.get("url") == FILTER
    ]
    topic = codes.TASK_TOPIC
    if "?" in criteria or criteria == WATCHED:
        filters.append(criteria)
    elif criteria != topic:
        words = (
            f"The topic served here is {topic}; a query such as Task?status=accepted also works."
        )
        raise rule_broken(words, "Subscription.criteria")
    for each in filters:
        _check_filter(each, types, principal)
    channel = resource.get("channel", {})
    if channel.get("type") != "rest-hook":
        raise rule_broken("Only rest-hook channels are served.", "Subscription.channel.type")
    endpoint = str(channel.get("endpoint", ""))
    fault = http.fault(endpoint)
    if fault:
        words = f"This endpoint cannot be used: {fault.replace('-', ' ')}."
        raise rule_broken(words, "Subscription.channel.endpoint")
    return Registration(
        topic=topic,
        filters=tuple(filters),
        content=_content(channel),
        endpoint=endpoint,
        headers=tuple(_headers(channel.get("header", []))),
        media_type=_media_type(channel),
    )


def keep(
    session: Session, key: str, organisation: UUID, wanted: Registration, now: datetime
) -> SubscriptionState:
    """Write the running state and have the handshake sent, within the caller's transaction.

    The number of events goes on where it stood: a client that comes back must see the gap.
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
    state.status = "requested"
    state.topic, state.content = wanted.topic, wanted.content
    state.filters, state.headers = list(wanted.filters), list(wanted.headers)
    state.endpoint, state.media_type = wanted.endpoint, wanted.media_type
    session.add(state)
    session.flush()
    deliveries.add(
        session,
        key=uuid5(UUID(key), f"{HANDSHAKE}/{now.isoformat()}"),
        order_key=key,
        channel=CHANNEL,
        address=wanted.endpoint,
        payload=f"{key}/{HANDSHAKE}",
    )
    return state


def stop(session: Session, key: str) -> None:
    """Tell this subscriber nothing more, not even what is queued."""
    state = session.get(SubscriptionState, key, with_for_update=True)
    if state is not None:
        state.status = "off"
        session.add(state)
        deliveries.supersede(session, deliveries.delivery.c.order_key == key, "subscription-off")


def _check_filter(text: str, types: Types, principal: Principal) -> None:
    resource_type, _, query = text.partition("?")
    if resource_type != WATCHED:
        raise rule_broken("Only changes of Tasks are told.", "Subscription.criteria")
    try:
        pairs = parse_query(query)
        request = parse_search(types, resource_type, pairs)
    except FhirError as error:
        words = f"This filter is not understood: {error.issues[0].diagnostics}"
        raise rule_broken(words, "Subscription.criteria") from error
    if any(name.partition(":")[0] in RESULT_PARAMETERS for name, _ in pairs):
        words = "A filter says which Tasks are meant; it has no parameters that shape an answer."
        raise rule_broken(words, "Subscription.criteria")
    refuse_guessing(request, principal)


def _media_type(channel: Mapping[str, Any]) -> str:
    media_type = str(channel.get("payload") or FHIR_JSON)
    if not _JSON.fullmatch(media_type):
        words = f"Notifications are {FHIR_JSON} or application/json."
        raise rule_broken(words, "Subscription.channel.payload")
    return media_type


def _content(channel: Mapping[str, Any]) -> str:
    for each in _extensions(channel.get("_payload")):
        if each.get("url") == CONTENT:
            content = str(each.get("valueCode", ""))
            if content not in {"empty", "id-only"}:
                words = "Kersey tells ids only: ask for id-only or empty and read with your token."
                raise rule_broken(words, "Subscription.channel.payload")
            return content
    return "id-only" if channel.get("payload") else "empty"


def _headers(lines: Iterable[object]) -> Iterable[str]:
    place = "Subscription.channel.header"
    for line in lines:
        name, colon, value = str(line).partition(":")
        fine = name.isascii() and name.replace("-", "").isalnum()
        if not colon or not fine or not value.isascii() or not value.strip().isprintable():
            raise rule_broken("A header is written Name: value, in ASCII.", place)
        if name.lower() in OWN_HEADERS:
            raise rule_broken("This header is for Kersey to set: leave it out.", place)
        yield f"{name}:{value.strip()}"


def _extensions(element: object) -> list[dict[str, Any]]:
    found = element.get("extension", []) if isinstance(element, dict) else []
    return [each for each in found if isinstance(each, dict)]
