"""What Outpost writes otherwise: the open-source directory of several English councils, whose feed
has names of Open Referral UK 1 and 2 beside its own.

Places stand in the service with their address flat and their point as GeoJSON; terms stand in it
without links; ages, costs and telephones have other names.
"""

import re
from typing import Any

from services.providers.importing.reading.records import Said

TERMS = {
    "taxonomies": "Categories",
    "suitabilities": "Suitable for",
    "send_needs": "Special educational needs and disabilities",
}
"""Members of a service that hold terms, and what such terms are together."""

_MASK = "***"
"""In the place of an address that is not to be seen, such as a childminder's."""
_OF_AN_ADDRESS = "attention address_1 address_2 city region state_province postal_code country"


def as_open_referral(said: Said) -> None:
    """A service's own names as Open Referral UK has them; changed in place."""
    _renamed(said, min_age="minimum_age", max_age="maximum_age")
    if said.pop("needs_referral", None) is True:
        said.setdefault("application_process", "By referral")
    if said.pop("free", None) is True:
        said.setdefault("cost_options", [{"option": "Free", "amount": 0}])
    found: list[Said] = []
    for member, name in TERMS.items():
        terms = said.pop(member, None)
        found += [_link(member, name, term) for term in dicts(terms)]
        found += by_name(terms, name)
    if found:
        said["attributes"] = [*dicts(said.get("attributes")), *found]
    places = dicts(said.pop("locations", None))
    if places:
        said.setdefault("service_at_locations", [{"location": each} for each in places])
    for at in dicts(said.get("service_at_locations")):
        for location in dicts(at.get("location")):
            _location(location)
    for cost in dicts(said.get("cost_options")):
        _renamed(cost, cost_type="amount_description")


def dicts(value: Any) -> list[Said]:
    """The entities of a list, or the one that stands where a list belongs."""
    if isinstance(value, dict):
        return [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def by_name(value: Any, taxonomy: str = "Other terms") -> list[Said]:
    """Links to terms of which nothing is said but their names, in a list or in one text."""
    if isinstance(value, str):
        value = re.split(r"[,;|]", value)
    names = (
        [each.strip() for each in value if isinstance(each, str)] if isinstance(value, list) else []
    )
    terms = [{"id": f"{taxonomy}/{each}", "name": each, "taxonomy": taxonomy} for each in names]
    return [{"taxonomy_term": {"code": each["name"]} | each} for each in terms if each["name"]]


def _renamed(said: Said, **names: str) -> None:
    for old, new in names.items():
        if old in said:
            said.setdefault(new, said.pop(old))


def _link(member: str, name: str, term: Said) -> Said:
    """Terms are numbered within their member: the 1st category is not the 1st suitability."""
    key = term.get("id")
    if key is not None and member != "taxonomies":
        key = f"{member}/{key}"
    return {"taxonomy_term": term | {"id": key, "taxonomy": name}}


def _location(location: Said) -> None:
    geometry = location.pop("geometry", None)
    point = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if isinstance(point, list) and len(point) == 2:
        location.setdefault("longitude", point[0])
        location.setdefault("latitude", point[1])
    flat = {name: location[name] for name in _OF_AN_ADDRESS.split() if name in location}
    if flat.keys() & {"address_1", "postal_code"}:
        for name in flat:
            del location[name]
        if flat.get("address_1") == _MASK:
            del flat["address_1"]
        location.setdefault("addresses", [flat])
    for access in dicts(location.get("accessibility")):
        _renamed(access, name="accessibility")
