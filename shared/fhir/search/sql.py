"""From a SearchRequest to SQL.

The statements are composed as text for two reasons. Their conditions nest (a chain is a search
inside a search), and their numbers are written as literals, so that PostgreSQL plans for the value
asked: with a placeholder it would reuse one plan for an owner with three documents and for one
with a hundred thousand. What is written as a literal was made here (hashes, bounds of dates,
decimals); a client's own text is always a bound parameter.

Access is a condition of every hop. Inside, it is an overlap of reader terms; the page that leaves
is checked again against the readers' own rows (``document_reader``), so that not even a collision
of hashes shows a document to the wrong party.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shared.fhir.search import dates, terms
from shared.fhir.search.extract import STRING_LIMIT, token_code
from shared.fhir.search.folding import fold, fold_system
from shared.fhir.search.parameters import PHONETIC, ResourceType, SearchParam, Types
from shared.fhir.search.query import (
    Chain,
    Condition,
    Either,
    Filter,
    Has,
    Include,
    Position,
    SearchRequest,
    Sort,
)
from shared.fhir.search.sound import sounds
from shared.fhir.search.values import (
    QuantityValue,
    date_value,
    of_type_value,
    quantity_value,
    reference_addresses,
    token_value,
    unescape,
)

#: Columns that make a `Stored`; see `shared.fhir.store`.
DOCUMENT_COLUMNS = (
    "d.pk, d.type, d.id, d.version, d.last_updated, d.deleted, d.body, d.owner, d.person"
)
_HIGHEST = "\U0010ffff"


@dataclass(slots=True)
class Statement:
    """SQL text with its bound parameters."""

    text: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visible:
    """Who asks, as SQL sees it; ``parties`` None sees everything.

    ``owner`` narrows to what one client organisation owns, for conditional interactions.
    """

    parties: tuple[str, ...] | None
    owner: str | None = None

    def condition(self, alias: str) -> list[str]:
        """Conditions on a search row, by terms."""
        found = []
        if self.parties is not None:
            found.append(f"{alias}.readers && {array(terms.reader(p) for p in self.parties)}")
        if self.owner is not None:
            found.append(f"{alias}.readers @> {array([terms.owned_by(self.owner)])}")
        return found

    def exact(self, alias: str, parameters: dict[str, Any]) -> list[str]:
        """The same on a document row, by the readers' own rows."""
        found = []
        if self.parties is not None:
            parameters["parties"] = list(self.parties)
            found.append(
                f"EXISTS (SELECT FROM document_reader r WHERE r.pk = {alias}.pk"
                " AND r.party = ANY(%(parties)s))"
            )
        if self.owner is not None:
            parameters["owner"] = self.owner
            found.append(f"{alias}.owner = %(owner)s")
        return found


