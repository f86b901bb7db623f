"""Where a service is, as feeds write it otherwise: one place for a list of them or a list for one,
a place by its name alone, a postcode inside a line of an address.

An address without a postcode is none of HSDS, and whoever goes there needs its street all the same.
"""

import re
from collections.abc import Iterator
from typing import Any

from services.providers.importing.mending.listings import Repair
from services.providers.importing.mending.outpost import dicts
from services.providers.importing.mending.rules import any_of
from services.providers.importing.reading.records import Said

PLACE = "one-place"
POSTCODE = "postcode-from-lines"
IN_WORDS = "address-in-words"

_POSTCODE = re.compile(
    r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])",
    re.ASCII | re.IGNORECASE,
)
"""Of the United Kingdom (BS 7666)."""
_LINES = ("address_1", "city", "region", "state_province", "attention")


def settle(said: Said) -> list[Repair]:
    """Put the places of a service in version 3's shape where version 3 has them; changed in place.

    Returns:
        What was done, if anything.
    """
    repairs: list[Repair] = []
    bare = said.pop("location", None)
    if bare is not None and "service_at_locations" not in said:
        several = bare if isinstance(bare, list) else [bare]
        named = [{"name": each} if isinstance(each, str) else each for each in several]
        said["service_at_locations"] = [{"location": each} for each in named]
        repairs.append(Repair(PLACE, "location", "stood in the service"))
    for number, at in _numbered(said.get("service_at_locations")):
        where = f"service_at_locations.{number}.location"
        location = at.get("location")
        if isinstance(location, list) and len(location) == 1:
            location = at["location"] = location[0]
            repairs.append(Repair(PLACE, where, "was a list of one"))
        if isinstance(location, str):
            at["location"] = {"name": location}
            repairs.append(Repair(PLACE, where, f"was '{any_of(location)}'"))
        elif isinstance(location, dict):
            repairs += _addresses(location, where)
    return repairs


def _numbered(value: Any) -> Iterator[tuple[int, Said]]:
    several = value if isinstance(value, list) else [value]
    return ((number, each) for number, each in enumerate(several) if isinstance(each, dict))


def _addresses(location: Said, above: str) -> Iterator[Repair]:
    found = dicts(location.get("addresses"))
    for number, address in enumerate(found):
        if "postal_code" in address:
            continue
        where = f"{above}.addresses.{number}"
        line = next((name for name in _LINES if _postcode(address.get(name))), None)
        words = ", ".join(each for name in _LINES if isinstance(each := address.get(name), str))
        if line is not None:
            _move(address, line)
            yield Repair(POSTCODE, f"{where}.postal_code", f"stood in '{any_of(words)}'")
        elif words and address.get("address_type") != "postal":
            said = location.get("description")
            if said is None or isinstance(said, str):
                location["description"] = words if said is None else f"{said}\n{words}"
            location["addresses"] = [each for each in found if "postal_code" in each]
            yield Repair(IN_WORDS, where, f"has no postcode: '{any_of(words)}'")


def _postcode(line: Any) -> re.Match[str] | None:
    return _POSTCODE.search(line) if isinstance(line, str) else None


def _move(address: Said, name: str) -> None:
    """Take the postcode out of a line, and the line with it where it says nothing else."""
    found = _postcode(address[name])
    assert found is not None
    address["postal_code"] = f"{found[1]} {found[2]}".upper()
    rest = (address[name][: found.start()] + address[name][found.end() :]).strip(" ,.;\n")
    if rest:
        address[name] = rest
    else:
        del address[name]
