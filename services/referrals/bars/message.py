"""A message Bundle, read: what it asks for, and whether that is something that is done here.

The checks and their order are those of BaRS Core, "Standard pattern for composites" and "Bundle
processing": the Bundle's version, then the workflow variables (event, reason, category and status)
and what the MessageDefinition demands.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.referrals.bars import terms
from services.referrals.bars.definitions import CARDINALITY, TAKEN
from services.referrals.bars.endpoints import identifier_of
from services.referrals.bars.errors import refusal
from services.referrals.bars.headers import Exchange
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError, Issue

Json = dict[str, Any]
Kind = Literal["new", "update", "cancel"]

_TAKEN_BACK = frozenset({"revoked", "entered-in-error"})
_RUNNING = frozenset({"active", "on-hold"})
_HEADER = "Bundle.entry[0].resource"
_DEMANDED = ("destination", "sender", "reason", "focus", "definition")
"""Elements of MessageHeader that BaRS demands and R4 does not."""
LONGEST_URL = 255
"""Characters of an entry's fullUrl: a UUID has 45."""


@dataclass(frozen=True)
class Entry:
    """A resource of a message, beside its header."""

    index: int
    full_url: str
    resource: Json

    @property
    def path(self) -> str:
        """Where it stands, for expressions."""
        return f"Bundle.entry[{self.index}].resource"

    @property
    def type(self) -> str:
        """Its resource type."""
        return str(self.resource["resourceType"])


@dataclass(frozen=True)
class Message:
    """A message that can be taken.

    Attributes:
        id: the Bundle's; what answers to it name.
        kind: what it asks for.
        header: its MessageHeader.
        focus: its ServiceRequest.
        entries: all its resources but the header.
    """

    id: str
    kind: Kind
    header: Json
    focus: Entry
    entries: tuple[Entry, ...]

    @property
    def endpoint(self) -> str:
        """Where its sender can be reached."""
        return str(self.header["source"]["endpoint"])

    @property
    def target(self) -> str:
        """The service that it is for, as its sender writes it."""
        return str(self.header["destination"][0]["endpoint"])

    def find(self, reference: object) -> Entry | None:
        """The entry that a Reference leads to."""
        literal = reference.get("reference") if isinstance(reference, dict) else None
        return next((each for each in self.entries if literal in _names(each)), None)


def read_message(body: Json, exchange: Exchange, services: frozenset[str]) -> Message:
    """Check a message.

    Args:
        body: parsed JSON.
        exchange: what its HTTP headers say.
        services: those that this deployment receives messages for; any if there is none.

    Raises:
        FhirError: 400 for what is no such message, or asks for something that BaRS does not know;
            422 for what is right and not for this receiver.
    """
    if body.get("resourceType") != "Bundle" or body.get("type") != "message":
        raise refusal(400, "value", "A message is a Bundle of type message.", "Bundle.type")
    validate(body, expected_type="Bundle")
    _check_version(body)
    header = _header_of(body)
    _check_event(header, exchange)
    _check_destination(header, exchange, services)
    _check_definition(header)
    entries = tuple(_entries(body))
    focus = _focus(header, entries)
    kind = _kind_of(header, focus, exchange)
    _check_categories(focus)
    _check_cardinality(entries)
    _check_types(entries)
    return Message(str(body["id"]), kind, header, focus, entries)


def same_service(one: str, other: str) -> bool:
    """Whether two `system|value` name one service: senders vary in `Id`/`id` and in the scheme."""
    return _plain(one) == _plain(other)


def _plain(identifier: str) -> tuple[str, str]:
    system, value = identifier_of(identifier)
    return system.casefold().removeprefix("http://").removeprefix("https://"), value.strip()


