"""Records of Open Referral UK 1 and 2, and members of HSDS that stand elsewhere here, as HSDS 3.

The names that changed are those of the UK profile's changelog, and of the feeds: a service at a
location has its times as `regular_schedule`. What version 3 has no place for (reviews, holiday
schedules, deliverable types) is left.
"""

import re
from typing import Any
from uuid import uuid5

from services.providers.importing.mending.given_ids import NAMESPACE
from services.providers.importing.mending.outpost import as_open_referral, by_name, dicts
from services.providers.importing.mending.rules import age_of
from services.providers.importing.reading.records import Said

RENAMED = {
    "regular_schedules": "schedules",
    "regular_schedule": "schedules",
    "fundings": "funding",
    "physical_addresses": "addresses",
    "accessibility_for_disabilities": "accessibility",
    "accessibilities": "accessibility",
    "organisation": "organization",
    "organisation_id": "organization_id",
    "eligibilities": "eligibilitys",
}
"""Members by their name in version 1 and 2."""

_KERSEYS = ("kersey", "hub")
"""What nobody else says of a listing: its tier, how it is asked, whose place it covers."""

_TERMS_BY_NAME = ("taxonomy_terms", "taxonomy", "categories", "category", "tags")
"""Members of a service that some write, with the names of its terms."""

_OTHERWISE = frozenset((*RENAMED, *_KERSEYS))
"""Names that stay in no record; most have none of them."""


def modern(said: Said) -> Said:
    """A tidied service or organisation in version 3's shape, changed in place.

    What Kersey alone says is not taken from others.
    """
    _rename(said)
    as_open_referral(said)
    for owner in dicts(said.get("organization"))[:1]:
        said.setdefault("organization_id", owner.get("id"))
        _organization(owner)
    _organization(said)
    _eligibilities(said)
    _attending(said)
    _classifications(said)
    _contacts(said)
    spoken = said.get("languages", said.pop("language", None))
    if isinstance(spoken, str):
        spoken = [each for part in re.split(r"[,;/]| and ", spoken) if (each := part.strip())]
    if isinstance(spoken, list):
        said["languages"] = [{"language": x} if isinstance(x, str) else x for x in spoken]
    for language in dicts(said.get("languages")):
        _language(language)
    for area in dicts(said.get("service_areas")):
        if "service_area" in area:
            area.setdefault("name", area["service_area"])
    for schedule in dicts(said.get("schedules")):
        _schedule(schedule)
    for at in dicts(said.get("service_at_locations")):
        for schedule in dicts(at.get("schedules")):
            _schedule(schedule)
        location = at.get("location")
        for address in dicts(location.get("addresses") if isinstance(location, dict) else None):
            _address(address)
    if said.get("organization_id") is None:
        said.pop("organization_id", None)
    return said


def _rename(value: Any) -> None:
    """Every member that has another name now, and nothing of Kersey's own, at every level."""
    if isinstance(value, dict):
        if not _OTHERWISE.isdisjoint(value):
            for name in _KERSEYS:
                value.pop(name, None)
            for old, new in RENAMED.items():
                if old in value:
                    value.setdefault(new, value.pop(old))
        value = value.values()
    for each in value:
        if isinstance(each, dict | list):
            _rename(each)


def _organization(said: Said) -> None:
    if "organization_id" not in said and "url" in said:
        said.setdefault("website", said["url"])


def _eligibilities(said: Said) -> None:
    """`eligibility` is no entity any more: ages stand in the service, the rest is its words."""
    plain = said.pop("eligibility", None)
    if isinstance(plain, str):
        said.setdefault("eligibility_description", plain)
    found = [*dicts(said.pop("eligibilitys", None)), *dicts(plain)]
    for name, widest in (("minimum_age", min), ("maximum_age", max)):
        ages = [age for each in found if (age := age_of(each.get(name))) is not None]
        if ages and name not in said:
            said[name] = widest(ages)
    words = [each["eligibility"] for each in found if isinstance(each.get("eligibility"), str)]
    if words:
        said.setdefault("eligibility_description", "; ".join(dict.fromkeys(words)))


