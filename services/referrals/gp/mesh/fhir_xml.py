"""FHIR JSON to XML and back as far as ITK3 messages need it (STU3 xml.html, json.html)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from defusedxml.ElementTree import fromstring as fromstring_of_others

FHIR = "http://hl7.org/fhir"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold at all (section 2.2), though JSON can."""
_ATTRIBUTES = frozenset({"url"})
"""Of an extension; everything else is an element."""


def to_xml(resource: Mapping[str, Any]) -> bytes:
    """A resource as XML; its members must be in the order of their definition.

    Args:
        resource: JSON without primitive extensions, which no message of ours has.
    """
    root = Element(resource["resourceType"], xmlns=FHIR)
    _fill(root, resource)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def storable(words: str) -> str:
    """The words without the signs that XML cannot hold."""
    return _NO_XML.sub("", words)


def _fill(element: Element, members: Mapping[str, Any]) -> None:
    for name, value in members.items():
        if name == "resourceType":
            continue
        if name in _ATTRIBUTES and element.tag == "extension":
            element.set(name, value)
            continue
        for each in value if isinstance(value, list) else [value]:
            _add(element, name, each)


def _add(parent: Element, name: str, value: Any) -> None:
    if name == "div":
        parent.append(fromstring(value))  # noqa: S314 - our own, made a moment ago
        return
    child = SubElement(parent, name)
    if not isinstance(value, Mapping):
        words = str(value).lower() if isinstance(value, bool) else str(value)
        child.set("value", storable(words))
    elif "resourceType" in value:
        _fill(SubElement(child, value["resourceType"]), value)
    else:
        _fill(child, value)


def from_xml(data: bytes) -> Element:
    """A message of somebody else, without its namespace.

    Raises:
        ValueError: it is no XML, or more than XML may be (entities, document types).
    """
    try:
        root: Element = fromstring_of_others(data, forbid_dtd=True)
    except (SyntaxError, LookupError) as error:  # the latter names an encoding that nobody has
        raise ValueError("no XML") from error
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
    return root


def values(root: Element, path: str) -> Iterator[str]:
    """The `value` attributes at a path, in order."""
    for each in root.iterfind(path):
        found = each.get("value")
        if found is not None:
            yield found