def _check_version(body: Json) -> None:
    if not body.get("id"):
        words = "A message has an id: answers to it name it as MessageHeader.response.identifier."
        raise refusal(400, "required", words, "Bundle.id")
    version = body.get("meta", {}).get("versionId")
    place = "Bundle.meta.versionId"
    if version is None:
        raise refusal(400, "invariant", "A message says of which version of BaRS it is.", place)
    if not terms.SUPPORTED.fullmatch(version):
        words = "This receiver speaks version 1 of BaRS, such as 1.4.0."
        raise refusal(422, "not-supported", words, place)


def _header_of(body: Json) -> Json:
    header: Json = body["entry"][0]["resource"]  # bdl-12, which `validate` holds a message to
    missing = [
        Issue("error", "required", f"BaRS demands MessageHeader.{name}.", (f"{_HEADER}.{name}",))
        for name in _DEMANDED
        if not header.get(name)
    ]
    if missing:
        raise FhirError(400, missing)
    return header


def _check_event(header: Json, exchange: Exchange) -> None:
    place = f"{_HEADER}.eventCoding"
    event = header.get("eventCoding", {})
    code = str(event.get("code"))
    known = {terms.REQUEST, terms.RESPONSE} | terms.BOOKINGS
    if event.get("system") != terms.EVENTS or code not in known:
        words = f"The event is one of {terms.EVENTS}, such as {terms.REQUEST}."
        raise refusal(400, "invariant", words, place)
    if exchange.event not in {None, code}:
        words = "The header use-context names another event than the message."
        raise refusal(400, "invariant", words, "http.use-context", place)
    if code in terms.BOOKINGS:
        words = "This receiver takes referrals; it books no appointments."
        raise refusal(400, "not-supported", words, place)
    if code == terms.RESPONSE:
        if not header.get("response"):
            words = "A response says to which message it is one."
            raise refusal(400, "invariant", words, f"{_HEADER}.response")
        words = "This receiver has sent no message of that id: it refers nobody by BaRS."
        raise refusal(404, "not-found", words, f"{_HEADER}.response.identifier")


def _check_destination(header: Json, exchange: Exchange, services: frozenset[str]) -> None:
    place = f"{_HEADER}.destination"
    for n, each in enumerate(header["destination"]):
        if not each.get("receiver"):
            words = "A destination says which Organization is to receive the message."
            raise refusal(400, "required", words, f"{place}[{n}].receiver")
    named = [str(each["endpoint"]) for each in header["destination"]]
    if services and not any(same_service(exchange.target, each) for each in services):
        words = "This receiver is not the service of that identifier."
        raise refusal(400, "value", words, "http.NHSD-Target-Identifier")
    if services and not any(same_service(name, each) for name in named for each in services):
        words = "This receiver is not the service that the message is for."
        raise refusal(422, "business-rule", words, f"{place}[0].endpoint")
    if not any(same_service(exchange.target, name) for name in named):
        # BaRS Core, Message Headers: a destination's endpoint is the NHSD-Target-Identifier.
        words = "The header NHSD-Target-Identifier names another service than the message is for."
        places = ("http.NHSD-Target-Identifier", f"{place}[0].endpoint")
        raise refusal(400, "invariant", words, *places)


def _check_definition(header: Json) -> None:
    place = f"{_HEADER}.definition"
    name = str(header["definition"]).partition("|")[0].rpartition("/")[2]
    if "validation" in name or "booking" in name:
        words = "This receiver takes referrals and their cancellation; see /MessageDefinition."
        raise refusal(400, "not-supported", words, place)


def _entries(body: Json) -> Iterator[Entry]:
    for n, each in enumerate(body["entry"][1:], start=1):
        resource = each.get("resource")
        if resource is None:
            words = "Every entry of a message has a resource."
            raise refusal(400, "required", words, f"Bundle.entry[{n}].resource")
        url = each.get("fullUrl") or f"urn:uuid:{resource.get('id')}"
        if len(url) > LONGEST_URL:
            words = f"A fullUrl has {LONGEST_URL} characters at most."
            raise refusal(400, "too-long", words, f"Bundle.entry[{n}].fullUrl")
        yield Entry(n, url, resource)


