"""What of a message its sender has here already, by the numbers of registers.

A practice writes its Organization, its Practitioners and the person's Patient into every message.
Kept anew each time, they would be as many resources as messages, and no condition on their number
(`ifNoneExist`, R4 http.html) could be met again.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from services.referrals.bars.message import Entry
from services.referrals.telling_apart import agree
from shared.fhir.json import parse
from shared.fhir.search.values import escape
from shared.fhir.store import Access, FhirStore

Json = dict[str, Any]

ABOUT_NOBODY = frozenset(
    {"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"}
)
"""Types for which a number of a register says enough: whoever bears it is meant."""

MOST_NUMBERS = 20
"""Of one resource that are looked for: nobody has more, and each is a search."""


def condition(store: FhirStore, owner: str, entry: Entry) -> str | None:
    """On what an entry is created, as a REST client would write it into `ifNoneExist`.

    Where several are here under its number, the one that came first is named: a message must not
    fail for what earlier ones left.

    Args:
        store: of the documents.
        owner: the sender's organisation.
        entry: of the message.
    """
    if entry.type not in ABOUT_NOBODY:
        return None
    for query in _queries(entry.resource):
        found = store.match(entry.type, query, Access.of(owner), owner)
        return query if len(found) < 2 else f"_id={found[0].id}"
    return None


def patients(store: FhirStore, owner: str, entries: Iterable[Entry]) -> dict[str, str]:
    """By fullUrl, the `Type/id` of each Patient whom an entry means too.

    A number alone is not enough to write over what is known of a person: birth date and family
    name must agree, as for linking people.
    """
    return {
        entry.full_url: held.reference
        for entry in entries
        if entry.type == "Patient"
        for query in _queries(entry.resource)
        for held in store.match("Patient", query, Access.of(owner), owner)
        if agree(parse(held.body.encode()), entry.resource)
    }


def _queries(resource: Json) -> Iterator[str]:
    for each in resource.get("identifier", ())[:MOST_NUMBERS]:
        if each.get("system") and each.get("value"):
            yield f"identifier={quote('|'.join(map(escape, (each['system'], each['value']))))}"
