"""What a resource is found by: one walk over the parsed JSON, at the time it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from shared.fhir.search import terms
from shared.fhir.search.dates import BEGINNING, END, ranges
from shared.fhir.search.folding import contact, fold, fold_system
from shared.fhir.search.parameters import PHONETIC, Path, ResourceType, SearchParam, link_key
from shared.fhir.search.sound import sounds

#: Characters of a string that are indexed; a B-tree entry must stay under a third of a page. A
#: search is by prefix anyway; one for a longer text finds what begins like it, and ``:contains``
#: looks at the beginning only. ``:exact`` compares all of it, by its hash.
STRING_LIMIT = 256

_HUMAN_NAME = ("text", "family", "given", "prefix", "suffix")
_ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")
_RESTFUL = re.compile(
    r"(?:(?P<base>https?://.+)/)?(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?:/_history/[A-Za-z0-9.-]{1,64})?"
)


@dataclass(slots=True)
class IndexEntry:
    """Everything the search tables hold about one resource.

    Attributes:
        terms: hashes of exact values.
        dates: (parameter key, low, high) as timestamptz text.
        strings: (parameter key, folded value).
        quantities: (parameter key, low, high, system, code, unit), bounds as numeric text.
        links: (element key, document key) of references to served types.
        sorted_at: begin of the type's main date; ``-infinity`` where it has none. It stands
            here and not among ``dates``.
        sorted_until: its end; ``-infinity`` where it has none.
    """

    terms: set[int] = field(default_factory=set)
    dates: set[tuple[int, str, str]] = field(default_factory=set)
    strings: set[tuple[int, str]] = field(default_factory=set)
    quantities: set[tuple[int, str, str, str, str, str]] = field(default_factory=set)
    links: set[tuple[int, int]] = field(default_factory=set)
    sorted_at: str = BEGINNING
    sorted_until: str = BEGINNING


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reference leads: a document here (``local``), or an address elsewhere."""

    type: str | None
    id: str | None
    address: str
    local: bool


def target_of(reference: str, base_url: str) -> Target | None:
    """Read a literal reference; None for one inside its own resource (``#id``).

    An absolute address below ``base_url`` is this server's own; a version is left off, because a
    search by reference finds all versions of the target.
    """
    if reference.startswith("#") or not reference:
        return None
    match = _RESTFUL.fullmatch(reference)
    if match is None:
        return Target(None, None, reference, local=False)
    here = f"{match['type']}/{match['id']}"
    if match["base"] is None or match["base"] == base_url:
        return Target(match["type"], match["id"], here, local=True)
    return Target(match["type"], match["id"], f"{match['base']}/{here}", local=False)