class SearchSql:
    """Writes the statements of one search.

    Args:
        types: the served types.
        visible: who asks.
        base_url: the server's own address.
        zone: what a date without zone means.
        safe_time: timestamptz text; ``_lastUpdated`` sees nothing at or after it.
    """

    def __init__(
        self,
        types: Types,
        visible: Visible,
        *,
        base_url: str,
        zone: ZoneInfo,
        safe_time: str | None = None,
    ) -> None:
        self._types = types
        self._visible = visible
        self._base_url = base_url
        self._zone = zone
        self._safe_time = safe_time
        self._parameters: dict[str, Any] = {}
        self._aliases = 0

    # --- statements ---------------------------------------------------------------------------

    def page(self, request: SearchRequest) -> Statement:
        """One page of matches and one row more, which tells whether there is a next page."""
        self._parameters = {}
        resource_type = self._types[request.type]
        where = self._where(resource_type.name, request.conditions, "s")
        keys = [self._sort_key(resource_type, rule, "s") for rule in request.sort]
        selected = "".join(f", {key.expression}{key.collate} AS k{n}" for n, key in enumerate(keys))
        # One indexed key and pk in the same direction are one index, read forwards or backwards.
        descending = len(keys) == 1 and keys[0].indexed and keys[0].descending
        order = "".join(f"{key.order(n)}, " for n, key in enumerate(keys))
        last = f"pk{_direction(descending)}"
        inner = f"SELECT s.pk{selected} FROM document_search s WHERE {_all(where)}"  # noqa: S608
        if request.after is not None:
            after = self._after(keys, request.after, descending)
            inner = f"SELECT * FROM ({inner}) s WHERE {after}"  # noqa: S608 - see above
        inner = f"{inner} ORDER BY {order}{last} LIMIT {request.count + 1}"
        given = "".join(f", page.k{n}::text" for n in range(len(keys)))
        exact = self._visible.exact("d", self._parameters)
        text = (
            f"SELECT {DOCUMENT_COLUMNS}{given} FROM ({inner}) page"  # noqa: S608 - see above
            f" JOIN document d ON d.pk = page.pk WHERE {_all(exact)}"
            f" ORDER BY {order}page.{last}"
        )
        return Statement(text, self._parameters)

    def count(self, request: SearchRequest, limit: int | None) -> Statement:
        """How many match, counting no further than ``limit``."""
        self._parameters = {}
        where = self._where(request.type, request.conditions, "s")
        rows = f"SELECT FROM document_search s WHERE {_all(where)}"
        if limit is not None:
            rows = f"{rows} LIMIT {limit}"
        return Statement(f"SELECT count(*) FROM ({rows}) counted", self._parameters)  # noqa: S608

    def included(
        self,
        include: Include,
        pks: Sequence[int],
        *,
        reverse: bool,
        allowed: Iterable[str],
        limit: int,
    ) -> Statement:
        """What the documents ``pks`` refer to through ``include``, or what refers to them."""
        parameters: dict[str, Any] = {"allowed": sorted(allowed)}
        keys = array(key for param in include.params for key in param.link_keys)
        near, far = ("target", "origin") if reverse else ("origin", "target")
        where = [
            f"{near}.pk = ANY({array(pks)})",
            f"l.link = ANY({keys})",
            "d.type = ANY(%(allowed)s)",
            *self._visible.exact("d", parameters),
        ]
        if reverse and include.target is not None:
            parameters["far_type"] = include.target
            where.append("target.type = %(far_type)s")
        elif include.target is not None:
            parameters["far_type"] = include.target
            where.append("d.type = %(far_type)s")
        # One element may serve two parameters (patient beside subject): the type tells them apart.
        only = {t for p in include.params for t in (p.targets if p.only_targets else ("*",))}
        if "*" not in only:
            parameters["only"] = sorted(only)
            where.append("target.type = ANY(%(only)s)")
        text = (
            f"SELECT DISTINCT ON (d.pk) {DOCUMENT_COLUMNS}"  # noqa: S608 - see above
            " FROM document_link l"
            " JOIN document_search origin ON origin.pk = l.pk"
            " JOIN document_search target ON target.key = l.target"
            f" JOIN document d ON d.pk = {far}.pk"
            f" WHERE {_all(where)} ORDER BY d.pk LIMIT {limit}"
        )
        return Statement(text, parameters)

    # --- conditions ---------------------------------------------------------------------------

    def _where(self, type_name: str, conditions: Iterable[Condition], alias: str) -> list[str]:
        found = [f"{alias}.type = {self._bind(type_name)}", *self._visible.condition(alias)]
        return found + self._matching(conditions, alias)

    def _matching(self, conditions: Iterable[Condition], alias: str) -> list[str]:
        found: list[str] = []
        every: list[int] = []
        for condition in conditions:
            exact = self._exact_terms(condition)
            if exact is not None and len(exact) == 1:
                every += exact
            elif exact is not None:
                found.append(f"{alias}.terms && {array(exact)}" if exact else "false")
            else:
                found.append(self._condition(condition, alias))
        if every:
            found.append(f"{alias}.terms @> {array(every)}")
        return found

    def _condition(self, condition: Condition, alias: str) -> str:
        match condition:
            case Chain():
                return self._chain(condition, alias)
            case Has():
                return self._has(condition, alias)
            case Either(filters):
                return _any([_all(self._matching([each], alias)) for each in filters])
            case Filter():
                return self._filter(condition, alias)

    def _filter(self, condition: Filter, alias: str) -> str:
        param = condition.param
        if condition.modifier == "missing":
            present = f"{alias}.terms @> {array([terms.known_term('present', param.name)])}"
            return f"NOT ({present})" if condition.values == ("true",) else present
        if condition.modifier == "not":
            positive = Filter(param, None, condition.values)
            return f"NOT ({alias}.terms && {array(self._exact_terms(positive) or [])})"
        if param.code == "_id":
            keys = [terms.document_key(param.resource, unescape(v)) for v in condition.values]
            return f"{alias}.key = ANY({array(keys)})"
        if param.code == "_lastUpdated":
            return self._last_updated(condition, alias)
        if param.code == PHONETIC:
            return _any([_sounding(param, v, alias) for v in condition.values])
        if param.code == self._types[param.resource].sort_date:
            return self._main_date(condition, alias)
        return self._typed(condition, alias)

    def _exact_terms(self, condition: Condition) -> list[int] | None:
        """The terms of which any one makes the condition true; None where terms cannot tell."""
        if isinstance(condition, Either):
            each = [self._exact_terms(filter_) for filter_ in condition.filters]
            return None if None in each else [t for found in each for t in found or ()]
        if not isinstance(condition, Filter) or condition.param.code == "_id":
            return None
        param, modifier = condition.param, condition.modifier
        if modifier in ("missing", "not"):
            return None
        if param.type == "token" or modifier == "identifier":
            return [t for v in condition.values for t in _token_terms(param, modifier, v)]
        if param.type == "reference":
            return [t for v in condition.values for t in self._reference_terms(param, modifier, v)]
        if modifier == "exact":
            return [terms.term("exact", param.name, unescape(v)) for v in condition.values]
        if param.type == "uri" and modifier != "below":
            return [t for v in condition.values for t in _uri_terms(param, modifier, unescape(v))]
        return None

    def _reference_terms(self, param: SearchParam, modifier: str | None, value: str) -> list[int]:
        targets = tuple(t for t in self._types if param.may_refer_to(t))
        addresses = reference_addresses(value, modifier, targets, self._base_url)
        return [
            terms.term("reference", f"{param.resource}.{path.dotted}", address)
            for address in addresses
            for path in param.paths
        ]

    def _typed(self, condition: Filter, alias: str) -> str:
        param = condition.param
        if param.type == "date":
            table = "document_date"
            values = [
                _date_range(date_value(v, self._zone), "x.low", "x.high") for v in condition.values
            ]
        elif param.type in ("quantity", "number"):
            table = "document_quantity"
            values = [
                self._quantity(quantity_value(v, with_unit=param.type == "quantity"))
                for v in condition.values
            ]
        else:
            table = "document_string"
            values = [self._string(param, condition.modifier, v) for v in condition.values]
        return (
            f"EXISTS (SELECT FROM {table} x WHERE x.pk = {alias}.pk"
            f" AND x.param = {param.key} AND {_any(values)})"
        )

    def _string(self, param: SearchParam, modifier: str | None, value: str) -> str:
        text = unescape(value)
        folded = (text if param.type == "uri" else fold(text))[:STRING_LIMIT]
        if modifier == "contains":
            pattern = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return f"x.value LIKE {self._bind(f'%{pattern}%')}"
        return f"x.value >= {self._bind(folded)} AND x.value < {self._bind(folded + _HIGHEST)}"

    def _quantity(self, wanted: QuantityValue) -> str:
        found = [_number_range(wanted)]
        if wanted.system is not None:
            found.append(f"x.system = {self._bind(wanted.system)}")
            if wanted.code is not None:
                found.append(f"x.code = {self._bind(wanted.code)}")
        elif wanted.code is not None:
            found.append(f"{self._bind(wanted.code)} IN (x.code, x.unit)")
        return _all(found)

    def _main_date(self, condition: Filter, alias: str) -> str:
        low, high = f"{alias}.sorted_at", f"{alias}.sorted_until"
        values = [_date_range(date_value(v, self._zone), low, high) for v in condition.values]
        return f"{_any(values)} AND {high} > {moment(dates.BEGINNING)}"

    def _last_updated(self, condition: Filter, alias: str) -> str:
        column = f"{alias}.last_updated"
        values = [_moment(date_value(v, self._zone), column) for v in condition.values]
        if self._safe_time is None:
            return _any(values)
        return f"({_any(values)} AND {column} < {moment(self._safe_time)})"

    # --- hops ---------------------------------------------------------------------------------

    def _chain(self, chain: Chain, alias: str) -> str:
        link, far = self._alias("l"), self._alias("t")
        ways = [_all(self._where(target, [inner], far)) for target, inner in chain.inner]
        return (
            f"EXISTS (SELECT FROM document_link {link}"
            f" JOIN document_search {far} ON {far}.key = {link}.target"
            f" WHERE {link}.pk = {alias}.pk AND {link}.link = ANY({array(chain.param.link_keys)})"
            f" AND {_any(ways)})"
        )

    def _has(self, has: Has, alias: str) -> str:
        link, far = self._alias("l"), self._alias("t")
        where = self._where(has.source, [has.inner], far)
        return (
            f"EXISTS (SELECT FROM document_link {link}"
            f" JOIN document_search {far} ON {far}.pk = {link}.pk"
            f" WHERE {link}.target = {alias}.key"
            f" AND {link}.link = ANY({array(has.param.link_keys)}) AND {_all(where)})"
        )

    def _alias(self, prefix: str) -> str:
        self._aliases += 1
        return f"{prefix}{self._aliases}"

    def _bind(self, value: str) -> str:
        name = f"p{len(self._parameters)}"
        self._parameters[name] = value
        return f"%({name})s"

    # --- order and place ----------------------------------------------------------------------

    def _sort_key(self, resource_type: ResourceType, rule: Sort, alias: str) -> _SortKey:
        param, descending = rule.param, rule.descending
        if param.code == "_lastUpdated":
            return _SortKey(f"{alias}.last_updated", "timestamptz", descending, indexed=True)
        if param.code == resource_type.sort_date:
            return _SortKey(f"{alias}.sorted_at", "timestamptz", descending, indexed=True)
        end = "max" if descending else "min"
        tables = {
            "date": ("document_date", "low", "timestamptz"),
            "quantity": ("document_quantity", "low", "numeric"),
            "number": ("document_quantity", "low", "numeric"),
            "string": ("document_string", "value", "text"),
            "uri": ("document_string", "value", "text"),
        }
        if param.type in tables:
            table, column, kind = tables[param.type]
            expression = (
                f"(SELECT {end}(x.{column}) FROM {table} x"  # noqa: S608 - see above
                f" WHERE x.pk = {alias}.pk AND x.param = {param.key})"
            )
            return _SortKey(expression, kind, descending)
        # Tokens and references keep no sort value of their own: it is read from the resource.
        # That parses JSON per match, which a sort by code is rare enough to pay.
        path = f"{self._bind(_json_path(param))}::jsonpath"
        expression = (
            f"(SELECT jsonb_path_query_first(b.body::jsonb, {path}) #>> '{{}}'"  # noqa: S608
            f" FROM document b WHERE b.pk = {alias}.pk)"
        )
        return _SortKey(expression, "text", descending)

    def _after(self, keys: Sequence[_SortKey], after: Position, descending: bool) -> str:
        pk = f"s.pk {'<' if descending else '>'} {after.pk}"
        if not keys:
            return pk
        if len(keys) == 1 and keys[0].indexed:
            bound = moment(after.values[0] or dates.BEGINNING)
            return f"(s.k0, s.pk) {'<' if descending else '>'} ({bound}, {after.pk})"
        condition = pk
        for n, (key, value) in reversed(list(enumerate(zip(keys, after.values, strict=True)))):
            condition = key.after(
                f"s.k{n}", None if value is None else self._bind(value), condition
            )
        return condition


