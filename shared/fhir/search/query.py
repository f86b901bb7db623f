"""From a query string to a SearchRequest (FHIR R4 search.html).

Refuse, don't guess: a filter that is not understood is an error, because leaving out a filter on
patients' data returns too much. Only with ``Prefer: handling=lenient`` is it left out, and then
the answer's ``self`` link does not show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

from shared.fhir.outcome import FhirError, Issue, refusal
from shared.fhir.search.parameters import ANY_TYPE, PHONETIC, ResourceType, SearchParam, Types
from shared.fhir.search.values import check, split_escaped

DEFAULT_COUNT = 20
MAX_COUNT = 500
#: Characters of a whole query: room for a thousand ids, and the answer's `self` repeats all of it.
MAX_QUERY = 64 * 1024
#: Chains longer than this are refused; each hop is a join.
MAX_HOPS = 3

Total = Literal["none", "estimate", "accurate"]

#: Parameters that shape the answer and filter nothing.
RESULT_PARAMETERS = frozenset(
    "_count _elements _format _include _pretty _revinclude _sort _summary _total".split()
)

_MODIFIERS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"exact", "contains", "missing"}),
    "token": frozenset({"not", "missing", "of-type"}),
    "reference": frozenset({"identifier", "missing"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "uri": frozenset({"missing", "above", "below"}),
}


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
    """One sort rule."""

    param: SearchParam
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """Further documents to send along: what ``params`` of ``source`` refer to, or the reverse.

    ``target`` limits the type at the far end; ``iterate`` applies it to included documents too.
    """

    source: str
    params: tuple[SearchParam, ...]
    target: str | None
    iterate: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: its last row's sort values (None where missing) and key."""

    values: tuple[str | None, ...]
    pk: int


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search, understood.

    Attributes:
        type: the type searched.
        conditions: all must hold.
        sort: rules in order; without any, documents come in the order in which they were stored.
        count: matches per page; 0 asks for the total alone.
        total: whether the number of matches is wanted; None leaves it to the server.
        applied: the parameters as given, without those left out, for the ``self`` link.
        visible_types: the types that the client's scopes let it see; None is every type. An
            include never reaches beyond them.
    """

    type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = DEFAULT_COUNT
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: Total | None = None
    elements: tuple[str, ...] = ()
    summary: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    after: Position | None = None
    visible_types: frozenset[str] | None = None

    def types_searched(self) -> Iterator[str]:
        """Every type whose content decides on a match; a client needs search rights to each."""
        yield self.type
        for condition in self.conditions:
            yield from _types(condition)


@dataclass(slots=True)
class _Draft:
    conditions: list[Condition] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)


def parse_query(query: str) -> list[tuple[str, str]]:
    """Name and value pairs of a query string or form body, in their order, percent-decoded."""
    if len(query) > MAX_QUERY:
        words = f"A search has {MAX_QUERY:,} characters at most."
        raise refusal(400, words, "http.query", code="too-long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=500)
    except ValueError as error:
        raise refusal(
            400, "The query could not be decoded.", "http.query", code="invalid"
        ) from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise refusal(400, "A query holds no NUL character.", "http.query", code="value")
    return pairs


def parse_search(
    types: Types,
    type_name: str,
    pairs: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    default_count: int = DEFAULT_COUNT,
) -> SearchRequest:
    """Understand a search.

    Args:
        types: the served types.
        type_name: the type searched; must be one of them.
        pairs: names and values in the order given.
        lenient: leave out what is not understood (``Prefer: handling=lenient``).
        default_count: matches per page where ``_count`` says nothing.

    Raises:
        FhirError: 400 naming every parameter that is not understood as ``http.<name>``.
    """
    resource_type = types[type_name]
    draft = _Draft()
    shape: dict[str, list[tuple[str, str]]] = {}
    for name, value in pairs:
        base = name.partition(":")[0]
        if base in RESULT_PARAMETERS:
            shape.setdefault(base, []).append((name, value))
            continue
        if not value:
            continue  # R4: a parameter without value filters nothing
        with _collect(draft, lenient):
            draft.conditions.append(_condition(types, resource_type, name, value, 0))
            draft.applied.append((name, value))
    request = _shaped(types, resource_type, draft, shape, lenient, default_count)
    if draft.issues and not lenient:
        raise FhirError(400, draft.issues)
    return request


class _collect:  # noqa: N801 - reads as a statement: with _collect(...)
    """Gathers refusals, so that a client hears of all of them at once."""

    def __init__(self, draft: _Draft, lenient: bool) -> None:
        self._draft = draft
        self._lenient = lenient

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FhirError):
            self._draft.issues.extend(error.issues)
            return True
        return False


def _shaped(
    types: Types,
    resource_type: ResourceType,
    draft: _Draft,
    shape: dict[str, list[tuple[str, str]]],
    lenient: bool,
    default_count: int,
) -> SearchRequest:
    found: dict[str, object] = {}
    readers = {
        "_count": lambda given: found.update(count=_count(given)),
        "_sort": lambda given: found.update(sort=_sort(resource_type, given)),
        "_total": lambda given: found.update(
            total=_choice(given, ("none", "estimate", "accurate"))
        ),
        "_summary": lambda given: found.update(
            summary=_choice(given, ("true", "text", "data", "count", "false"))
        ),
        "_elements": lambda given: found.update(elements=_elements(given)),
        "_include": lambda given: found.update(
            includes=tuple(_include(types, name, value) for name, value in given)
        ),
        "_revinclude": lambda given: found.update(
            revincludes=tuple(_revinclude(types, name, value) for name, value in given)
        ),
    }
    for base, given in shape.items():
        with _collect(draft, lenient):
            if base in readers:
                readers[base](given)
            draft.applied.extend(given)
    found.setdefault("count", default_count)
    return SearchRequest(
        type=resource_type.name,
        conditions=tuple(draft.conditions),
        applied=tuple(draft.applied),
        **found,  # type: ignore[arg-type]
    )


# --- conditions -------------------------------------------------------------------------------


def _condition(
    types: Types, resource_type: ResourceType, name: str, value: str, hops: int
) -> Condition:
    if hops > MAX_HOPS:
        raise _refused(name, f"A chain may have {MAX_HOPS} links at most.")
    if name.startswith("_has:"):
        return _has(types, resource_type, name, value, hops)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    param = resource_type.params.get(code)
    if param is None:
        raise _refused(
            name,
            f"{resource_type.name} has no search parameter '{_shown(code)}'. "
            f"It has: {', '.join(sorted(resource_type.params))}.",
            code="not-supported",
        )
    if dot:
        return _chain(types, param, modifier, name, rest, value, hops)
    return _filter(types, param, modifier or None, name, value)


def _filter(
    types: Types, param: SearchParam, modifier: str | None, name: str, value: str
) -> Condition:
    if param.code in ("_id", "_lastUpdated") and modifier is not None:
        raise _refused(name, f"{param.code} takes no modifier.", code="not-supported")
    if modifier == "missing":
        if value not in ("true", "false"):
            raise _refused(name, ":missing takes true or false.", code="value")
        return Filter(param, modifier, (value,))
    by_type = param.type == "reference" and modifier is not None and modifier[:1].isupper()
    if by_type:
        if not param.may_refer_to(modifier or "") or modifier not in types:
            raise _refused(name, f"{param.name} does not refer to that type.", code="value")
    elif modifier is not None and modifier not in _modifiers(param):
        offered = ", ".join(f":{each}" for each in sorted(_modifiers(param)))
        raise _refused(
            name,
            f"{param.name} is of type {param.type} and takes {offered}.",
            code="not-supported",
        )
    values = tuple(split_escaped(value, ","))
    condition = Filter(param, modifier, values)
    _check_values(condition, name)
    return condition


def _modifiers(param: SearchParam) -> frozenset[str]:
    return frozenset({"missing"}) if param.code == PHONETIC else _MODIFIERS[param.type]


def _check_values(condition: Filter, name: str) -> None:
    # The values are read again where the SQL is made; reading them here as well puts the
    # parameter's own name on the refusal.
    for value in condition.values:
        try:
            check(condition.param.type, condition.modifier, value)
        except ValueError as error:
            raise _refused(name, f"The value is not right: {error}.", code="value") from error


def _chain(
    types: Types,
    param: SearchParam,
    modifier: str,
    name: str,
    rest: str,
    value: str,
    hops: int,
) -> Chain:
    if param.type != "reference":
        raise _refused(name, f"{param.name} is no reference: it cannot be chained.")
    if modifier:
        if modifier not in types or not param.may_refer_to(modifier):
            raise _refused(name, f"{param.name} does not refer to that type.", code="value")
        targets = [modifier]
    else:
        targets = [t for t in types if param.may_refer_to(t)]
    inner: list[tuple[str, Condition]] = []
    problems: list[FhirError] = []
    for target in targets:
        try:
            inner.append((target, _condition(types, types[target], rest, value, hops + 1)))
        except FhirError as error:
            problems.append(error)
    if not inner:
        if len(problems) == 1:
            raise _refused(name, problems[0].issues[0].diagnostics, code="not-supported")
        raise _refused(name, f"Nothing that {param.name} refers to can be searched like this.")
    return Chain(param, tuple(inner))


def _has(types: Types, resource_type: ResourceType, name: str, value: str, hops: int) -> Has:
    parts = name.split(":", 3)
    if len(parts) < 4:
        raise _refused(name, "_has is written _has:Type:reference:parameter.")
    _, source, code, rest = parts
    if source not in types:
        raise _refused(name, "That type is not served here.", code="not-supported")
    param = types[source].params.get(code)
    if param is None or param.type != "reference" or not param.may_refer_to(resource_type.name):
        raise _refused(name, f"That is no reference from {source} to {resource_type.name}.")
    return Has(source, param, _condition(types, types[source], rest, value, hops + 1))


def _types(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Chain):
        for target, inner in condition.inner:
            yield target
            yield from _types(inner)
    elif isinstance(condition, Has):
        yield condition.source
        yield from _types(condition.inner)


# --- the shape of the answer ------------------------------------------------------------------


def _count(given: Sequence[tuple[str, str]]) -> int:
    value = given[-1][1]
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise _refused("_count", "_count is a whole number, 0 or more.", code="value")
    return min(int(value), MAX_COUNT)


def _choice(given: Sequence[tuple[str, str]], offered: Iterable[str]) -> str:
    name, value = given[-1]
    if value not in offered:
        raise _refused(name, f"{name} is one of {', '.join(offered)}.", code="value")
    return value


def _elements(given: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(e for _, value in given for e in value.split(",") if e)


def _sort(resource_type: ResourceType, given: Sequence[tuple[str, str]]) -> tuple[Sort, ...]:
    rules = []
    for rule in (r for _, value in given for r in value.split(",") if r):
        code = rule.removeprefix("-")
        param = resource_type.params.get(code)
        if param is None:
            raise _refused(
                "_sort", f"{resource_type.name} cannot be sorted by '{_shown(code)}'.",
                code="not-supported",
            )  # fmt: skip
        rules.append(Sort(param, rule.startswith("-")))
    if len(rules) > 5:
        raise _refused("_sort", "Five sort rules at most.", code="too-costly")
    return tuple(rules)


def _include_parts(name: str, value: str) -> tuple[list[str], bool]:
    modifier = name.partition(":")[2]
    if modifier not in ("", "iterate", "recurse"):
        raise _refused(name, "The only modifier here is :iterate.", code="not-supported")
    return value.split(":"), bool(modifier)


def _include(types: Types, name: str, value: str) -> Include:
    parts, iterate = _include_parts(name, value)
    return _include_of(types, name, parts, iterate)


def _revinclude(types: Types, name: str, value: str) -> Include:
    parts, iterate = _include_parts(name, value)
    if len(parts) < 2 and parts != ["*"]:
        raise _refused(name, f"{name} is written Type:reference.", code="value")
    return _include_of(types, name, parts, iterate)


def _include_of(types: Types, name: str, parts: list[str], iterate: bool) -> Include:
    if parts == ["*"]:
        params = tuple(p for t in types.values() for p in t.params.values() if _links(p))
        return Include(ANY_TYPE, params, None, iterate)
    source = parts[0]
    if source not in types or len(parts) not in (2, 3):
        raise _refused(name, f"{name} is written Type:reference or Type:reference:Target.")
    if parts[1] == "*":
        params = tuple(p for p in types[source].params.values() if _links(p))
    else:
        param = types[source].params.get(parts[1])
        if param is None or not _links(param):
            raise _refused(name, f"{source} has no such reference.", code="not-supported")
        params = (param,)
    target = parts[2] if len(parts) == 3 else None
    if target is not None and target not in types:
        raise _refused(name, "That target type is not served here.", code="not-supported")
    return Include(source, params, target, iterate)


def _links(param: SearchParam) -> bool:
    return param.type == "reference" and any(p.datatype == "Reference" for p in param.paths)


# --- small parts ------------------------------------------------------------------------------


def _shown(name: str) -> str:
    """A parameter's name for an error message; odd ones may hold a value by mistake."""
    return name if re.fullmatch(r"[A-Za-z_-]{1,40}", name) else "..."


def _refused(name: str, diagnostics: str, *, code: str = "invalid") -> FhirError:
    shown = name if re.fullmatch(r"[A-Za-z_.:-]{1,120}", name) else "query"
    return refusal(400, diagnostics, f"http.{shown}", code=code)
