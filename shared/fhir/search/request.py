"""A search, understood: what is looked for, and how the answer is to be shaped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from shared.fhir.outcome import Issue
from shared.fhir.search.parameters import SearchParam

DEFAULT_COUNT = 20

Total = Literal["none", "estimate", "accurate"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a parameter: any of ``values`` (R4: commas are OR)."""

    param: SearchParam
    modifier: str | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A condition on what a reference leads to, by the type that it leads to."""

    param: SearchParam
    inner: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A condition on some document of type ``source`` that refers here (R4: ``_has``)."""

    source: str
    param: SearchParam
    inner: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Any of several conditions on one document, such as that it is in a compartment."""

    filters: tuple[Filter, ...]


Condition = Filter | Chain | Has | Either


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort rule.

    Attributes:
        param: by whose values.
        descending: which way.
        places: of a place, the search's own values, from which distances are.
    """

    param: SearchParam
    descending: bool
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """Further documents to send along: what ``params`` of ``source`` refer to, or the reverse.

    ``target`` limits the type at the far end; ``iterate`` applies it to included documents too.
    """

    source: str
    params: tuple[SearchParam, ...]
    target: str | None
    iterate: bool

    def by_way(self) -> Iterator[Include]:
        """The same by the parameters that refer by address, and by those that do by URL."""
        for canonical in (False, True):
            params = tuple(each for each in self.params if each.is_canonical == canonical)
            if params:
                yield replace(self, params=params)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: its last row's sort values (None where missing) and key."""

    values: tuple[str | None, ...]
    pk: int


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search, understood.

    Attributes:
        type: the type searched; "" where there are several.
        conditions: all must hold.
        ways: of a search over several types, each and what must hold of its documents.
        sort: rules in order; without any, documents come in the order in which they were stored.
        count: matches per page; 0 asks for the total alone.
        total: whether the number of matches is wanted; None leaves it to the server.
        applied: the parameters as given, without those left out, for the ``self`` link.
        left_out: what a lenient client's search leaves out, to be told.
        visible_types: the types that the client's scopes let it see; None is every type. An
            include never reaches beyond them.
    """

    type: str
    conditions: tuple[Condition, ...] = ()
    ways: tuple[tuple[str, tuple[Condition, ...]], ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = DEFAULT_COUNT
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: Total | None = None
    elements: tuple[str, ...] = ()
    summary: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    after: Position | None = None
    left_out: tuple[Issue, ...] = ()
    visible_types: frozenset[str] | None = None

    @property
    def each_type(self) -> tuple[tuple[str, tuple[Condition, ...]], ...]:
        """Each type searched, and what must hold of its documents."""
        return self.ways or ((self.type, self.conditions),)

    def types_searched(self) -> Iterator[str]:
        """Every type whose content decides on a match; a client needs search rights to each."""
        for type_name, conditions in self.each_type:
            yield type_name
            for condition in conditions:
                yield from _types(condition)


def _types(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Chain):
        for target, inner in condition.inner:
            yield target
            yield from _types(inner)
    elif isinstance(condition, Has):
        yield condition.source
        yield from _types(condition.inner)