@dataclass(frozen=True, slots=True)
class _SortKey:
    """One sort expression; ``indexed`` ones are never null and share an index with pk."""

    expression: str
    kind: str
    descending: bool
    indexed: bool = False

    def order(self, n: int) -> str:
        nulls = "" if self.indexed else " NULLS LAST"
        return f"k{n}{_direction(self.descending)}{nulls}"

    def after(self, column: str, value: str | None, rest: str) -> str:
        """True for rows behind (value, then ``rest``) in this order, missing ones last."""
        if value is None:
            return f"({column} IS NULL AND {rest})"
        sign = "<" if self.descending else ">"
        same = f"{column} = {value}::{self.kind}"
        beyond = f"{column} {sign} {value}::{self.kind}"
        return f"({beyond} OR {column} IS NULL OR ({same} AND {rest}))"

    @property
    def collate(self) -> str:
        """Text is sorted byte by byte, the same on every server."""
        return ' COLLATE "C"' if self.kind == "text" else ""


# --- pieces of SQL ----------------------------------------------------------------------------


def array(values: Iterable[int]) -> str:
    """A bigint array literal."""
    return "'{" + ",".join(str(int(value)) for value in values) + "}'::bigint[]"


def moment(text: str) -> str:
    """A timestamptz literal of a bound made by `shared.fhir.search.dates`."""
    if "'" in text or "\\" in text:  # pragma: no cover - bounds are made from datetimes
        raise ValueError("not a bound")
    return f"'{text}'::timestamptz"


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(f"({c})" for c in conditions) or "true"


