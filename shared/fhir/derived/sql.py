"""From a search of a derived type to SQL over its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shared.fhir.derived.declaration import Derived
from shared.fhir.outcome import refusal
from shared.fhir.search import terms
from shared.fhir.search.comparing import moment
from shared.fhir.search.extract import Extractor
from shared.fhir.search.parameters import ResourceType
from shared.fhir.search.request import (
    Chain,
    Condition,
    Either,
    Filter,
    Position,
    SearchRequest,
)
from shared.fhir.search.sql import Statement
from shared.fhir.search.values import reference_addresses, token_value
from shared.fhir.search.where import Where

ROW = "v"


class DerivedSql(Where):
    """Writes the statements of one derived type.

    Args:
        derived: the type.
        extractor: tells by what the constant parts of its resources are found.
        run: runs a statement of the same session.
        how: see `Where`.
    """

    def __init__(
        self,
        derived: Derived,
        extractor: Extractor,
        run: Callable[[Statement], Any],
        *args: Any,
        **how: Any,
    ) -> None:
        super().__init__(*args, **how)
        self._run = run
        self._derived = derived
        self._type: ResourceType = self._types[derived.name]
        self._constant = derived.constant_terms(extractor, self._type)

    def one(self, values: Mapping[str, Any]) -> Statement:
        """The row with these values, if it is visible and meant."""
        self.parameters = {}
        return self._select([*self._having(values), *self._meant()], 1)

    def found(self, request: SearchRequest) -> Statement:
        """One page of a search and one row more."""
        self.parameters = {}
        descending = self._descending(request)
        where = [*self._meant(), *self._matching(request.conditions, ROW)]
        if request.after is not None:
            where.append(_beyond(request.after, descending))
        return self._select(where, request.count + 1, descending=descending)

    def counted(self, request: SearchRequest, limit: int | None) -> Statement:
        """How many match, counting no further than ``limit``."""
        self.parameters = {}
        return self._count([*self._meant(), *self._matching(request.conditions, ROW)], limit)

    def _count(self, where: list[str], limit: int | None) -> Statement:
        last = "" if limit is None else f" LIMIT {limit}"
        rows = self._each(f"SELECT {ROW}.n", where, last)
        text = f"SELECT count(*) FROM (SELECT FROM ({rows}) found{last}) counted"  # noqa: S608
        return Statement(text, self.parameters)

    def lately(
        self, when: Sequence[tuple[str, str]], after: Position | None, count: int
    ) -> Statement:
        """One page of what there was, newest first, and one row more.

        Args:
            when: what holds of the time: an operator of SQL, and the instant.
            after: where the page before ended.
            count: rows of a page.
        """
        self.parameters = {}
        where = [*self._meant(), *_timed(when)]
        if after is not None:
            where.append(_beyond(after, descending=True))
        return self._select(where, count + 1, descending=True)

    def counted_lately(self, when: Sequence[tuple[str, str]], limit: int) -> Statement:
        """How many `lately` has on all of its pages, counting no further than ``limit``."""
        self.parameters = {}
        return self._count([*self._meant(), *_timed(when)], limit)

    def referring(self, codes: Iterable[str], addresses: list[str], limit: int) -> Statement:
        """The rows that refer to any of the addresses, by any of these parameters."""
        self.parameters = {}
        ways = [self._refers(code, addresses) for code in codes if code in self._derived.references]
        return self._select([*self._meant(), _any(ways)], limit)

    # --- conditions ---------------------------------------------------------------------------

    def _select(self, where: list[str], limit: int, *, descending: bool = False) -> Statement:
        order = _order(descending)
        rows = self._each(f"SELECT {ROW}.*", where, f" {order} LIMIT {limit}")
        page = f"SELECT * FROM ({rows}) {ROW} {order} LIMIT {limit}"  # noqa: S608 - made here
        also = self._derived.selected(self._visible, self.parameters)
        text = f"SELECT {ROW}.*{also} FROM ({page}) {ROW} {order}"  # noqa: S608 - made here
        return Statement(text, self.parameters)

    def _each(self, select: str, where: list[str], rest: str) -> str:
        """The same of each table, one after the other."""
        tables = self._derived.rows(self._visible, self.parameters)
        return " UNION ALL ".join(
            f"({select} FROM ({rows}) {ROW} WHERE {_all(where)}{rest})" for rows in tables
        )

    def _meant(self) -> list[str]:
        """What the scopes mean of this type."""
        found = []
        for name, ways in self._visible.narrowing:
            if name == self._derived.name:
                found.append(self._one_of(ways, ROW))
        return found

    def _matching(self, conditions: Iterable[Condition], alias: str) -> list[str]:
        if alias != ROW:
            return super()._matching(conditions, alias)
        return [self._on_row(each) for each in conditions]

    def _on_row(self, condition: Condition) -> str:
        match condition:
            case Filter():
                return self._filtered(condition)
            case Either(filters):
                return _any([self._filtered(each) for each in filters])
            case Chain(param=param) if param.code in self._derived.references:
                return self._chained(condition)
            case _:
                words = f"A {self._derived.name} cannot be searched by what refers to it."
                raise refusal(400, words, "http.query", code="not-supported")

    def _filtered(self, condition: Filter) -> str:
        code, modifier = condition.param.code, condition.modifier
        if code in self._derived.present and modifier == "missing":
            present = f"({self._derived.present[code]})"
            return f"NOT {present}" if condition.values == ("true",) else present
        if code == "_id":
            return self._identified(condition.values)
        if (code == "_lastUpdated" or code in self._derived.dates) and modifier is None:
            return self._last_updated(condition, ROW)
        if code in self._derived.references and modifier != "identifier":
            targets = tuple(t for t in self._types if condition.param.may_refer_to(t))
            addresses = [
                address
                for value in condition.values
                for address in reference_addresses(value, modifier, targets, self._base_url)
            ]
            if condition.param.only_targets:
                only = condition.param.targets
                addresses = [each for each in addresses if each.partition("/")[0] in only]
            return self._refers(code, addresses)
        if code in self._derived.codes and modifier in (None, "not"):
            wanted = [token_value(value) for value in condition.values]
            named = [each.code for each in wanted if each.code and not each.system]
            given = f"{self._derived.codes[code]} = ANY({self.bind(named)}::text[])"
            return f"NOT ({given})" if modifier == "not" else given
        return self._of_kinds(condition)

    def _of_kinds(self, condition: Filter) -> str:
        """By what is constant in the resources of a kind."""
        present = terms.known_term("present", condition.param.name)
        if condition.modifier == "missing":
            without = condition.values == ("true",)
            kinds = [k for k, found in self._constant.items() if (present in found) != without]
        elif condition.modifier == "not":
            wanted = set(self._exact_terms(Filter(condition.param, None, condition.values)) or ())
            kinds = [k for k, found in self._constant.items() if not wanted & found]
        else:
            wanted = set(self._exact_terms(condition) or ())
            kinds = [k for k, found in self._constant.items() if wanted & found]
        return f"{ROW}.kind = ANY({self.bind(kinds)}::text[])"

    def _identified(self, ids: Iterable[str]) -> str:
        ways = []
        for each in ids:
            values = self._derived.columns(each)
            if values is not None:
                ways.append(_all(self._having(values)))
        return _any(ways)

    def _having(self, values: Mapping[str, Any]) -> list[str]:
        found = []
        for name, value in values.items():
            if isinstance(value, tuple):
                low, high = (self.bind(each) for each in value)
                found.append(f"{ROW}.{name} >= {low} AND {ROW}.{name} < {high}")
            else:
                found.append(f"{ROW}.{name} = {self.bind(value)}")
        return found

    def _refers(self, code: str, addresses: list[str]) -> str:
        template = self._derived.references[code]
        bound = {"any": f"{self.bind(addresses)}::text[]"}
        if "{persons}" in template:
            # Found before, so that the rows are found by the index of their persons.
            patients = [each[8:] for each in addresses if each.startswith("Patient/")]
            found = self._run(Statement(self._derived.people, {"patients": patients})).all()
            bound["persons"] = f"{self.bind([row[0] for row in found])}::uuid[]"
            bound["holders"] = f"{self.bind([row[1] for row in found])}::text[]"
        return f"({template.format(**bound)})"

    def _chained(self, chain: Chain) -> str:
        far, document = self._alias("t"), self._alias("d")
        ways = [_all(self.of_type(target, [inner], far)) for target, inner in chain.inner]
        refers = self._derived.chained[chain.param.code].format(
            address=f"{document}.type || '/' || {document}.id",
            type=f"{document}.type",
            id=f"{document}.id",
        )
        return (
            f"EXISTS (SELECT FROM document_search {far} JOIN document {document}"
            f" ON {document}.pk = {far}.pk WHERE {_any(ways)} AND ({refers}))"
        )

    def _descending(self, request: SearchRequest) -> bool:
        for rule in request.sort:
            if rule.param.code != "_lastUpdated" and rule.param.code not in self._derived.dates:
                words = f"A {self._derived.name} is sorted by its time alone."
                raise refusal(400, words, "http._sort", code="not-supported")
        return bool(request.sort) and request.sort[0].descending


def _timed(when: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{ROW}.last_updated {operator} {moment(at)}" for operator, at in when]


def _beyond(after: Position, descending: bool) -> str:
    sign = "<" if descending else ">"
    return f"({ROW}.last_updated, {ROW}.n) {sign} ({moment(str(after.values[0]))}, {after.pk})"


def _order(descending: bool = False) -> str:
    way = " DESC" if descending else ""
    return f"ORDER BY {ROW}.last_updated{way}, {ROW}.n{way}"


def _all(conditions: list[str]) -> str:
    return " AND ".join(f"({each})" for each in conditions) or "true"


def _any(conditions: list[str]) -> str:
    return "(" + (" OR ".join(f"({each})" for each in conditions) or "false") + ")"
