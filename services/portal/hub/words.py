"""What the hub's pages say for the codes of the directory and of notifications."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.front_door.words import NEEDS

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
    return known.get(str(value), str(value))


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
