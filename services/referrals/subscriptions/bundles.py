"""Notifications and answers about a Subscription, as the Backport shapes them in R4.

Each is a Bundle that begins with the status as Parameters (Backport, "R4 Topic-Based Subscription
Notifications" and profile backport-subscription-status-r4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from services.referrals.desk import Desk
from services.referrals.resources import instant
from services.referrals.subscriptions.channels import BACKPORT
from services.referrals.subscriptions.standing import IN_WORDS
from services.referrals.subscriptions.topics import TOPICS
from services.referrals.tables.subscription import SubscriptionEvent, SubscriptionState
from shared.fhir.json import parse
from shared.fhir.store import Stored

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """An event that its subscriber may be told of now.

    Attributes:
        event: what happened.
        document: that version, where the whole resource is told.
    """

    event: SubscriptionEvent
    document: Stored | None = None


def notification(
    desk: Desk,
    state: SubscriptionState,
    kind: str,
    told: Sequence[Told] = (),
    *,
    number: int,
    content: str = "",
) -> Json:
    """A history Bundle whose first entry is the status.

    Args:
        desk: knows Kersey's public address.
        state: the Subscription.
        kind: `handshake`, `heartbeat`, `event-notification` or `query-event`.
        told: the events; none in a handshake or heartbeat.
        number: of events since the start, up to this notification.
        content: how much of each, if not as the Subscription says.
    """
    content = content or state.content
    first = {
        "fullUrl": f"urn:uuid:{uuid4()}",
        "resource": _parameters(desk.base_url, state, kind, number, told, content),
        "request": {"method": "GET", "url": f"{desk.base_url}/Subscription/{state.id}/$status"},
        "response": {"status": "200"},
    }
    entries = _entries(desk.base_url, told) if content != "empty" else ()
    return _bundle(desk, "history") | {"entry": [first, *entries]}


def statuses(desk: Desk, states: Iterable[SubscriptionState], link: str) -> Json:
    """A searchset Bundle of Subscriptions as they stand now (Backport, operation $status).

    Args:
        desk: knows Kersey's public address.
        states: the Subscriptions.
        link: of the request, below the base.
    """
    entries = [
        {
            "fullUrl": f"urn:uuid:{uuid4()}",
            "resource": _parameters(desk.base_url, state, "query-status", state.number),
            "search": {"mode": "match"},
        }
        for state in states
    ]
    bundle = _bundle(desk, "searchset") | {
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{desk.base_url}/{link}"}],
    }
    return bundle | ({"entry": entries} if entries else {})


def _bundle(desk: Desk, kind: str) -> Json:
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "type": kind,
        "timestamp": instant(desk.clock()),
    }


def _entries(base: str, told: Iterable[Told]) -> Iterable[Json]:
    """What the events are about, each resource (of a whole one each version) once."""
    seen: set[tuple[str, int | None]] = set()
    for each in told:
        focus = f"{each.event.type}/{each.event.id}"
        version = each.document.version if each.document else None
        if (focus, version) in seen:
            continue
        seen.add((focus, version))
        entry: Json = {"fullUrl": f"{base}/{focus}"}
        if each.document is not None:
            entry["resource"] = parse(each.document.body.encode())
        yield entry | _came_about(each.event, focus)


def _came_about(event: SubscriptionEvent, focus: str) -> Json:
    """How a version came to be, as the resource's own history says it (R4 http.html, history)."""
    created = event.version == 1
    return {
        "request": {"method": "POST", "url": event.type}
        if created
        else {"method": "PUT", "url": focus},
        "response": {"status": "201" if created else "200"},
    }


def _parameters(
    base: str,
    state: SubscriptionState,
    kind: str,
    number: int,
    told: Iterable[Told] = (),
    content: str = "empty",
) -> Json:
    """The status as Parameters (Backport, backport-subscription-status-r4)."""
    parameter: list[Json] = [
        {
            "name": "subscription",
            "valueReference": {"reference": f"{base}/Subscription/{state.id}"},
        },
        *([{"name": "topic", "valueCanonical": state.topic}] if state.topic in TOPICS else []),
        {"name": "status", "valueCode": state.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(number)},
    ]
    for event in (each.event for each in told):
        part: list[Json] = [
            {"name": "event-number", "valueString": str(event.number)},
            {"name": "timestamp", "valueInstant": instant(event.happened)},
        ]
        if content != "empty":
            focus = {"reference": f"{base}/{event.type}/{event.id}"}
            part.append({"name": "focus", "valueReference": focus})
        parameter.append({"name": "notification-event", "part": part})
    if state.error is not None:
        text = IN_WORDS.get(state.error, state.error)
        parameter.append({"name": "error", "valueCodeableConcept": {"text": text}})
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-status-r4"]},
        "parameter": parameter,
    }
