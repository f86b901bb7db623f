"""The parameters that shape the answer and filter nothing (FHIR R4 search.html, results)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shared.fhir.search.conditions import refused, shown
from shared.fhir.search.parameters import ANY_TYPE, ResourceType, SearchParam, Types
from shared.fhir.search.request import Condition, Filter, Include, Sort

MAX_COUNT = 500

#: The values of ``_summary``.
SUMMARIES = ("true", "text", "data", "count", "false")

#: Parameters that shape the answer and filter nothing. `_totalMethod` is not of R4: fhirpy says it
#: beside `_count=0`, which has the matches counted.
RESULT_PARAMETERS = frozenset(
    "_contained _count _elements _format _include _pretty _revinclude _sort _summary _total "
    "_totalMethod".split()
)

#: One parameter's names, modifiers included, and values, in the order given.
Given = Sequence[tuple[str, str]]


def readers(
    types: Types, searched: Sequence[ResourceType], conditions: Sequence[Condition] = ()
) -> Mapping[str, Callable[[Given], dict[str, Any]]]:
    """What reads each of them into members of a `SearchRequest`, by name.

    Not ``_format`` and ``_pretty``, which are read with the request's headers.

    Args:
        types: the served types.
        searched: those that the search is for.
        conditions: of the search, which say from where a distance is.
    """
    return {
        "_contained": _contained,
        "_count": lambda given: {"count": whole_number("_count", given[-1][1])},
        "_sort": lambda given: {"sort": _sort(searched, given, conditions)},
        "_total": lambda given: {"total": choice(given, ("none", "estimate", "accurate"))},
        "_summary": lambda given: {"summary": choice(given, SUMMARIES)},
        "_elements": lambda given: {"elements": elements(given)},
        "_include": lambda given: {"includes": tuple(_include(types, *each) for each in given)},
        "_revinclude": lambda given: {
            "revincludes": tuple(_revinclude(types, *each) for each in given)
        },
    }


def choice(given: Given, offered: Iterable[str]) -> str:
    """The last value, which must be one of those offered.

    Raises:
        FhirError: 400 where it is none of them.
    """
    name, value = given[-1]
    if value not in offered:
        raise refused(name, f"{name} is one of {', '.join(offered)}.", code="value")
    return value


def elements(given: Given) -> tuple[str, ...]:
    """The elements that ``_elements`` names."""
    return tuple(e.strip() for _, value in given for e in value.split(",") if e.strip())


def part_asked(pairs: Given) -> tuple[tuple[str, ...], str | None]:
    """The part of one resource that a read asks for: ``_elements`` and ``_summary``.

    Raises:
        FhirError: 400 for another summary than there is of one resource.
    """
    summary = [(name, value) for name, value in pairs if name == "_summary" and value]
    named = [(name, value) for name, value in pairs if name == "_elements"]
    offered = [each for each in SUMMARIES if each != "count"]
    return elements(named), choice(summary, offered) if summary else None


def includable(param: SearchParam) -> bool:
    """Whether what it refers to can be sent along."""
    return param.type == "reference" and any(
        path.datatype in ("Reference", "canonical") for path in param.paths
    )


def _contained(given: Given) -> dict[str, Any]:
    if any(value != "false" for _, value in given):
        raise refused(
            "_contained",
            "What is contained is not found by itself: _contained is false here.",
            code="not-supported",
        )
    return {}


def whole_number(name: str, value: str) -> int:
    """How many, as ``_count`` says it; `MAX_COUNT` at most.

    Raises:
        FhirError: 400 naming the parameter.
    """
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise refused(name, f"{name} is a whole number, 0 or more.", code="value")
    return min(int(value), MAX_COUNT)


def _sort(
    searched: Sequence[ResourceType], given: Given, conditions: Sequence[Condition]
) -> tuple[Sort, ...]:
    rules = []
    for rule in (r.strip() for _, value in given for r in value.split(",") if r.strip()):
        code = rule.removeprefix("-")
        param = searched[0].params.get(code)
        of_all = len(searched) == 1 or code in ("_id", "_lastUpdated")
        if param is None or not param.can_sort or not of_all:
            what = searched[0].name if len(searched) == 1 else "What is of several types"
            raise refused(
                "_sort", f"{what} cannot be sorted by '{shown(code)}'.", code="not-supported"
            )
        places: tuple[str, ...] = ()
        if param.type == "special":
            places = _places(param, conditions)
            if not places:
                words = f"A distance is from a place: search by {shown(code)} too."
                raise refused("_sort", words)
        rules.append(Sort(param, rule.startswith("-"), places))
    if len(rules) > 5:
        raise refused("_sort", "Five sort rules at most.", code="too-costly")
    return tuple(rules)


def _places(param: SearchParam, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """From where the search looks; of several alternatives the nearest counts."""
    for each in conditions:
        if isinstance(each, Filter) and each.param == param and each.modifier is None:
            return each.values
    return ()


def _include_parts(name: str, value: str) -> tuple[list[str], bool]:
    modifier = name.partition(":")[2]
    if modifier not in ("", "iterate", "recurse"):
        raise refused(name, "The only modifier here is :iterate.", code="not-supported")
    return value.split(":"), bool(modifier)


def _include(types: Types, name: str, value: str) -> Include:
    parts, iterate = _include_parts(name, value)
    return _include_of(types, name, parts, iterate)


def _revinclude(types: Types, name: str, value: str) -> Include:
    parts, iterate = _include_parts(name, value)
    if len(parts) < 2 and parts != ["*"]:
        raise refused(name, f"{name} is written Type:reference.", code="value")
    return _include_of(types, name, parts, iterate)


def _include_of(types: Types, name: str, parts: list[str], iterate: bool) -> Include:
    if parts == ["*"]:
        params = tuple(p for t in types.values() for p in t.params.values() if includable(p))
        return Include(ANY_TYPE, params, None, iterate)
    source = parts[0]
    if source not in types or len(parts) not in (2, 3):
        raise refused(name, f"{name} is written Type:reference or Type:reference:Target.")
    if parts[1] == "*":
        params = tuple(p for p in types[source].params.values() if includable(p))
    else:
        param = types[source].params.get(parts[1])
        if param is None or not includable(param):
            raise refused(name, f"{source} has no such reference.", code="not-supported")
        params = (param,)
    target = parts[2] if len(parts) == 3 else None
    if target is not None and target not in types:
        raise refused(name, "That target type is not served here.", code="not-supported")
    return Include(source, params, target, iterate)
