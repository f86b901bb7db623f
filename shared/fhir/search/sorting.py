"""In which order results come, and what is behind the last of a page (FHIR R4 search.html, sort).

What has no value comes last, whichever way the order goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.fhir.search.comparing import kilometres_from, moment
from shared.fhir.search.dates import BEGINNING
from shared.fhir.search.parameters import Path, ResourceType
from shared.fhir.search.request import Position, Sort
from shared.fhir.search.values import near_value

Bind = Callable[[str], str]

_TABLES = {
    "date": ("document_date", "low", "timestamptz"),
    "quantity": ("document_quantity", "low", "numeric"),
    "number": ("document_quantity", "low", "numeric"),
    "string": ("document_string", "value", "text"),
    "uri": ("document_string", "value", "text"),
}
_CODE = {
    "CodeableConcept": '."coding"."code"',
    "Coding": '."code"',
    "Identifier": '."value"',
    "ContactPoint": '."value"',
    "Reference": '."reference"',
}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort expression.

    Attributes:
        expression: over a search row.
        kind: its PostgreSQL type.
        descending: which way.
        indexed: it shares an index with pk, and is never null.
        missing: of an indexed one, the value that stands for none.
    """

    expression: str
    kind: str
    descending: bool
    indexed: bool = False
    missing: str | None = None

    @property
    def collate(self) -> str:
        """Text is sorted byte by byte, the same on every server."""
        return ' COLLATE "C"' if self.kind == "text" else ""

    def order(self, n: int) -> str:
        """Its place in ORDER BY."""
        nulls = "" if self.indexed else " NULLS LAST"
        return f"k{n}{' DESC' if self.descending else ''}{nulls}"

    def after(self, column: str, value: str | None, rest: str) -> str:
        """True for rows behind (value, then ``rest``) in this order, missing ones last."""
        if value is None:
            return f"({column} IS NULL AND {rest})"
        sign = "<" if self.descending else ">"
        same = f"{column} = {value}::{self.kind}"
        beyond = f"{column} {sign} {value}::{self.kind}"
        return f"({beyond} OR {column} IS NULL OR ({same} AND {rest}))"


def sort_keys(
    resource_type: ResourceType, rules: Sequence[Sort], alias: str, bind: Bind
) -> list[SortKey]:
    """The expressions of sort rules.

    Args:
        resource_type: the type searched.
        rules: in order.
        alias: of the search row.
        bind: makes a bound parameter of a text.
    """
    alone = len(rules) == 1
    return [_key(resource_type, rule, alias, bind, alone=alone) for rule in rules]


def ordered(select: str, where: str, keys: Sequence[SortKey], after: Position | None, limit: int,
            bind: Bind) -> str:  # fmt: skip
    """The first rows behind a position.

    Args:
        select: ``SELECT ... FROM document_search s`` with pk and the keys as k0, k1...
        where: the conditions.
        keys: from `sort_keys`.
        after: where the page before ended.
        limit: how many rows.
        bind: makes a bound parameter of a text.
    """
    only = keys[0] if len(keys) == 1 and keys[0].indexed else None
    if only is not None and only.missing is not None and not only.descending:
        return _missing_last(select, where, only, after, limit)
    # One indexed key and pk in the same direction are one index, read forwards or backwards.
    descending = only is not None and only.descending
    inner = f"{select} WHERE {where}"
    if after is not None:
        behind = _behind(keys, after, bind, descending=descending)
        inner = f"SELECT * FROM ({inner}) s WHERE {behind}"  # noqa: S608 - see sql.py
    return f"{inner} ORDER BY {order_of(keys)} LIMIT {limit}"


def order_of(keys: Sequence[SortKey], row: str = "") -> str:
    """The ORDER BY of a page's rows, by k0, k1... and pk.

    Args:
        keys: from `sort_keys`.
        row: which row's they are, with a dot; without, of the one that is selected from.
    """
    only = keys[0] if len(keys) == 1 and keys[0].indexed else None
    if only is not None and only.missing is not None and not only.descending:
        return f"({row}k0 = {moment(only.missing)}), {row}k0, {row}pk"
    last = f"{row}pk DESC" if only is not None and only.descending else f"{row}pk"
    return "".join(f"{row}{key.order(n)}, " for n, key in enumerate(keys)) + last