class Extractor:
    """Fills index entries for the resources of one server.

    Args:
        base_url: the server's own address, under which absolute references are local.
        zone: what a date without zone means.
    """

    def __init__(self, *, base_url: str, zone: ZoneInfo) -> None:
        self._base_url = base_url
        self._zone = zone
        self._by_type: dict[str, Callable[[SearchParam, Path, Any, IndexEntry], bool]] = {
            "token": self._token,
            "reference": self._reference,
            "string": self._string,
            "date": self._date,
            "quantity": self._quantity,
            "number": self._number,
            "uri": self._uri,
        }

    def entry(self, resource_type: ResourceType, resource: dict[str, Any]) -> IndexEntry:
        """The index entry of a resource; ``id`` and ``meta.lastUpdated`` have columns instead."""
        entry = IndexEntry()
        found: set[str] = set()
        by_element = resource_type.by_element
        for element, value in resource.items():
            for param, path in by_element.get(element, ()):
                index = self._by_type[param.type]
                for each in _values(value, path):
                    if index(param, path, each, entry):
                        found.add(param.code)
        for code in found:
            entry.terms.add(terms.known_term("present", resource_type.params[code].name))
        self._absent(resource_type, found, entry)
        self._main_date(resource_type, entry)
        return entry

    def _absent(self, resource_type: ResourceType, found: set[str], entry: IndexEntry) -> None:
        for param in resource_type.params.values():
            if param.absent is not None and param.code not in found:
                entry.terms.add(terms.known_term("code", param.name, param.absent))

    def _main_date(self, resource_type: ResourceType, entry: IndexEntry) -> None:
        if resource_type.sort_date is None:
            return
        key = resource_type.params[resource_type.sort_date].key
        found = {row for row in entry.dates if row[0] == key}
        if found:
            entry.dates -= found
            entry.sorted_at = _earliest(low for _, low, _ in found)
            entry.sorted_until = _latest(high for _, _, high in found)

    # --- one method per kind of parameter; each says whether it found a value -----------------

    def _token(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        found = False
        for each in tokens(value, path):
            found |= self._add_token(param.name, each, entry)
        return found

    def _add_token(self, name: str, token: Token, entry: IndexEntry) -> bool:
        system, code, of_type = token.system, token.code, token.of_type
        if code:
            entry.terms.add(terms.term("code", name, code))
            if system:
                entry.terms.add(terms.term("system|code", name, system, code))
            else:
                entry.terms.add(terms.term("|code", name, code))
        if system:
            entry.terms.add(terms.term("system|", name, system))
        if of_type and code:
            entry.terms.add(terms.term("of-type", name, *of_type, code))
        return bool(code or system)

    def _reference(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if isinstance(value, str):
            return self._canonical(param, path, value, entry)
        if not isinstance(value, dict):
            return False
        found = False
        identifier = value.get("identifier")
        if isinstance(identifier, dict):
            for token in tokens(identifier, Path((), "Identifier")):
                found |= self._add_token(f"{param.name}:identifier", token, entry)
        reference = value.get("reference")
        target = target_of(reference, self._base_url) if isinstance(reference, str) else None
        if target is None:
            return found and not param.only_targets
        kind = target.type or value.get("type")
        if param.only_targets and kind not in param.targets:
            return False
        element = f"{param.resource}.{path.dotted}"
        entry.terms.add(terms.term("reference", element, target.address))
        if target.local and target.type and target.id:
            key = terms.document_key(target.type, target.id)
            entry.links.add((link_key(param.resource, path), key))
        return True

    def _canonical(self, param: SearchParam, path: Path, value: str, entry: IndexEntry) -> bool:
        element = f"{param.resource}.{path.dotted}"
        entry.terms.add(terms.term("reference", element, value))
        entry.terms.add(terms.term("reference", element, value.partition("|")[0]))
        return True

    def _string(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if param.code == PHONETIC:
            return self._phonetic(param, path, value, entry)
        found = False
        for text in strings(value, path.datatype):
            entry.strings.add((param.key, fold(text)[:STRING_LIMIT]))
            entry.terms.add(terms.term("exact", param.name, text))
            found = True
        return found

    def _phonetic(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        heard = {sound for text in strings(value, path.datatype) for sound in sounds(text)}
        entry.terms.update(terms.term("sound", param.name, sound) for sound in heard)
        return bool(heard)

    def _date(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if param.code == "_lastUpdated":
            return False
        found = False
        for each in ranges(value, path.datatype, self._zone):
            entry.dates.add((param.key, each.low, each.high))
            found = True
        return found

    def _quantity(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if not isinstance(value, dict):
            return False
        row = _range_quantity(value) if path.datatype == "Range" else _quantity(value)
        if row is None:
            return False
        entry.quantities.add((param.key, *row))
        return True

    def _number(self, param: SearchParam, _path: Path, value: Any, entry: IndexEntry) -> bool:
        number = _numeric(value)
        if number is None:
            return False
        entry.quantities.add((param.key, number, number, "", "", ""))
        return True

    def _uri(self, param: SearchParam, _path: Path, value: Any, entry: IndexEntry) -> bool:
        if not isinstance(value, str) or not value:
            return False
        entry.terms.add(terms.term("uri", param.name, value))
        entry.strings.add((param.key, value[:STRING_LIMIT]))
        return True


class Token(NamedTuple):
    """One token value; ``code`` is folded unless it is a key such as an identifier's value."""

    system: str
    code: str
    of_type: tuple[str, str] | None = None


def token_code(text: str, datatype: str) -> str:
    """A code as it is compared.

    R4 (search.html, token): when in doubt, without regard to case. An identifier's value is not
    in doubt: it is a key, and two keys that differ in case are two things.
    """
    if datatype == "Identifier":
        return text
    if datatype == "ContactPoint":
        return contact(text)
    return text.casefold()


def tokens(value: Any, path: Path) -> Iterator[Token]:
    """The tokens of one element's value, by its FHIR datatype."""
    datatype = path.datatype
    if isinstance(value, bool):
        yield Token("", "true" if value or datatype == "present" else "false")
    elif isinstance(value, str):
        yield Token("", "true" if datatype == "present" else token_code(value, datatype))
    elif isinstance(value, dict):
        yield from _complex_tokens(value, datatype)


def _complex_tokens(value: dict[str, Any], datatype: str) -> Iterator[Token]:
    if datatype == "CodeableConcept":
        for coding in value.get("coding") or ():
            if isinstance(coding, dict):
                yield _coding(coding)
    elif datatype == "Coding":
        yield _coding(value)
    elif datatype == "Identifier":
        yield from _identifier(value)
    elif datatype == "ContactPoint" and isinstance(value.get("value"), str):
        yield Token(_system(value), contact(value["value"]))


def _coding(value: dict[str, Any]) -> Token:
    return Token(_system(value), _text(value, "code").casefold())


def _identifier(value: dict[str, Any]) -> Iterator[Token]:
    system, code = _system(value), _text(value, "value")
    yield Token(system, code)
    kind = value.get("type")
    for coding in (kind.get("coding") or ()) if isinstance(kind, dict) else ():
        if isinstance(coding, dict):
            of_type = (_system(coding), _text(coding, "code").casefold())
            yield Token(system, code, of_type)


def strings(value: Any, datatype: str) -> Iterator[str]:
    """The strings of one element's value; a name or address is searched by any of its parts."""
    if isinstance(value, str):
        if value.strip():
            yield value
        return
    if not isinstance(value, dict):
        return
    if datatype == "HumanName":
        yield from _parts(value, _HUMAN_NAME)
        whole = [*_parts(value, ("given",)), *_parts(value, ("family",))]
        if len(whole) > 1:
            yield " ".join(whole)
    elif datatype == "Address":
        yield from _parts(value, _ADDRESS)
    else:
        yield from _parts(value, ("text",))


def _values(value: Any, path: Path) -> Iterable[Any]:
    """The values of a path that begins with the element ``value``; most paths end there."""
    if len(path.keys) > 1 or path.where is not None:
        return walk(value, path.keys[1:], path.where)
    return value if type(value) is list else (value,)


def walk(node: Any, keys: tuple[str, ...], where: tuple[str, str] | None) -> Iterator[Any]:
    """The values at the end of a path, through every array on the way."""
    if isinstance(node, list):
        for each in node:
            yield from walk(each, keys, where)
    elif keys:
        if isinstance(node, dict) and keys[0] in node:
            yield from walk(node[keys[0]], keys[1:], where)
    elif node is not None and (
        where is None or (isinstance(node, dict) and node.get(where[0]) == where[1])
    ):
        yield node


def _parts(value: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        part = value.get(name)
        for text in part if isinstance(part, list) else (part,):
            if isinstance(text, str) and text.strip():
                yield text


def _system(value: dict[str, Any]) -> str:
    return fold_system(_text(value, "system"))


def _earliest(lows: Iterable[str]) -> str:
    return min(lows, key=lambda low: "" if low == BEGINNING else low)


def _latest(highs: Iterable[str]) -> str:
    return max(highs, key=lambda high: "~" if high == END else high)


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return text if isinstance(text, str) else ""


def _numeric(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    # PostgreSQL's numeric ends long before an absurd exponent does.
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        return None
    return f"{number:f}"


def _quantity(value: dict[str, Any]) -> tuple[str, str, str, str, str] | None:
    number = _numeric(value.get("value"))
    if number is None:
        return None
    low = high = number
    comparator = _text(value, "comparator")
    if comparator.startswith("<"):
        low = BEGINNING
    elif comparator.startswith(">"):
        high = END
    system = _text(value, "system")
    return low, high, system, _text(value, "code") or _text(value, "currency"), _text(value, "unit")


def _range_quantity(value: dict[str, Any]) -> tuple[str, str, str, str, str] | None:
    ends = [end for end in (value.get("low"), value.get("high")) if isinstance(end, dict)]
    low, high = (
        _numeric(end.get("value")) if isinstance(end, dict) else None
        for end in (value.get("low"), value.get("high"))
    )
    if low is None and high is None:
        return None
    unit = ends[0]
    return (
        low or BEGINNING,
        high or END,
        _text(unit, "system"),
        _text(unit, "code"),
        _text(unit, "unit"),
    )