def _any(conditions: Sequence[str]) -> str:
    return "(" + (" OR ".join(f"({c})" for c in conditions) or "false") + ")"


def _direction(descending: bool) -> str:
    return " DESC" if descending else ""


def _token_terms(param: SearchParam, modifier: str | None, value: str) -> list[int]:
    if modifier == "of-type":
        system, kind, code = of_type_value(value)
        return [terms.term("of-type", param.name, fold_system(system), kind, code)]
    name = f"{param.name}:identifier" if modifier == "identifier" else param.name
    wanted = token_value(value)
    if wanted.code is None:
        if param.is_code:
            return [terms.known_term("present", param.name)]
        return [terms.term("system|", name, fold_system(wanted.system or ""))]
    datatypes = {"Identifier"} if modifier == "identifier" else {p.datatype for p in param.paths}
    codes = {token_code(wanted.code, datatype) for datatype in datatypes}
    if wanted.system is None or param.is_code:
        # The system of a bare code is the one that its element is bound to.
        return [terms.term("code", name, code) for code in codes]
    if not wanted.system:
        return [terms.term("|code", name, code) for code in codes]
    system = fold_system(wanted.system)
    return [terms.term("system|code", name, system, code) for code in codes]


def _sounding(param: SearchParam, value: str, alias: str) -> str:
    heard = [terms.term("sound", param.name, sound) for sound in sounds(unescape(value))]
    return f"{alias}.terms @> {array(heard)}" if heard else "false"


