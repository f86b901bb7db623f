"""What would be better in a resource that is good R4: told by $validate, and never a refusal.

R4 words these as SHOULD (dom-6, white space of strings in datatypes.html, systems of codes in
terminologies.html), so that a resource without them is stored like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.fhir.elements import ABSOLUTE
from shared.fhir.outcome import Issue
from shared.fhir.profiles import claimed, profiles

MOST = 50
"""Remarks on one resource: nobody reads more."""

_ANY_URI = "urn:ietf:rfc:3986"
_WITHOUT_NARRATIVE = frozenset({"Bundle", "Binary", "Parameters"})
_BASE = "http://hl7.org/fhir/StructureDefinition/"


def advice(resource: Mapping[str, Any]) -> list[Issue]:
    """The remarks on a resource that `validate` has taken."""
    kind = str(resource["resourceType"])
    found = [*_unknown_profiles(resource, kind), *_narrative(resource, kind)]
    for issue in _elements(resource, kind):
        if len(found) == MOST:
            break
        found.append(issue)
    return found


def _unknown_profiles(resource: Mapping[str, Any], kind: str) -> Iterator[Issue]:
    for n, each in claimed(resource):
        if each != f"{_BASE}{kind}" and profiles().profile(each) is None:
            place = f"{kind}.meta.profile[{n}]"
            words = f"{place} is not known here: the resource was not held to it."
            yield Issue("information", "not-supported", words, (place,))


def _narrative(resource: Mapping[str, Any], kind: str) -> Iterator[Issue]:
    if "text" not in resource and kind not in _WITHOUT_NARRATIVE:
        words = "A resource should have a narrative, for readers who know no FHIR (dom-6)."
        yield Issue("warning", "invariant", words, (f"{kind}.text",))


def _elements(value: Any, path: str) -> Iterator[Issue]:
    if isinstance(value, str):
        if value and not value.strip():
            yield Issue("warning", "value", f"{path} should be more than white space.", (path,))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _elements(item, f"{path}[{n}]")
    elif isinstance(value, dict):
        yield from _system(value, path)
        for name, item in value.items():
            if name != "div":
                yield from _elements(item, f"{path}.{name.removeprefix('_')}")


def _system(node: Mapping[str, Any], path: str) -> Iterator[Issue]:
    """Of a Coding or an Identifier: from which system it is."""
    system = node.get("system")
    if ".coding[" in path and path.endswith("]") and "code" in node and "system" not in node:
        words = f"{path} should have a system: a code without one has no meaning to others."
        yield Issue("warning", "value", words, (f"{path}.system",))
    elif isinstance(system, str) and ("code" in node or "value" in node):
        of_quantity_or_contact = "unit" in node or _last(path).startswith(("telecom", "value"))
        if not of_quantity_or_contact and not ABSOLUTE.fullmatch(system):
            words = f"{path}.system should be an absolute URI."
            yield Issue("warning", "value", words, (f"{path}.system",))
        if system == _ANY_URI and not ABSOLUTE.fullmatch(str(node.get("value"))):
            words = f"{path}.value should be an absolute URI, as its system says."
            yield Issue("warning", "value", words, (f"{path}.value",))


def _last(path: str) -> str:
    return path.rpartition(".")[2]
