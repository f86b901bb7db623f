"""Where the sender of a message is reached, checked as the endpoints of Subscriptions are.

`MessageHeader.source.endpoint` is an address, or the identifier of an Endpoint: what the answer's
NHSD-Target-Identifier will be (BaRS Core, Message header). Behind the national proxy the address of
an identifier is in its Endpoint Catalogue; here it is an Endpoint that the sender keeps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import UUID

from sqlmodel import Session

from services.referrals import endpoints
from services.referrals.bars.errors import refusal
from services.referrals.subscriptions.channels import OWN_HEADERS
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.json import parse
from shared.fhir.outcome import FhirError
from shared.fhir.search.values import escape
from shared.fhir.store import Access, FhirStore, Stored

OPERATION = "$process-message"


@dataclass(frozen=True)
class Destination:
    """Where an answer is posted to, and with which headers of the sender's own."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


URI = "urn:ietf:rfc:3986"
"""The system of an identifier that is an address (R4 datatypes.html, Identifier)."""


def is_address(endpoint: str) -> bool:
    """Whether an endpoint is an address, and no identifier as `system|value`."""
    return endpoint.startswith(("https://", "http://")) and "|" not in endpoint


def identifier_of(endpoint: str) -> tuple[str, str]:
    """An endpoint as NHSD-Target-Identifier names it: system and value.

    Args:
        endpoint: `system|value`, or an address.
    """
    system, bar, value = endpoint.rpartition("|")
    return (system, value) if bar and system else (URI, value)


def check(endpoint: str, http: OutgoingHttp, place: str) -> None:
    """Refuse an address that may not be posted to.

    Raises:
        FhirError: 422 naming the element.
    """
    fault = http.fault(endpoint) if is_address(endpoint) else None
    if fault is None and is_address(endpoint) and "?" in endpoint:
        fault = "it is a base address, to which the operation is added: no query"
    if fault is not None:
        words = f"This endpoint cannot be used: {fault.replace('-', ' ')}."
        raise refusal(422, "business-rule", words, place)


def destination(
    session: Session, store: FhirStore, organisation: UUID, endpoint: str
) -> Destination | None:
    """Where answers go now; None where nobody says.

    Args:
        session: of this service's database.
        store: of the documents.
        organisation: the sender.
        endpoint: as its message names it.
    """
    if is_address(endpoint):
        return Destination(_operation(endpoint))
    found = _kept(store, organisation, endpoint, "&status=active")
    if len(found) != 1:
        return None
    kept = endpoints.reached(session, found[0].id, parse(found[0].body.encode()))
    if "?" in kept.address:
        return None
    return Destination(_operation(kept.address), _headers(kept.headers))


def expects(store: FhirStore, organisation: UUID, endpoint: str) -> bool:
    """Whether a sender waits for answers, though it may be that none can be sent at this moment:
    its Endpoint is suspended, or there are two.

    Args:
        store: of the documents.
        organisation: the sender.
        endpoint: as its message names it.
    """
    return is_address(endpoint) or bool(_kept(store, organisation, endpoint))


def _kept(store: FhirStore, organisation: UUID, endpoint: str, more: str = "") -> list[Stored]:
    """The Endpoints of an identifier; none, one, or two for several."""
    owner = str(organisation)
    system, bar, value = endpoint.rpartition("|")
    token = "|".join(escape(part) for part in ([system, value] if bar else [value]))
    try:
        return store.match("Endpoint", f"identifier={quote(token)}{more}", Access.of(owner), owner)
    except FhirError:
        return []


def _operation(address: str) -> str:
    base = address.rstrip("/")
    return base if base.endswith(OPERATION) else f"{base}/{OPERATION}"


def _headers(lines: Iterable[str]) -> dict[str, str]:
    """Those that its Endpoint wants sent, but for those that would break the message."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        plain = name.replace("-", "").isalnum() and name.isascii()
        written = value.isascii() and value.isprintable()
        if colon and plain and written and name.lower() not in OWN_HEADERS:
            found[name] = value
    return found