def _missing_last(select: str, where: str, key: SortKey, after: Position | None, limit: int) -> str:
    """Two scans of one index: of what has a value, then of what has none."""
    assert key.missing is not None
    none = moment(key.missing)
    parts = []
    beyond_all = after is not None and after.values[0] == key.missing
    if not beyond_all:
        behind = ""
        if after is not None:
            bound = moment(after.values[0] or key.missing)
            behind = f" AND ({key.expression}, s.pk) > ({bound}, {after.pk})"
        parts.append(f"{where} AND {key.expression} > {none}{behind} ORDER BY k0, pk")
    behind = f" AND s.pk > {after.pk}" if after is not None and beyond_all else ""
    parts.append(f"{where} AND {key.expression} = {none}{behind} ORDER BY pk")
    each = " UNION ALL ".join(f"({select} WHERE {part} LIMIT {limit})" for part in parts)
    return f"SELECT * FROM ({each}) s ORDER BY {order_of([key])} LIMIT {limit}"  # noqa: S608


def _behind(keys: Sequence[SortKey], after: Position, bind: Bind, *, descending: bool) -> str:
    pk = f"s.pk {'<' if descending else '>'} {after.pk}"
    if not keys:
        return pk
    if len(keys) == 1 and keys[0].indexed:
        bound = moment(after.values[0] or BEGINNING)
        return f"(s.k0, s.pk) {'<' if descending else '>'} ({bound}, {after.pk})"
    condition = pk
    for n, (key, value) in reversed(list(enumerate(zip(keys, after.values, strict=True)))):
        condition = key.after(f"s.k{n}", None if value is None else bind(value), condition)
    return condition


def _key(
    resource_type: ResourceType, rule: Sort, alias: str, bind: Bind, *, alone: bool
) -> SortKey:
    param, descending = rule.param, rule.descending
    if param.code == "_lastUpdated":
        return SortKey(f"{alias}.last_updated", "timestamptz", descending, indexed=True)
    if param.code == resource_type.sort_date:
        column = f"{alias}.sorted_at"
        if alone:
            return SortKey(column, "timestamptz", descending, indexed=True, missing=BEGINNING)
        return SortKey(f"nullif({column}, {moment(BEGINNING)})", "timestamptz", descending)
    if rule.places:
        each = [f"min({kilometres_from(near_value(place))})" for place in rule.places]
        expression = (
            f"(SELECT least({', '.join(each)}) FROM document_quantity x"  # noqa: S608 - see sql.py
            f" WHERE x.pk = {alias}.pk AND x.param = {param.key})"
        )
        return SortKey(expression, "float8", descending)
    if param.type in _TABLES:
        table, column, kind = _TABLES[param.type]
        end = "max" if descending else "min"
        expression = (
            f"(SELECT {end}(x.{column}) FROM {table} x"  # noqa: S608 - see sql.py
            f" WHERE x.pk = {alias}.pk AND x.param = {param.key})"
        )
        return SortKey(expression, kind, descending)
    # Tokens and references keep no sort value of their own: it is read from the resource.
    # That parses JSON per match, which a sort by code is rare enough to pay.
    values = ", ".join(_value(path, bind) for path in param.paths)
    expression = (
        f"(SELECT coalesce({values})"  # noqa: S608 - see sql.py
        f" FROM (SELECT b.body::jsonb AS body FROM document b WHERE b.pk = {alias}.pk) b)"
    )
    return SortKey(expression, "text", descending)


def _value(path: Path, bind: Bind) -> str:
    place = f"{bind(_json_path(path))}::jsonpath"
    if path.datatype == "present":
        return f"CASE WHEN jsonb_path_exists(b.body, {place}) THEN 'true' END"
    return f"jsonb_path_query_first(b.body, {place}) #>> '{{}}'"


def _json_path(path: Path) -> str:
    steps = "".join(f'."{key}"' for key in path.keys)
    where = f' ? (@."{path.where[0]}" == "{path.where[1]}")' if path.where else ""
    return f"${steps}{where}{_CODE.get(path.datatype, '')}"