def _attending(said: Said) -> None:
    """How one attends stood in the service: version 3 has the type in its schedules, and nothing
    for the access (referral, appointment, membership, drop-in) but words."""
    kind, access = said.pop("attending_type", None), said.pop("attending_access", None)
    if isinstance(access, str):
        words = access[:1].upper() + access[1:].replace("_", " ")
        said.setdefault("application_process", words)
    if not isinstance(kind, str):
        return
    places = dicts(said.get("service_at_locations"))
    every = [each for owner in (said, *places) for each in dicts(owner.get("schedules"))]
    if not every:
        every = said["schedules"] = [{}]
    for schedule in every:
        schedule.setdefault("attending_type", kind.replace("_", " "))


def _classifications(said: Said) -> None:
    """`service_taxonomys` link a service to a `taxonomy`, which is a term now."""
    old = said.pop("service_taxonomys", None)
    links = [
        {"id": link.get("id"), "taxonomy_term_id": term.get("id"), "taxonomy_term": _term(term)}
        for link in dicts(old)
        for term in dicts([link.get("taxonomy")])
    ]
    links += by_name(old)
    for name in _TERMS_BY_NAME:
        links += by_name(said.pop(name, None))
    told = said.get("attributes")
    if isinstance(told, list):
        others = [each for each in told if not isinstance(each, str)]
        said["attributes"] = others + by_name(told)
    if links:
        said["attributes"] = [*dicts(said.get("attributes")), *links]


def _term(term: Said) -> Said:
    return term if "taxonomy" in term else term | {"taxonomy": term.get("vocabulary")}


def _contacts(said: Said) -> None:
    """A telephone of the service itself, and whoever is reached at one of its locations, are
    contacts of the service: Kersey's listing has none elsewhere.
    """
    places = dicts(said.get("service_at_locations"))
    owners = [said, *places, *(each for at in places for each in dicts(at.get("location")))]
    for each in [*owners, *(one for owner in owners for one in dicts(owner.get("contacts")))]:
        _numbers(each)
    contacts = dicts(said.get("contacts"))
    found = list(contacts)
    for number, owner in enumerate(owners):
        if owner is not said:
            found += dicts(owner.pop("contacts", None))
        known = {_number(phone) for each in found for phone in dicts(each.get("phones"))}
        bare = [each for each in dicts(owner.pop("phones", None)) if _number(each) not in known]
        if bare:
            place = owner.get("id") or (number or "")
            found.append({"id": str(uuid5(NAMESPACE, f"phones of {place}")), "phones": bare})
    once = {str(each.get("id") or id(each)): each for each in found}
    if len(found) > len(contacts):
        said["contacts"] = list(once.values())
    for contact in once.values():
        for phone in dicts(contact.get("phones")):
            for language in dicts(phone.get("languages")):
                _language(language)


def _numbers(said: Said) -> None:
    """The telephone numbers of a service, a place or a contact, where it has but one or a text."""
    bare = said.pop("telephone", None) or said.pop("phone", None)
    if isinstance(bare, str | int):
        said.setdefault("phones", [{"number": str(bare)}])
    if isinstance(said.get("phones"), str | int):
        said["phones"] = [{"number": str(said["phones"])}]


def _number(phone: Said) -> str:
    return "".join(each for each in str(phone.get("number")) if each.isdigit())


def _language(said: Said) -> None:
    """`language` was one text, a name or a code."""
    spoken = said.pop("language", None)
    if isinstance(spoken, str):
        said.setdefault("code" if len(spoken) in (2, 3) else "name", spoken)


def _schedule(said: Said) -> None:
    for old, new in (("weekday", "byday"), ("until", "valid_to")):
        if old in said:
            said.setdefault(new, said.pop(old))


def _address(said: Said) -> None:
    """HSDS has a second line of an address, the UK profile and Kersey have one."""
    lines = [said.get("address_1"), said.pop("address_2", None)]
    if lines[1] is not None:
        said["address_1"] = ", ".join(str(line) for line in lines if line is not None)
