"""What FHIR R4 says of an element: how it is written, how often, which codes and targets it takes.

Plain data with no library behind it. `shared.fhir.model` fills it from the R4 classes and
`shared.fhir.bindings`; `shared.fhir.checks` reads it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.fhir.bindings import CodeBinding, ConceptBinding
    from shared.fhir.invariants import Invariant

#: (issue code, what would be right), or None where the value is well written.
Fault = tuple[str, str] | None

#: How each primitive type is written: said to the sender whose value does not fit.
WRITTEN: Mapping[str, str] = {
    "base64Binary": "must be base64 text: groups of four characters, the last filled with '='",
    "boolean": "must be true or false, without quotes",
    "canonical": "must be a canonical URL without spaces",
    "code": "must be a code: text without white space but single spaces inside",
    "date": "must be a real date such as 2026, 2026-03 or 2026-03-01, without a time",
    "dateTime": (
        "must be a real date such as 2026, 2026-03 or 2026-03-01, or a time with its zone "
        "such as 2026-03-01T09:30:00Z"
    ),
    "decimal": "must be a JSON number, without quotes",
    "id": "must be 1 to 64 letters, digits, '-' or '.'",
    "instant": "must be a full time with its zone such as 2026-03-01T09:30:00Z",
    "integer": "must be a whole number between -2147483648 and 2147483647, without quotes",
    "markdown": "must be text that is not empty",
    "oid": "must be an OID such as urn:oid:1.2.3",
    "positiveInt": "must be a whole number between 1 and 2147483647, without quotes",
    "string": "must be text that is not empty",
    "time": "must be a time of day such as 09:30:00",
    "unsignedInt": "must be a whole number between 0 and 2147483647, without quotes",
    "uri": "must be a URI without spaces; one of an OID or a UUID begins with urn:",
    "url": "must be a URL without spaces",
    "uuid": "must be a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "xhtml": "must be XHTML text",
}

_MAX_STRING = 1024 * 1024
_CODE = re.compile(r"[^\s]+(?: [^\s]+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_SPACE = re.compile(r"\s")
#: How OIDs and UUIDs are often written, and are no URIs (R4 datatypes.html, oid and uuid).
_WITHOUT_URN = ("oid:", "uuid:")
#: Of R4's own pattern (datatypes.html, oid), also where a version or a fragment follows.
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+(?:[|#].*)?")
#: A URI that means the same wherever it stands (RFC 3986, section 4.3).
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMPTY: Fault = ("value", "must not be empty; leave it out where there is nothing to say")
_NOT_TEXT: Fault = ("structure", "must be a JSON string, in quotes")


def _text(value: Any) -> Fault:
    if type(value) is not str:
        return _NOT_TEXT
    if not value:
        return _EMPTY
    if len(value) > _MAX_STRING:
        return ("too-long", "must not be longer than 1,048,576 characters")
    return None


def _matching(kind: str, pattern: re.Pattern[str]) -> Callable[[Any], Fault]:
    fault: Fault = ("value", WRITTEN[kind])

    def check(value: Any) -> Fault:
        if type(value) is not str:
            return _NOT_TEXT
        return None if pattern.fullmatch(value) else fault if value else _EMPTY

    return check


def _uri(value: Any) -> Fault:
    if type(value) is not str:
        return _NOT_TEXT
    if not value:
        return _EMPTY
    if value.startswith("urn:oid:") and not _OID.fullmatch(value):
        return ("value", WRITTEN["oid"])
    wrong = _SPACE.search(value) or value.startswith(_WITHOUT_URN)
    return ("value", WRITTEN["uri"]) if wrong else None


def _base64(value: Any) -> Fault:
    """Base64 that can be read; white space in it is R4's (datatypes.html) and is passed over."""
    if type(value) is not str:
        return _NOT_TEXT
    if not value:
        return _EMPTY
    text = "".join(value.split())
    try:
        read = len(text) % 4 == 0 and b64decode(text, validate=True)
    except ValueError:
        read = b""
    return None if read else ("value", WRITTEN["base64Binary"])


def element_id(value: Any) -> Fault:
    """The id of an element within its resource (R4 element.html): any text without spaces."""
    fault = _text(value)
    if fault is None and _SPACE.search(value):
        return "value", "must be text without spaces"
    return fault


def _boolean(value: Any) -> Fault:
    return None if type(value) is bool else ("structure", WRITTEN["boolean"])


def _decimal(value: Any) -> Fault:
    if _is_whole(value) or isinstance(value, float | Decimal):
        return None
    return ("structure", WRITTEN["decimal"])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(kind: str) -> Callable[[Any], Fault]:
    fault: Fault = ("structure", WRITTEN[kind])

    def check(value: Any) -> Fault:
        return None if _is_whole(value) else fault

    return check


#: The JSON form of each primitive. What is checked here is what the model classes would coerce or
#: let pass ("true" for true, an id of 65 characters, a URI with spaces); the formats of dates and
#: ranges of numbers are the classes' own.
PRIMITIVES: Mapping[str, Callable[[Any], Fault]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _matching("code", _CODE),
    "date": _text,
    "dateTime": _text,
    "decimal": _decimal,
    "id": _matching("id", _ID),
    "instant": _text,
    "integer": _whole("integer"),
    "markdown": _text,
    "oid": _uri,
    "positiveInt": _whole("positiveInt"),
    "string": _text,
    "time": _text,
    "unsignedInt": _whole("unsignedInt"),
    "uri": _uri,
    "url": _uri,
    "uuid": _matching("uuid", _UUID),
    "xhtml": _text,
}


@dataclass(slots=True)
class Element:
    """One element of a type, by the name it has in JSON (``valueString``, not ``value[x]``).

    ``primitive`` is the primitive type's name, or None; ``type`` describes a complex element and
    is None for a nested resource (``resource`` is then true). Of a primitive it describes what may
    stand beside it in ``_name``, and is None where nothing may. ``targets`` are
    the resource types that a Reference may name, None for any. ``taken`` says whether the classes
    take a primitive's value, which ``check`` found written as JSON should be.
    """

    name: str
    many: bool
    primitive: str | None = None
    check: Callable[[Any], Fault] | None = None
    taken: Callable[[Any], bool] | None = None
    resource: bool = False
    type: TypeInfo | None = None
    codes: CodeBinding | None = None
    concept: ConceptBinding | None = None
    pattern: re.Pattern[str] | None = None
    targets: frozenset[str] | None = None


@dataclass(slots=True)
class TypeInfo:
    """A resource, a datatype or a part of one (``Task.restriction``), with its elements by name.

    ``required`` names elements that must be there and ``summary`` those of R4's summary;
    ``choices`` are the groups of which at most one may be (``value[x]``), as (group, its names,
    whether one is required).
    """

    path: str
    resource: bool
    elements: dict[str, Element] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    summary: frozenset[str] = frozenset()
    choices: tuple[tuple[str, tuple[str, ...], bool], ...] = ()
    invariants: tuple[Invariant, ...] = ()
