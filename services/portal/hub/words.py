"""What the hub's pages say for the codes of the directory and of notifications."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.prose import plain
from services.portal.times import WEEKDAYS
from shared.languages import _

MEMBERS: Mapping[str, str] = {
    "name": _("Name"),
    "alternate_name": _("Also called"),
    "description": _("What it says of itself"),
    "alert": _("Notice"),
    "status": _("Whether it runs"),
    "url": _("Web page"),
    "website": _("Website"),
    "email": _("E-mail"),
    "phones": _("Phone"),
    "contacts": _("Contact"),
    "fees_description": _("Cost"),
    "cost_options": _("Cost"),
    "schedules": _("Days and times"),
    "service_at_locations": _("Where"),
    "locations": _("Where"),
    "service_areas": _("For people from"),
    "languages": _("Language"),
    "minimum_age": _("From age"),
    "maximum_age": _("To age"),
    "eligibility_description": _("Who can come"),
    "application_process": _("How to join"),
    "accreditations": _("Quality marks"),
    "attributes": _("Needs, activities and access"),
    "funding": _("Who pays"),
    "organization_identifiers": _("Register number"),
    "organization_id": _("Organisation"),
    "assured_date": _("Last checked"),
    "kersey": _("How it is asked"),
}
"""Members of a listing, in the order in which two are shown beside each other."""

CLAIMS: Mapping[str, str] = {
    "open": _("Waiting for you"),
    "accepted": _("Accepted"),
    "refused": _("Refused"),
    "ended": _("Ended"),
    "withdrawn": _("Taken back"),
}

EVIDENCE: Mapping[str, str] = {
    "charity-number": _("Charity number"),
    "company-number": _("Company number"),
    "ods-code": _("ODS code"),
    "work-email": _("Work e-mail"),
    "words": _("In their words"),
}
"""By what somebody shows that a listing is theirs."""

FITS: Mapping[str, tuple[str, str]] = {
    "yes": (_("Fits the listing"), "green"),
    "no": (_("Does not fit"), "red"),
    "unknown": (_("Cannot be compared"), "grey"),
}

MATCHES: Mapping[str, str] = {
    "open": _("Waiting for you"),
    "accepted": _("Found to be one"),
    "refused": _("Found to be two"),
    "undone": _("Undone"),
}

DRAFTS: Mapping[str, str] = {
    "draft": _("Waiting for you"),
    "approved": _("Agreed, for a later day"),
    "sent-back": _("Sent back"),
}

VERSIONS: Mapping[str, str] = {
    **DRAFTS,
    "published": _("Public now"),
    "superseded": _("Something newer took its place"),
}
"""Where a version of a listing stands."""

LOOKED: Mapping[str, str] = {
    "visit": _("I went there"),
    "phone": _("I rang them"),
    "email": _("By e-mail"),
    "website": _("On their website"),
    "meeting": _("At a meeting"),
}
"""How somebody found out that a listing is right."""

ROOM: Mapping[str, str] = {
    "taking": _("Has room"),
    "waiting-list": _("Has a waiting list"),
    "full": _("Full"),
    "ask-first": _("Ask first"),
    "unknown": _("Not known"),
}

ACTIONS: Mapping[str, str] = {
    "idea": _("An idea"),
    "planned": _("Planned"),
    "opened": _("Opened"),
    "dropped": _("Dropped"),
}
"""Where an action about a gap stands."""

GAP_REASONS: Mapping[str, str] = {
    "none": _("there is nothing of the kind"),
    "full": _("no room"),
    "too-far": _("too far away"),
    "cost": _("costs too much"),
    "times": _("other times"),
    "access": _("access"),
    "language": _("language"),
    "age": _("for other ages"),
    "declined": _("whoever was asked said no"),
}

FAILURES: Mapping[str, str] = {
    "no-contact": _("There is no address of theirs that works"),
    "address-unusable": _("Mails to this address come back"),
    "endpoint-off": _("Their system is switched off"),
}
"""Why a message did not arrive; what begins with `bounce` came back."""

_MEND: Mapping[str, str] = {
    "no-contact": _(
        "Ask them how they want to be asked, and note it for them or put it right. Then try again"
    ),
    "address-unusable": _("Ring them. Put the address right, or say that you checked it"),
    "endpoint-off": _("Ring them. Once their system works, it gets what it missed"),
}

_INNER = frozenset(
    [
        "link_type", "link_entity", "currency", "latitude", "longitude", "location_type",
        "address_type", "attending_type", "code", "country", "uri", "term_uri", "attributes",
        "identifier_scheme",
    ]
)  # fmt: skip
"""What a person is not told of what is below a listing."""

Json = Mapping[str, Any]


def mend(code: str | None) -> str:
    """What to do about a message that did not arrive, in plain words."""
    came_back = (code or "").startswith("bounce")
    return _MEND.get("address-unusable" if came_back else code or "") or _(
        "Try again. If it fails once more, ring them and tell them yourself"
    )


def failure(code: str | None) -> str:
    """Why a message did not arrive, in plain words."""
    if not code:
        return _("We do not know why")
    if code.startswith("bounce"):
        return _("It came back")
    return FAILURES.get(code) or _("It could not be sent ({code})").format(code=code)


def member(path: str) -> str:
    """What a member of a listing is called, by its path such as `contacts.0.email`."""
    first, *below = path.split(".")
    named = MEMBERS.get(first) or _plain(first)
    parts = [str(int(each) + 1) if each.isdecimal() else _plain(each).lower() for each in below]
    return " ".join([str(named), *parts])


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
        return str(_("Yes") if value else _("No"))
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
        for told in (_term, _times, _address, _price):
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
    days = [
        str(WEEKDAYS.get(each, each)) for each in str(value.get("byday", "")).split(",") if each
    ]
    hours, closes = value["opens_at"], value.get("closes_at")
    if closes:
        hours = _("{opens} to {closes}").format(opens=hours, closes=closes)
    return " ".join(filter(None, (", ".join(days), hours, said(value.get("description")))))


def _price(value: Json) -> str:
    """What something costs, such as `A session: £2.00`."""
    amount, currency = value.get("amount"), value.get("currency")
    if amount is None or currency is None:
        return ""
    sum_ = f"£{amount:.2f}" if currency == "GBP" else f"{amount:.2f} {currency}"
    price = str(_("Free")) if amount == 0 else sum_
    described = filter(None, map(said, (value.get("amount_description"),)))
    return ", ".join([": ".join(filter(None, (said(value.get("option")), price))), *described])


def _address(value: Json) -> str:
    if "postal_code" not in value:
        return ""
    lines = ("address_1", "address_2", "city", "postal_code")
    return ", ".join(str(value[line]) for line in lines if value.get(line))


def _is_id(name: str, inner: frozenset[str] = frozenset()) -> bool:
    return name == "id" or name.endswith("_id") or name in inner


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
