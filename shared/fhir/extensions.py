"""Whether an extension says where it is defined, and stands and holds what its definition lets it.

R4 has the first as words: the url is that of a StructureDefinition (Extension.url), which is
absolute (StructureDefinition.url); only within another extension it may be a plain name
(extensibility.html). Where HL7's own may stand is `extensions.toml`, and what they may hold is
`extension_values.toml`; of others nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from shared.fhir.bindings import read
from shared.fhir.elements import ABSOLUTE, Element, TypeInfo
from shared.fhir.outcome import Issue

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
#: What R4 derives from what (datatypes.html): a context that names the second takes the first.
_DERIVED: Mapping[str, str] = {
    "Age": "Quantity",
    "Count": "Quantity",
    "Distance": "Quantity",
    "Duration": "Quantity",
    "SimpleQuantity": "Quantity",
    "canonical": "uri",
    "code": "string",
    "id": "string",
    "markdown": "string",
    "oid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
    "url": "uri",
    "uuid": "uri",
}


def extension_issues(
    extensions: Any, info: TypeInfo, path: str, element: Element | None, owner: TypeInfo | None
) -> Iterator[Issue]:
    """What is wrong with the place or the address of extensions.

    Args:
        extensions: what stands in ``extension`` or ``modifierExtension``; of any shape.
        info: the type of what they extend.
        path: where the list stands.
        element: what they extend, of the type ``owner``; None where it is a resource.
        owner: the type that has the element.
    """
    for n, each in enumerate(extensions if isinstance(extensions, list) else ()):
        url = each.get("url") if isinstance(each, dict) else None
        if not isinstance(url, str):
            continue
        place = f"{path}[{n}]"
        if info.path != "Extension" and not ABSOLUTE.fullmatch(url):
            words = f"{place}.url must be absolute: the address of the extension's definition."
            yield Issue("error", "value", words, (f"{place}.url",))
        contexts = _contexts().get(url.partition("|")[0])
        if contexts is not None and contexts.isdisjoint(_names(info, element, owner)):
            words = f"{place} is an extension of {_listed(contexts)}: it may not stand here."
            yield Issue("error", "invariant", words, (place,))
            continue
        yield from _value_issues(url.partition("|")[0], each, place)


def _value_issues(url: str, extension: Mapping[str, Any], place: str) -> Iterator[Issue]:
    """What is wrong with what an extension of HL7's holds, its own parts aside."""
    allowed = _values().get(url)
    if allowed is None:
        return
    held = {name.removeprefix("_") for name in extension if name.lstrip("_").startswith("value")}
    if not allowed and held:
        words = f"{place} has parts, and no value: it is an extension of several extensions."
        yield Issue("error", "invariant", words, (place,))
    elif allowed and not held & allowed:
        words = f"{place} must have {' or '.join(sorted(allowed))}."
        yield Issue("error", "invariant", words, (place,))


@cache
def _values() -> Mapping[str, frozenset[str]]:
    """By address, the elements of which an extension of HL7's has one; none where it has parts."""
    return {
        f"{_HL7}{name}": frozenset(
            f"value{kind[0].upper()}{kind[1:]}" for kind in kinds.split() if kind != "extension"
        )
        for kinds, names in read("extension_values.toml")["values"].items()
        for name in names
    }


@cache
def _contexts() -> Mapping[str, frozenset[str]]:
    """By address, the elements and types that an extension of HL7's may stand on."""
    table = read("extensions.toml")["contexts"]
    return {f"{_HL7}{name}": frozenset(contexts) for name, contexts in table.items()}


def _names(info: TypeInfo, element: Element | None, owner: TypeInfo | None) -> Iterator[str]:
    """By what names a context may mean what is extended."""
    if element is None or owner is None:
        yield from (info.path, "Resource")
        if "contained" in info.elements:
            yield "DomainResource"
        return
    yield f"{owner.path}.{element.name}"
    for group, names, _ in owner.choices:
        if element.name in names:
            yield f"{owner.path}.{group}[x]"
    kind = element.primitive or info.path
    while kind:
        yield kind
        kind = _DERIVED.get(kind, "")


def _listed(contexts: frozenset[str]) -> str:
    shown = sorted(contexts)
    return ", ".join(shown[:5]) + (" and others" if len(shown) > 5 else "")
