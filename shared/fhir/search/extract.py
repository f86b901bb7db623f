"""What a resource is found by: one walk over the parsed JSON, at the time it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from shared.fhir.search import terms
from shared.fhir.search.composites import Pairs
from shared.fhir.search.contained import HOLDS, contained_in, held
from shared.fhir.search.dates import earliest, latest, ranges
from shared.fhir.search.entry import STRING_LIMIT, IndexEntry
from shared.fhir.search.folding import fold
from shared.fhir.search.parameters import (
    CALLED,
    PHONETIC,
    WITH_TEXT,
    Path,
    ResourceType,
    SearchParam,
    Types,
    link_key,
    text_key,
)
from shared.fhir.search.quantities import base_row, numeric, place_row, quantity_row
from shared.fhir.search.sound import sounds
from shared.fhir.search.strings import strings
from shared.fhir.search.targets import target_of
from shared.fhir.search.tokens import Token, forms, texts, tokens
from shared.fhir.search.walking import walk


class Extractor:
    """Fills index entries for the resources of one server.

    Args:
        base_url: the server's own address, under which absolute references are local.
        zone: what a date without zone means.
        types: the served types, as which contained resources are looked at.
    """

    def __init__(self, *, base_url: str, zone: ZoneInfo, types: Types | None = None) -> None:
        self._types = types or {}
        self._base_url = base_url
        self._zone = zone
        self._pairs = Pairs(base_url=base_url, zone=zone)
        self._by_type: dict[str, Callable[[SearchParam, Path, Any, IndexEntry], bool]] = {
            "token": self._token,
            "reference": self._reference,
            "string": self._string,
            "date": self._date,
            "quantity": self._quantity,
            "number": self._number,
            "uri": self._uri,
            "special": self._place,
        }

    def entry(self, resource_type: ResourceType, resource: dict[str, Any]) -> IndexEntry:
        """The index entry of a resource; ``id`` and ``meta.lastUpdated`` have columns instead."""
        entry = IndexEntry()
        self._fill(resource_type, resource, entry)
        if resource_type.is_called:
            entry.links.update((CALLED, key) for key in _called(resource))
        self._main_date(resource_type, entry)
        if "contained" in resource:
            inner = contained_in(resource)
            for far_type, far in held(self._types, resource_type, resource, inner):
                entry.links.add((HOLDS, far_type.held))
                self._fill(far_type, far, entry)
        return entry

    def _fill(
        self, resource_type: ResourceType, resource: dict[str, Any], entry: IndexEntry
    ) -> None:
        found: set[str] = set()
        by_element = resource_type.by_element
        for element, value in resource.items():
            for param, path in by_element.get(element, ()):
                index = self._by_type[param.type]
                for each in _values(value, path):
                    if index(param, path, each, entry):
                        found.add(param.code)
        for param in resource_type.composites:
            if self._pairs.index(param, resource, entry):
                found.add(param.code)
        for code in found:
            entry.terms.add(terms.known_term("present", resource_type.params[code].name))
        self._absent(resource_type, found, entry)

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
            entry.sorted_at = earliest(low for _, low, _ in found)
            entry.sorted_until = latest(high for _, _, high in found)

    # --- one method per kind of parameter; each says whether it found a value -----------------

    def _token(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if param.code == "_id":
            return False
        found = False
        for each in tokens(value, path):
            found |= self._add_token(param.name, each, entry)
        if path.datatype in WITH_TEXT:
            key = text_key(param.resource, path)
            words = [fold(each)[:STRING_LIMIT] for each in texts(value, path.datatype)]
            entry.strings.update((key, each) for each in words)
            found |= bool(words)  # words without a code are a value too
        return found

    def _add_token(self, name: str, token: Token, entry: IndexEntry) -> bool:
        entry.terms.update(terms.term(kind, name, *parts) for kind, *parts in forms(token))
        if token.of_type and token.code:
            entry.terms.add(terms.term("of-type", name, *token.of_type, token.code))
        return bool(token.code or token.system)

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
        if target is None:  # by identifier or in words: a value, but of no type that is known
            return (found or bool(value)) and not param.only_targets
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
        entry.strings.add((param.key, value[:STRING_LIMIT]))
        entry.links.add((link_key(param.resource, path), terms.canonical_key(value)))
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
        row = quantity_row(value, path.datatype)
        if row is None:
            return False
        entry.quantities.add((param.key, *row))
        in_base = base_row(row)
        if in_base is not None:
            entry.quantities.add((param.base_key, *in_base))
        return True

    def _number(self, param: SearchParam, _path: Path, value: Any, entry: IndexEntry) -> bool:
        number = numeric(value)
        if number is None:
            return False
        entry.quantities.add((param.key, number, number, "", "", ""))
        return True

    def _uri(self, param: SearchParam, path: Path, value: Any, entry: IndexEntry) -> bool:
        if not isinstance(value, str) or not value:
            return False
        entry.terms.add(terms.term("uri", param.name, value))
        if path.datatype == "canonical":
            entry.terms.add(terms.term("uri", param.name, value.partition("|")[0]))
        entry.strings.add((param.key, value[:STRING_LIMIT]))
        return True

    def _place(self, param: SearchParam, _path: Path, value: Any, entry: IndexEntry) -> bool:
        row = place_row(value)
        if row is None:
            return False
        entry.quantities.add((param.key, *row))
        return True


def _called(resource: dict[str, Any]) -> Iterator[int]:
    """The keys of the canonical URLs by which others refer to a resource."""
    url, version = resource.get("url"), resource.get("version")
    if isinstance(url, str):
        yield terms.canonical_key(url)
        if isinstance(version, str):
            yield terms.canonical_key(f"{url}|{version}")


def _values(value: Any, path: Path) -> Iterable[Any]:
    """The values of a path that begins with the element ``value``; most paths end there."""
    if len(path.keys) > 1 or path.where is not None:
        return walk(value, path.keys[1:], path.where)
    return value if type(value) is list else (value,)
