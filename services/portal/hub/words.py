"""What the hub's pages say for the codes of the directory and of notifications."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.front_door.words import NEEDS
from services.portal.prose import plain
from services.portal.times import WEEKDAYS

MEMBERS: Mapping[str, str] = {
    "name": "Name",
    "alternate_name": "Also called",
    "description": "What it says of itself",
    "alert": "Notice",
    "status": "Whether it runs",
    "url": "Web page",
    "website": "Website",
    "email": "E-mail",
    "phones": "Phone",
    "contacts": "Contact",
    "fees_description": "Cost",
    "cost_options": "Cost",
    "schedules": "Days and times",
    "service_at_locations": "Where",
    "locations": "Where",
    "service_areas": "For people from",
    "languages": "Language",
    "minimum_age": "From age",
    "maximum_age": "To age",
    "eligibility_description": "Who can come",
    "application_process": "How to join",
    "accreditations": "Quality marks",
    "attributes": "Needs, activities and access",
    "funding": "Who pays",
    "organization_identifiers": "Register number",
    "organization_id": "Organisation",
    "assured_date": "Last checked",
    "kersey": "How it is asked",
}
"""Members of a listing, in the order in which two are shown beside each other."""

CLAIMS: Mapping[str, str] = {
    "open": "Waiting for you",
    "accepted": "Accepted",
    "refused": "Refused",
    "ended": "Ended",
    "withdrawn": "Taken back",
}

EVIDENCE: Mapping[str, str] = {
    "charity-number": "Charity number",
    "company-number": "Company number",
    "ods-code": "ODS code",
    "work-email": "Work e-mail",
    "words": "In their words",
}
"""By what somebody shows that a listing is theirs."""

FITS: Mapping[str, tuple[str, str]] = {
    "yes": ("Fits the listing", "green"),
    "no": ("Does not fit", "red"),
    "unknown": ("Cannot be compared", "grey"),
}

MATCHES: Mapping[str, str] = {
    "open": "Waiting for you",
    "accepted": "Found to be one",
    "refused": "Found to be two",
    "undone": "Undone",
}

DRAFTS: Mapping[str, str] = {
    "draft": "Waiting for you",
    "approved": "Agreed, for a later day",
    "sent-back": "Sent back",
}

VERSIONS: Mapping[str, str] = {
    **DRAFTS,
    "published": "Public now",
    "superseded": "Something newer took its place",
}
"""Where a version of a listing stands."""

LOOKED: Mapping[str, str] = {
    "visit": "I went there",
    "phone": "I rang them",
    "email": "By e-mail",
    "website": "On their website",
    "meeting": "At a meeting",
}
"""How somebody found out that a listing is right."""

ROOM: Mapping[str, str] = {
    "taking": "Has room",
    "waiting-list": "Has a waiting list",
    "full": "Full",
    "ask-first": "Ask first",
    "unknown": "Not known",
}

ACTIONS: Mapping[str, str] = {
    "idea": "An idea",
    "planned": "Planned",
    "opened": "Opened",
    "dropped": "Dropped",
}
"""Where an action about a gap stands."""

GAP_REASONS: Mapping[str, str] = {
    "none": "there is nothing of the kind",
    "full": "no room",
    "too-far": "too far away",
    "cost": "costs too much",
    "times": "other times",
    "access": "access",
    "language": "language",
    "age": "for other ages",
    "declined": "whoever was asked said no",
}

FAILURES: Mapping[str, str] = {
    "no-contact": "We have no address for them",
    "address-unusable": "Mails to this address come back",
    "endpoint-off": "Their system is switched off",
}
"""Why a message did not arrive; what begins with `bounce` came back."""

_INNER = frozenset(
    [
        "link_type", "link_entity", "currency", "latitude", "longitude", "location_type",
        "address_type", "attending_type", "code", "country", "uri", "term_uri", "attributes",
        "identifier_scheme",
    ]
)  # fmt: skip
"""What a person is not told of what is below a listing."""

Json = Mapping[str, Any]


def need(code: str) -> str:
    """A need in plain words."""
    return NEEDS.get(code) or code.replace("-", " ").capitalize()


def failure(code: str | None) -> str:
    """Why a message did not arrive, in plain words."""
    if not code:
        return "We do not know why"
    if code.startswith("bounce"):
        return "It came back"
    return FAILURES.get(code) or f"It could not be sent ({code})"


def member(path: str) -> str:
    """What a member of a listing is called, by its path such as `contacts.0.email`."""
    first, *below = path.split(".")
    named = MEMBERS.get(first) or _plain(first)
    parts = [str(int(each) + 1) if each.isdecimal() else _plain(each).lower() for each in below]
    return " ".join([named, *parts])


def said(value: Any, terms: Mapping[str, str] | None = None) -> str:
    """What a member of a listing says, as one text; empty where it says nothing.

    Args:
        value: as the directory has it.
        terms: what taxonomy terms are called, by id.
    """
    known = terms or {}
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Mapping):
        term = known.get(str(value.get("taxonomy_term_id")), "")
        pairs = ((name, said(each, known)) for name, each in value.items() if not _is_id(name))
        parts = [f"{_plain(name).lower()}: {each}" for name, each in pairs if each]
        return "; ".join(filter(None, [term, *parts]))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(filter(None, (said(each, known) for each in value)))
    return known.get(str(value)) or plain(value)


def brief(value: Any) -> str:
    """What a member of a public listing says, as a person would tell it; see `said`."""
    if isinstance(value, Mapping):
        for told in (_term, _times, _address):
            one = told(value)
            if one:
                return one
        inner = (brief(each) for name, each in value.items() if not _is_id(name, _INNER))
        return ", ".join(filter(None, inner))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(filter(None, map(brief, value)))
    return said(value)


def _term(value: Json) -> str:
    term = value.get("taxonomy_term")
    return str(term.get("name", "")) if isinstance(term, Mapping) else ""


def _times(value: Json) -> str:
    """When something is on, such as `Tuesday, Friday 10:00 to 12:00`."""
    if "opens_at" not in value:
        return ""
    days = [WEEKDAYS.get(each, each) for each in str(value.get("byday", "")).split(",") if each]
    hours = " to ".join(filter(None, (value["opens_at"], value.get("closes_at", ""))))
    return " ".join(filter(None, (", ".join(days), hours, said(value.get("description")))))


def _address(value: Json) -> str:
    if "postal_code" not in value:
        return ""
    lines = ("address_1", "address_2", "city", "postal_code")
    return ", ".join(str(value[line]) for line in lines if value.get(line))


def _is_id(name: str, inner: frozenset[str] = frozenset()) -> bool:
    return name == "id" or name.endswith("_id") or name in inner


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
