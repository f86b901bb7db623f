"""The conditions of a search as SQL; every hop is bound to what the asker sees.

How the text is composed, and why, says `shared.fhir.search.sql`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shared.fhir.search import terms
from shared.fhir.search.canonicals import above
from shared.fhir.search.comparing import (
    array,
    either,
    every,
    instant,
    moment,
    sounding,
    token_forms,
    token_terms,
    uri_terms,
)
from shared.fhir.search.composites import EXACT
from shared.fhir.search.contained import HOLDS, Inside, inner_conditions
from shared.fhir.search.folding import fold
from shared.fhir.search.parameters import (
    CALLED,
    HIERARCHIES,
    PHONETIC,
    SearchParam,
    Types,
    pair_key,
)
from shared.fhir.search.request import Chain, Condition, Either, Filter, Has, SearchRequest
from shared.fhir.search.tokens import Form
from shared.fhir.search.typed import TypedRows
from shared.fhir.search.values import (
    composite_value,
    date_value,
    reference_addresses,
    unescape,
)

if TYPE_CHECKING:
    from shared.fhir.search.sql import Narrowing, Visible

#: Where the ordered values of each kind of parameter stand.
_TABLES = {
    "date": "document_date",
    "number": "document_quantity",
    "quantity": "document_quantity",
    "reference": "document_string",  # of canonical URLs alone
    "special": "document_quantity",
    "string": "document_string",
    "uri": "document_string",
}


def _follows_tree(param: SearchParam, modifier: str | None) -> bool:
    """Whether it asks for what is above or below a document, not a URL."""
    of_documents = param.type == "reference" and not param.is_canonical
    return of_documents and modifier in ("above", "below")


class Where:
    """Writes the conditions of one statement.

    Attributes:
        parameters: what its text binds.

    Args:
        types: the served types.
        visible: who asks.
        base_url: the server's own address.
        zone: what a date without zone means.
        safe_time: timestamptz text; ``_lastUpdated`` sees nothing at or after it.
        walked: the chains of which each match is asked for itself; see `SearchSql.walk`.
        held: what is contained in some resource, as `contained.Inside.held` has it.
    """

    def __init__(
        self,
        types: Types,
        visible: Visible,
        *,
        base_url: str,
        zone: ZoneInfo,
        safe_time: str | None,
        walked: Collection[Chain],
        held: Collection[int] = (),
    ) -> None:
        self.parameters: dict[str, Any] = {}
        self._types = types
        self._visible = visible
        self._base_url = base_url
        self._zone = zone
        self._safe_time = safe_time
        self._walked = walked
        self._held = held
        self._aliases = 0
        self._values = TypedRows(self.bind, zone)

    def wanted(self, request: SearchRequest, alias: str) -> list[str]:
        """The conditions of a search on a search row."""
        if not request.ways:
            return self.of_type(request.type, request.conditions, alias)
        each = [
            every([f"{alias}.type = {self.bind(name)}", *self._matching(conditions, alias)])
            for name, conditions in request.ways
        ]
        return [either(each), *self._visible.condition(alias), *self.narrowing(alias)]

    def of_type(self, type_name: str, conditions: Iterable[Condition], alias: str) -> list[str]:
        """The conditions on a search row of one type."""
        found = [f"{alias}.type = {self.bind(type_name)}", *self._visible.condition(alias)]
        for name, ways in self._visible.narrowing:
            if name == type_name:
                found.append(self._one_of(ways, alias))
        return found + self._matching(conditions, alias)

    def narrowing(self, alias: str) -> list[str]:
        """What the scopes mean, on a search row of any type."""
        return self.only(self._visible.narrowing, alias)

    def only(self, narrowing: Narrowing, alias: str) -> list[str]:
        """What is left of some types, on a search row of any type."""
        return [
            f"({alias}.type <> {self.bind(name)} OR {self._one_of(ways, alias)})"
            for name, ways in narrowing
        ]

    def _one_of(self, ways: Iterable[Sequence[Condition]], alias: str) -> str:
        return either([every(self._matching(way, alias)) for way in ways])

    def _matching(self, conditions: Iterable[Condition], alias: str) -> list[str]:
        found: list[str] = []
        all_of: list[int] = []
        for condition in conditions:
            exact = self._exact_terms(condition)
            if exact is not None and len(exact) == 1:
                all_of += exact
            elif exact is not None:
                found.append(f"{alias}.terms && {array(exact)}" if exact else "false")
            else:
                found.append(self._condition(condition, alias))
        if all_of:
            found.append(f"{alias}.terms @> {array(all_of)}")
        return found

    def _condition(self, condition: Condition, alias: str) -> str:
        match condition:
            case Chain():
                return self._chain(condition, alias)
            case Has():
                return self._has(condition, alias)
            case Either(filters):
                return either([every(self._matching([each], alias)) for each in filters])
            case Filter():
                return self._filter(condition, alias)

    def leading_to(self, type_name: str, condition: Condition, alias: str, limit: int) -> str:
        """FROM and WHERE of the documents of a type of which a condition holds, some of them twice.

        What has an order is begun at its rows, and looked for in the first of them: by EXISTS,
        PostgreSQL collects all rows of a frequent name before it looks at one document.

        Args:
            type_name: of the documents.
            condition: that holds of them.
            alias: of their search rows.
            limit: rows that are looked at.
        """
        if isinstance(condition, Filter) and self._exact_terms(condition) is None:
            rows = None if self._in_row(condition, alias) else self._typed(condition)
            if rows is not None:
                table, compared = rows
                first = f"(SELECT x.pk FROM {table} x WHERE {compared} LIMIT {limit}) x"  # noqa: S608
                where = every(self.of_type(type_name, (), alias))
                return f"FROM {first} JOIN document_search {alias} USING (pk) WHERE {where}"
        where = every(self.of_type(type_name, [condition], alias))
        return f"FROM document_search {alias} WHERE {where}"

    def _filter(self, condition: Filter, alias: str) -> str:
        in_row = self._in_row(condition, alias)
        if in_row is not None:
            return in_row
        table, compared = self._typed(condition)
        return f"EXISTS (SELECT FROM {table} x WHERE x.pk = {alias}.pk AND {compared})"

    def _in_row(self, condition: Filter, alias: str) -> str | None:
        """A condition on the search row itself; None where typed rows tell."""
        param, modifier = condition.param, condition.modifier
        if modifier == "missing":
            return self._missing(condition, alias)
        if modifier == "not":
            positive = Filter(param, None, condition.values)
            return f"NOT ({every(self._matching([positive], alias))})"
        if modifier is not None and _follows_tree(param, modifier):
            return either([self._within(param, modifier, v, alias) for v in condition.values])
        if param.code == "_id":
            keys = [terms.document_key(param.resource, unescape(v)) for v in condition.values]
            return f"{alias}.key = ANY({array(keys)})"
        if param.code == "_lastUpdated":
            return self._last_updated(condition, alias)
        if param.code == PHONETIC:
            return either([sounding(param, v, alias) for v in condition.values])
        if param.resource in self._types and param.code == self._types[param.resource].sort_date:
            return self._values.main_date(condition, alias)
        return None

    def _missing(self, condition: Filter, alias: str) -> str:
        if condition.param.code in ("_id", "_lastUpdated"):  # every document has them
            return "false" if condition.values == ("true",) else "true"
        present = terms.known_term("present", condition.param.name)
        there = f"{alias}.terms @> {array([present])}"
        return f"NOT ({there})" if condition.values == ("true",) else there

    def _exact_terms(self, condition: Condition) -> list[int] | None:
        """The terms of which any one makes the condition true; None where terms cannot tell."""
        if isinstance(condition, Either):
            each = [self._exact_terms(filter_) for filter_ in condition.filters]
            return None if None in each else [t for found in each for t in found or ()]
        if not isinstance(condition, Filter) or condition.param.code == "_id":
            return None
        param, modifier = condition.param, condition.modifier
        if modifier in ("missing", "not", "text", "below") or param.type == "special":
            return None
        if _follows_tree(param, modifier):
            return None
        return self._terms(param, modifier, condition.values)

    def _terms(
        self, param: SearchParam, modifier: str | None, values: Sequence[str]
    ) -> list[int] | None:
        if param.type == "token" or modifier == "identifier":
            return [t for v in values for t in token_terms(param, modifier, v)]
        if param.is_canonical and modifier == "above":
            each_of = [each for v in values for each in above(unescape(v))]
            return [t for each in each_of for t in self._address_terms(param, each)]
        if param.type == "reference":
            return [t for v in values for t in self._reference_terms(param, modifier, v)]
        if modifier == "exact":
            return [terms.term("exact", param.name, unescape(v)) for v in values]
        if param.type == "uri":
            return [t for v in values for t in uri_terms(param, modifier, unescape(v))]
        if param.type == "composite" and param.of[1].type in EXACT:
            return [t for v in values for t in self._pair_terms(param, v)]
        return None

    def _reference_terms(self, param: SearchParam, modifier: str | None, value: str) -> list[int]:
        addresses = self._addresses(param, modifier, value)
        return [each for address in addresses for each in self._address_terms(param, address)]

    def _address_terms(self, param: SearchParam, address: str) -> list[int]:
        return [
            terms.term("reference", f"{param.resource}.{path.dotted}", address)
            for path in param.paths
        ]

    def _addresses(self, param: SearchParam, modifier: str | None, value: str) -> list[str]:
        targets = tuple(t for t in self._types if param.may_refer_to(t))
        only = param.only_targets
        return reference_addresses(value, modifier, targets, self._base_url, only=only)

    # --- ordered values, by the typed rows ----------------------------------------------------

    def _typed(self, condition: Filter) -> tuple[str, str]:
        """The table of a condition's rows, and how a row ``x`` of it compares."""
        param = condition.param
        if condition.modifier == "text":
            of_param = f"x.param = ANY({array(param.text_keys)})"
            values = [
                every([of_param, self._values.begins(fold(unescape(v)))]) for v in condition.values
            ]
            return "document_string", either(values)
        if param.type == "composite":
            values = [self._pair(param, v) for v in condition.values]
            return _TABLES[param.of[1].type], either(values)
        if param.type == "quantity":
            values = [self._values.measured(param, v) for v in condition.values]
            return _TABLES[param.type], either(values)
        compared = [self._values.compared(param, condition.modifier, v) for v in condition.values]
        return _TABLES[param.type], every([f"x.param = {param.key}", either(compared)])

    def _last_updated(self, condition: Filter, alias: str) -> str:
        column = f"{alias}.last_updated"
        values = [instant(date_value(v, self._zone), column) for v in condition.values]
        if self._safe_time is None:
            return either(values)
        return f"({either(values)} AND {column} < {moment(self._safe_time)})"

    # --- two values of one object together ----------------------------------------------------

    def _pair(self, param: SearchParam, value: str) -> str:
        first, second = composite_value(value)
        part = param.of[1]
        base = part.type == "quantity" and self._values.has_base(second)
        heads = self._forms(param.of[0], first)
        keys = [pair_key(group, head, base=base) for group in param.groups for head in heads]
        if not keys:
            return "false"
        return every([f"x.param = ANY({array(keys)})", self._values.compared(part, None, second)])

    def _pair_terms(self, param: SearchParam, value: str) -> list[int]:
        first, second = (
            self._forms(part, each)
            for part, each in zip(param.of, composite_value(value), strict=True)
        )
        pairs = product(param.groups, first, second)
        return [terms.term("pair", group, *head, *tail) for group, head, tail in pairs]

    def _forms(self, part: SearchParam, value: str) -> list[Form]:
        if part.type == "reference":
            return [("reference", address) for address in self._addresses(part, None, value)]
        datatypes = {path.datatype for path in part.paths}
        return token_forms(value, datatypes, is_code=part.is_code, system=part.system)

    # --- hops ---------------------------------------------------------------------------------

    def _chain(self, chain: Chain, alias: str) -> str:
        link, far = self._alias("l"), self._alias("t")
        ways = [every(self.of_type(target, [inner], far)) for target, inner in chain.inner]
        walked = any(each is chain for each in self._walked)
        # An OFFSET keeps PostgreSQL from turning the question around.
        fence = " OFFSET 0" if walked else ""
        outside = (
            f"FROM document_link {link} JOIN {self.target(chain.param, link, far)}"
            f" WHERE {link}.link = ANY({array(chain.param.link_keys)}) AND {either(ways)}"
        )
        alone = f"EXISTS (SELECT {outside} AND {link}.pk = {alias}.pk{fence})"
        inner = [
            each for each in inner_conditions(self._types, chain) if each[0].held in self._held
        ]
        if not inner:
            return alone
        if walked:
            return either([alone, *(self._contains(*each, alias) for each in inner)])
        # Collected together, so that either is found by its index.
        rows = [f"SELECT {link}.pk {outside}"]
        for each in inner:
            holder = self._alias("h")
            where = self._contains(*each, holder)
            rows.append(f"SELECT {holder}.pk FROM document_search {holder} WHERE {where}")  # noqa: S608
        return f"{alias}.pk IN ({' UNION ALL '.join(rows)})"

    def _contains(self, far: Inside, inner: Condition, alias: str) -> str:
        """That a resource contains one of which a condition holds; see `contained`."""
        row = self._alias("c")
        held = f"{row}.target = {far.held} AND {row}.link = {HOLDS}"
        matching = every(self._matching([inner], alias))
        return f"{alias}.pk IN (SELECT pk FROM document_link {row} WHERE {held}) AND {matching}"  # noqa: S608

    def target(self, param: SearchParam, link: str, far: str) -> str:
        """What a link leads to: a document by its key, or by the URL that it is called."""
        if not param.is_canonical:
            return f"document_search {far} ON {far}.key = {link}.target"
        called = self._alias("c")
        return (
            f"document_link {called} ON {called}.link = {CALLED}"
            f" AND {called}.target = {link}.target"
            f" JOIN document_search {far} ON {far}.pk = {called}.pk"
        )

    def _has(self, has: Has, alias: str) -> str:
        link, far = self._alias("l"), self._alias("t")
        where = self.of_type(has.source, [has.inner], far)
        here = f"{link}.target = {alias}.key"
        if has.param.is_canonical:
            here = (
                f"{link}.target IN (SELECT c.target FROM document_link c"  # noqa: S608 - see above
                f" WHERE c.pk = {alias}.pk AND c.link = {CALLED})"
            )
        return (
            f"EXISTS (SELECT FROM document_link {link}"
            f" JOIN document_search {far} ON {far}.pk = {link}.pk"
            f" WHERE {here} AND {link}.link = ANY({array(has.param.link_keys)}) AND {every(where)})"
        )

    def _within(self, param: SearchParam, modifier: str, value: str, alias: str) -> str:
        """A reference to a document, or to one below or above it in the tree of its type.

        The way through the tree leads over documents that the asker sees, and no others.
        """
        found = []
        for address in sorted(set(self._addresses(param, None, value))):
            type_name, _, logical_id = address.partition("/")
            if type_name not in HIERARCHIES or type_name not in self._types:
                continue
            start = terms.document_key(type_name, logical_id)
            parent = self._types[type_name].params[HIERARCHIES[type_name]]
            keys = self._tree(start, parent, down=modifier == "below")
            found.append(
                f"EXISTS (SELECT FROM document_link x WHERE x.pk = {alias}.pk"
                f" AND x.link = ANY({array(param.link_keys)}) AND x.target IN ({keys}))"
            )
        return either(found)

    def _tree(self, start: int, parent: SearchParam, *, down: bool) -> str:
        """The keys of a document and of all below it, or above it."""
        step = (
            "document_link l ON l.target = tree.key JOIN document_search t ON t.pk = l.pk"
            if down
            else "document_search o ON o.key = tree.key JOIN document_link l ON l.pk = o.pk"
            " JOIN document_search t ON t.key = l.target"
        )
        where = [
            f"l.link = ANY({array(parent.link_keys)})",
            *self._visible.condition("t"),
            *self.narrowing("t"),
        ]
        if not down:
            where += [*self._visible.condition("o"), *self.narrowing("o")]
        return (
            f"WITH RECURSIVE tree(key) AS (SELECT {start}::bigint"  # noqa: S608 - see above
            f" UNION SELECT t.key FROM tree JOIN {step} WHERE {every(where)}) SELECT key FROM tree"
        )

    def _alias(self, prefix: str) -> str:
        self._aliases += 1
        return f"{prefix}{self._aliases}"

    def bind(self, value: Any) -> str:
        """A bound parameter, such as a client's own text."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"