def _uri_terms(param: SearchParam, modifier: str | None, value: str) -> list[int]:
    if modifier != "above":
        return [terms.term("uri", param.name, value)]
    above = [value[:n] for n, char in enumerate(value) if char == "/"]
    above += [value[: n + 1] for n, char in enumerate(value) if char == "/"]
    return [terms.term("uri", param.name, each) for each in [value, *above] if each]


def _date_range(wanted: tuple[str, dates.Range], low: str, high: str) -> str:
    """R4 search.html, prefixes: how the searched range compares with a stored [low, high)."""
    prefix, asked = wanted
    if prefix == "ap":
        asked = _widened(asked)
    begin, end = moment(asked.low), moment(asked.high)
    within = f"{low} >= {begin} AND {low} < {end} AND {high} <= {end}"
    return {
        "eq": within,
        "ne": f"NOT ({within})",
        "gt": f"{high} > {end}",
        "lt": f"{low} < {begin}",
        # The first condition follows from the rest; alone, it can use an index.
        "ge": f"{high} > {begin} AND ({high} > {end} OR ({within}))",
        "le": f"{low} < {end} AND ({low} < {begin} OR ({within}))",
        "sa": f"{low} >= {end}",
        "eb": f"{high} <= {begin}",
        "ap": f"{low} < {end} AND {high} > {begin}",
    }[prefix]


def _moment(wanted: tuple[str, dates.Range], column: str) -> str:
    """The same for an instant."""
    prefix, asked = wanted
    if prefix == "ap":
        asked = _widened(asked)
    begin, end = moment(asked.low), moment(asked.high)
    within = f"({column} >= {begin} AND {column} < {end})"
    return {
        "eq": within,
        "ne": f"NOT {within}",
        "gt": f"{column} >= {end}",
        "lt": f"{column} < {begin}",
        "ge": f"{column} >= {begin}",
        "le": f"{column} < {end}",
        "sa": f"{column} >= {end}",
        "eb": f"{column} < {begin}",
        "ap": within,
    }[prefix]


def _widened(asked: dates.Range) -> dates.Range:
    """R4: approximately is within a tenth of the time between the value and now."""
    low, high = (
        datetime.fromisoformat(b) if b[0] != "i" else None for b in (asked.low, asked.high)
    )
    if low is None or high is None:
        return asked
    gap = abs(datetime.now(UTC) - low) / 10
    try:
        return dates.Range(dates.bound(low - gap), dates.bound(high + max(gap, timedelta(0))))
    except OverflowError:
        return asked


def _number_range(wanted: QuantityValue) -> str:
    value, low, high = (f"{n:f}" for n in (wanted.value, wanted.low, wanted.high))
    within = f"x.low >= {low} AND x.high < {high}"
    spread = abs(wanted.value) / Decimal(10)
    return {
        "eq": within,
        "ne": f"NOT ({within})",
        "gt": f"x.high > {value}",
        "lt": f"x.low < {value}",
        "ge": f"x.high >= {value}",
        "le": f"x.low <= {value}",
        "sa": f"x.low > {value}",
        "eb": f"x.high < {value}",
        "ap": f"x.low <= {wanted.value + spread:f} AND x.high >= {wanted.value - spread:f}",
    }[wanted.prefix]


def _json_path(param: SearchParam) -> str:
    path = param.paths[0]
    steps = "".join(f'."{key}"' for key in path.keys)
    last = {
        "CodeableConcept": '."coding"."code"',
        "Coding": '."code"',
        "Identifier": '."value"',
        "ContactPoint": '."value"',
        "Reference": '."reference"',
    }.get(path.datatype, "")
    where = f' ? (@."{path.where[0]}" == "{path.where[1]}")' if path.where else ""
    return f"${steps}{where}{last}"
