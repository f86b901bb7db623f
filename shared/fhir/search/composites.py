"""Two values of one object together (FHIR R4 search.html, composite).

``code-value-quantity`` asks for a code and a number of one Observation or component, which rows by
themselves could not tell from a code here and a number there. So a second value that is exact is
one term with the first; one that has an order stands in the typed rows, under a key that the first
value is part of. Either way each way to ask for the first value (`shared.fhir.search.tokens.forms`)
has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from shared.fhir.search import terms
from shared.fhir.search.dates import ranges
from shared.fhir.search.entry import STRING_LIMIT, IndexEntry
from shared.fhir.search.folding import fold
from shared.fhir.search.parameters import Path, SearchParam, pair_key
from shared.fhir.search.quantities import base_row, quantity_row
from shared.fhir.search.strings import strings
from shared.fhir.search.targets import target_of
from shared.fhir.search.tokens import Form, forms, tokens
from shared.fhir.search.walking import walk

#: Kinds of parts whose values are exact.
EXACT = ("token", "reference")


class Pairs:
    """Fills index entries with pairs of values.

    Args:
        base_url: the server's own address, under which absolute references are local.
        zone: what a date without zone means.
    """

    def __init__(self, *, base_url: str, zone: ZoneInfo) -> None:
        self._base_url = base_url
        self._zone = zone

    def index(self, param: SearchParam, resource: dict[str, Any], entry: IndexEntry) -> bool:
        """Add a composite's pairs; whether there were any."""
        first, second = param.of
        found = False
        for keys, group in zip(param.at, param.groups, strict=True):
            for node in walk(resource, keys, None):
                heads = list(self._forms(first, node))
                if not heads:
                    continue
                if second.type in EXACT:
                    pairs = product(heads, self._forms(second, node))
                    added = [terms.term("pair", group, *head, *tail) for head, tail in pairs]
                    entry.terms.update(added)
                    found |= bool(added)
                else:
                    for path in second.paths:
                        for value in walk(node, path.keys, path.where):
                            found |= self._ordered(group, heads, second, path, value, entry)
        return found

    def _ordered(
        self,
        group: str,
        heads: list[Form],
        part: SearchParam,
        path: Path,
        value: Any,
        entry: IndexEntry,
    ) -> bool:
        keys = [pair_key(group, head) for head in heads]
        if part.type == "date":
            times = [(each.low, each.high) for each in ranges(value, path.datatype, self._zone)]
            entry.dates.update((key, *each) for key, each in product(keys, times))
            return bool(times)
        if part.type == "quantity":
            row = quantity_row(value, path.datatype)
            if row is None:
                return False
            entry.quantities.update((key, *row) for key in keys)
            in_base = base_row(row)
            if in_base is not None:
                of_base = (pair_key(group, head, base=True) for head in heads)
                entry.quantities.update((key, *in_base) for key in of_base)
            return True
        words = [fold(each)[:STRING_LIMIT] for each in strings(value, path.datatype)]
        entry.strings.update(product(keys, words))
        return bool(words)

    def _forms(self, part: SearchParam, node: Any) -> Iterator[Form]:
        for path in part.paths:
            for value in walk(node, path.keys, path.where):
                if part.type == "token":
                    for token in tokens(value, path):
                        yield from forms(token)
                elif isinstance(value, dict) and isinstance(value.get("reference"), str):
                    target = target_of(value["reference"], self._base_url)
                    if target is not None:
                        yield "reference", target.address