def _focus(header: Json, entries: Sequence[Entry]) -> Entry:
    place = f"{_HEADER}.focus"
    named = {each.get("reference") for each in header["focus"]}
    found = [each for each in entries if named & _names(each)]
    requests = [each for each in found if each.type == "ServiceRequest"]
    if len(requests) != 1:
        words = "The focus of this message is its one ServiceRequest, which is an entry of it."
        raise refusal(400, "invariant", words, place)
    return requests[0]


def _names(entry: Entry) -> set[object]:
    key = entry.resource.get("id")
    also = {f"urn:uuid:{key}", f"{entry.type}/{key}"} if key else set()
    return {entry.full_url, *also}


def _kind_of(header: Json, focus: Entry, exchange: Exchange) -> Kind:
    """What reason and status ask for together.

    A cancellation is an `update` whose request is revoked or entered in error (BaRS Core,
    Cancellation). BaRS's reason `delete` stands for the same where the status agrees.
    """
    place = f"{_HEADER}.reason"
    coding = header["reason"].get("coding", [])
    reason = next((c.get("code") for c in coding if c.get("system") == terms.REASONS), None)
    if exchange.reason not in {None, reason}:
        words = "The header use-context names another reason than the message."
        raise refusal(400, "invariant", words, "http.use-context", place)
    status = focus.resource.get("status")
    match reason:
        case "new" if status == "active":
            return "new"
        case "update" | "delete" if status in _TAKEN_BACK:
            return "cancel"
        case "update" if status in _RUNNING:
            return "update"
    if reason not in {"new", "update", "delete"}:
        words = f"The reason is new, update or delete of {terms.REASONS}."
        raise refusal(400, "invariant", words, place)
    words = (
        "Reason and status do not agree: a new referral is active; an update is active or on-hold;"
        " a cancellation is an update that is revoked or entered-in-error."
    )
    raise refusal(400, "invariant", words, place, f"{focus.path}.status")


def _check_categories(focus: Entry) -> None:
    place = f"{focus.path}.category"
    coding = [
        (f"{place}[{n}].coding[{m}].code", each)
        for n, category in enumerate(focus.resource.get("category", []))
        for m, each in enumerate(category.get("coding", []))
    ]
    kinds = {c.get("code"): where for where, c in coding if c.get("system") == terms.CATEGORIES}
    if "validation" in kinds:
        words = "This receiver takes referrals; it validates no assessments."
        raise refusal(400, "not-supported", words, kinds["validation"])
    if not terms.REFERRALS & kinds.keys():
        words = f"The category of a referral is referral of {terms.CATEGORIES}."
        raise refusal(400, "invariant", words, place)
    for where, each in coding:
        if each.get("system") == terms.USE_CASES and terms.URGENT.fullmatch(str(each.get("code"))):
            words = (
                "This receiver takes referrals to social prescribing. Nobody watches it round the"
                " clock, and this use case is one of urgent care: send it to that service."
            )
            raise refusal(422, "not-supported", words, where)
    if not focus.resource.get("authoredOn"):
        words = "A referral says when it was made."
        raise refusal(400, "required", words, f"{focus.path}.authoredOn")


def _check_cardinality(entries: Sequence[Entry]) -> None:
    """BaRS leaves to the receiver to check what its MessageDefinition demands."""
    found: Mapping[str, int] = Counter(each.type for each in entries)
    for kind, (least, most) in CARDINALITY.items():
        number = found.get(kind, 0)
        if number < least or (most is not None and number > most):
            upper = "or more" if most is None else f"at most {most}"
            words = f"A referral has {least} {kind} ({upper}); see /MessageDefinition."
            raise refusal(400, "invariant", words, "Bundle.entry")


def _check_types(entries: Sequence[Entry]) -> None:
    issues = [
        Issue(
            "error",
            "not-supported",
            f"No {each.type} is taken here: nobody would see it. /MessageDefinition says what is.",
            (each.path,),
        )
        for each in entries
        if each.type not in TAKEN
    ]
    if issues:
        raise FhirError(422, issues)
