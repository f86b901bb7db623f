"""The channel of a Subscription as a client sends it: where, how, how often, how much at once.

R4 subscription.html (`channel`) and the Backport's extensions of it: payload content, heartbeat
period, time-out, max count. The secret for signatures is an extension of Kersey's own: neither
specification has a place for one.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.referrals import codes
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.outcome import rule_broken

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT = f"{BACKPORT}/backport-payload-content"
HEARTBEAT = f"{BACKPORT}/backport-heartbeat-period"
TIMEOUT = f"{BACKPORT}/backport-timeout"
MAX_COUNT = f"{BACKPORT}/backport-max-count"
SECRET = f"{codes.KERSEY}/StructureDefinition/notification-secret"

CONTENTS = ("empty", "id-only", "full-resource")
LONGEST_TIMEOUT = 20
"""Seconds; a worker that is told to stop waits as long for what it sends (`shared.worker`)."""
LONGEST_HEARTBEAT = 7 * 24 * 3600
MOST_AT_ONCE = 100
"""Events in a notification, however many a client would take: `max-count` is a limit, no wish."""
FHIR_JSON = "application/fhir+json"
OWN_HEADERS = frozenset(
    """connection content-encoding content-length content-type expect host keep-alive
    proxy-connection te traceparent trailer transfer-encoding upgrade webhook-id webhook-signature
    webhook-timestamp""".split()
)
"""Headers that say how a notification is sent; a subscriber's own would break the message."""

_JSON = re.compile(r"application/(?:fhir\+)?json(?:; ?[A-Za-z]+=[A-Za-z0-9.-]+)*")
_PLACE = "Subscription.channel"


@dataclass(frozen=True)
class Channel:
    """How a subscriber wants to be told.

    Attributes:
        plain: R4's own rest-hook: no Bundle and no handshake.
        content: `empty`, `id-only` or `full-resource`.
        endpoint: where to.
        headers: each `Name:value`.
        media_type: of a notification.
        max_count: how many events one notification may tell.
        heartbeat: seconds of silence after which it wants a sign of life.
        timeout: seconds that it may take to answer.
        secret: with which notifications are signed, as Standard Webhooks writes it.
    """

    plain: bool
    content: str
    endpoint: str
    headers: tuple[str, ...]
    media_type: str
    max_count: int
    heartbeat: int | None
    timeout: int | None
    secret: str | None


def read_channel(channel: Mapping[str, Any], http: OutgoingHttp, *, query: bool) -> Channel:
    """Understand a channel.

    Args:
        channel: as sent, valid by FHIR.
        http: knows which endpoints can be reached.
        query: whether `criteria` is a query, as in R4 without the Backport.

    Raises:
        FhirError: 422 with the element that cannot be served.
    """
    if channel.get("type") != "rest-hook":
        raise rule_broken("Only rest-hook channels are served.", f"{_PLACE}.type")
    endpoint = str(channel.get("endpoint", ""))
    fault = http.fault(endpoint)
    if fault:
        words = f"This endpoint cannot be used: {fault.replace('-', ' ')}."
        raise rule_broken(words, f"{_PLACE}.endpoint")
    asked = _content(channel)
    plain = query and asked is None
    has_payload = bool(channel.get("payload"))
    if plain and has_payload and "?" in endpoint:
        words = "With a payload the endpoint is a FHIR base, to which Type/id is added: no query."
        raise rule_broken(words, f"{_PLACE}.endpoint")
    heartbeat = _whole(channel, HEARTBEAT, "valueUnsignedInt", LONGEST_HEARTBEAT)
    if plain and heartbeat:
        words = "A heartbeat is a Bundle of the Backport: say payload-content too."
        raise rule_broken(words, f"{_PLACE}.extension")
    by_payload = ("full-resource" if plain else "id-only") if has_payload else "empty"
    return Channel(
        plain=plain,
        content=asked or by_payload,
        endpoint=endpoint,
        headers=tuple(_headers(channel.get("header", []))),
        media_type=_media_type(channel),
        max_count=min(_whole(channel, MAX_COUNT, "valuePositiveInt", None) or 1, MOST_AT_ONCE),
        heartbeat=heartbeat,
        timeout=_whole(channel, TIMEOUT, "valueUnsignedInt", LONGEST_TIMEOUT),
        secret=_secret(channel),
    )


def extensions(element: object, url: str) -> list[dict[str, Any]]:
    """The extensions of an element under one address; those of others are passed over."""
    found = element.get("extension", []) if isinstance(element, dict) else []
    return [each for each in found if isinstance(each, dict) and each.get("url") == url]


def _content(channel: Mapping[str, Any]) -> str | None:
    for each in extensions(channel.get("_payload"), CONTENT):
        content = str(each.get("valueCode", ""))
        if content not in CONTENTS:
            words = f"The content of a payload is one of {', '.join(CONTENTS)}."
            raise rule_broken(words, f"{_PLACE}.payload")
        return content
    return None


def _media_type(channel: Mapping[str, Any]) -> str:
    media_type = str(channel.get("payload") or FHIR_JSON)
    if not _JSON.fullmatch(media_type):
        words = f"Notifications are {FHIR_JSON} or application/json."
        raise rule_broken(words, f"{_PLACE}.payload")
    return media_type


def _whole(channel: Mapping[str, Any], url: str, value: str, longest: int | None) -> int | None:
    """A whole number in an extension; None where it is absent or 0."""
    for each in extensions(channel, url):
        name = url.rpartition("/")[2]
        number = each.get(value)
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise rule_broken(f"{name} is a {value} of whole numbers.", f"{_PLACE}.extension")
        if longest is not None and number > longest:
            words = f"{name} is at most {longest} seconds here."
            raise rule_broken(words, f"{_PLACE}.extension")
        return number or None
    return None


def _secret(channel: Mapping[str, Any]) -> str | None:
    for each in extensions(channel, SECRET):
        secret = str(each.get("valueString", ""))
        try:
            size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if not secret.startswith("whsec_") or not 24 <= size <= 64:
            words = "A secret is whsec_ and the base64 of 24 to 64 random bytes."
            raise rule_broken(words, f"{_PLACE}.extension")
        return secret
    return None


def _headers(lines: Iterable[object]) -> Iterable[str]:
    place = f"{_PLACE}.header"
    for line in lines:
        name, colon, value = str(line).partition(":")
        fine = name.isascii() and name.replace("-", "").isalnum()
        if not colon or not fine or not value.isascii() or not value.strip().isprintable():
            raise rule_broken("A header is written Name: value, in ASCII.", place)
        if name.lower() in OWN_HEADERS:
            raise rule_broken("This header is for Kersey to set: leave it out.", place)
        yield f"{name}:{value.strip()}"
