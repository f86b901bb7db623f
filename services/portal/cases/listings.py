"""What a leaflet shows of a listing: where it is, when, how to get in touch."""

from collections.abc import Mapping
from typing import Any

from shared.languages import _

Listing = Mapping[str, Any]


def place_of(listing: Listing) -> str:
    """The first place where one can go, on one line; empty where there is none."""
    for at in listing.get("service_at_locations") or ():
        location = at.get("location") or {}
        if location.get("location_type") == "virtual":
            continue
        address: Listing = next(iter(location.get("addresses") or ()), {})
        lines = [location.get("name"), address.get("address_1"), address.get("city")]
        found = ", ".join(dict.fromkeys(str(line) for line in lines if line))
        return " ".join(filter(None, (found, address.get("postal_code"))))
    return ""


def reached_by(listing: Listing) -> list[tuple[str, str]]:
    """The ways to get in touch that the public listing has, each once: their kinds and values."""
    people = listing.get("contacts") or ()
    owner = listing.get("organization") or {}
    phones = [
        each.get("number")
        for whose in (listing, *people, owner)
        for each in whose.get("phones") or ()
    ]
    emails = [listing.get("email"), *(each.get("email") for each in people), owner.get("email")]
    ways = (
        (_("Phone"), phones),
        (_("E-mail"), emails),
        (_("Web page"), [listing.get("url"), owner.get("website")]),
    )
    return [(kind, str(first)) for kind, found in ways for first in [*filter(None, found)][:1]]
