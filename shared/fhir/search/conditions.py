"""From one parameter of a query to a condition (FHIR R4 search.html)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.fhir.outcome import FhirError, refusal
from shared.fhir.search.parameters import (
    HIERARCHIES,
    PHONETIC,
    ResourceType,
    SearchParam,
    Types,
)
from shared.fhir.search.request import Chain, Condition, Filter, Has
from shared.fhir.search.values import check, split_escaped

#: Chains longer than this are refused; each hop is a join.
MAX_HOPS = 4

_MODIFIERS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"exact", "contains", "missing"}),
    "token": frozenset({"not", "missing"}),
    "reference": frozenset({"identifier", "missing"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "uri": frozenset({"missing", "above", "below"}),
    "composite": frozenset({"missing"}),
    "special": frozenset({"missing"}),
}

#: What R4 has and this server does not: why not.
NOT_OFFERED: Mapping[str, str] = {
    "_content": "Text is not searched as a whole: search by an element, or a code's words by :text",
    "_filter": "Conditions are given one by one",
    "_list": "Lists are not served here",
    "_query": "There are no named queries here",
    "_text": "Narratives are not searched: search by an element, or a code's words by :text",
    "_type": "One type is searched by its own address, several by the base address",
}

#: Modifiers of R4 that need what this server does not have.
UNHELD: Mapping[str, str] = {
    "in": "Value sets are not held here: name the codes, with commas between them",
    "not-in": "Value sets are not held here: name the codes by :not, with commas between them",
    "above": "Hierarchies of codes are not held here: name the codes, with commas between them",
    "below": "Hierarchies of codes are not held here: name the codes, with commas between them",
}


def condition_of(
    types: Types, resource_type: ResourceType, name: str, value: str, hops: int = 0
) -> Condition:
    """Understand one parameter.

    Args:
        types: the served types.
        resource_type: the type that it is asked of.
        name: with its modifier or chain.
        value: with its prefix and alternatives.
        hops: links of a chain that led here.

    Raises:
        FhirError: 400 naming it as ``http.<name>``.
    """
    if hops > MAX_HOPS:
        raise refused(name, f"A chain may have {MAX_HOPS} links at most.")
    if name.startswith("_has:"):
        return _has(types, resource_type, name, value, hops)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    param = resource_type.params.get(code)
    if param is None:
        reason = NOT_OFFERED.get(code)
        raise refused(
            name,
            f"{reason}." if reason else
            f"{resource_type.name} has no search parameter '{shown(code)}'. "
            f"It has: {', '.join(sorted(resource_type.params))}.",
            code="not-supported",
        )  # fmt: skip
    if dot:
        return _chain(types, param, modifier, name, rest, value, hops)
    return _filter(types, param, modifier or None, name, value)


def modifiers(param: SearchParam) -> frozenset[str]:
    """The modifiers that a parameter takes, but for the types that a reference may be to."""
    if param.code in ("_lastUpdated", PHONETIC):
        return frozenset({"missing"})
    found = _MODIFIERS[param.type]
    if param.text_keys and param.type == "token":
        found |= {"text"}
    if param.type == "token" and any(path.datatype == "Identifier" for path in param.paths):
        found |= {"of-type"}
    if hierarchies(param) or param.is_canonical:
        found |= {"above", "below"}
    return found


def hierarchies(param: SearchParam) -> tuple[str, ...]:
    """The types of strict hierarchies that a reference may be to."""
    if param.type != "reference" or param.is_canonical:
        return ()
    return tuple(name for name in HIERARCHIES if param.may_refer_to(name))


def _filter(
    types: Types, param: SearchParam, modifier: str | None, name: str, value: str
) -> Condition:
    if modifier == "missing":
        if value not in ("true", "false"):
            raise refused(name, ":missing takes true or false.", code="value")
        return Filter(param, modifier, (value,))
    by_type = param.type == "reference" and modifier is not None and modifier[:1].isupper()
    if by_type:
        if not param.may_refer_to(modifier or "") or modifier not in types:
            raise refused(name, f"{param.name} does not refer to that type.", code="value")
    elif modifier is not None and modifier not in modifiers(param):
        raise refused(name, _why_not(param, modifier), code="not-supported")
    # R4: what is empty filters nothing, which is so of one alternative beside others too.
    given = split_escaped(value, ",")
    condition = Filter(param, modifier, tuple(v for v in given if v) or tuple(given))
    _check_values(condition, name)
    return condition


def _why_not(param: SearchParam, modifier: str) -> str:
    if param.type == "token" and modifier in UNHELD:
        return f"{UNHELD[modifier]}."
    offered = ", ".join(f":{each}" for each in sorted(modifiers(param)))
    return f"{param.name} is of type {param.type} and takes {offered}."


def _check_values(condition: Filter, name: str) -> None:
    # The values are read again where the SQL is made; reading them here as well puts the
    # parameter's own name on the refusal.
    for value in condition.values:
        try:
            check(condition.param, condition.modifier, value)
        except ValueError as error:
            raise refused(name, f"The value is not right: {error}.", code="value") from error


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
        raise refused(name, f"{param.name} is no reference: it cannot be chained.")
    if modifier:
        if modifier not in types or not param.may_refer_to(modifier):
            raise refused(name, f"{param.name} does not refer to that type.", code="value")
        targets = [modifier]
    else:
        targets = [t for t in types if param.may_refer_to(t)]
    inner: list[tuple[str, Condition]] = []
    problems: list[FhirError] = []
    for target in targets:
        try:
            inner.append((target, condition_of(types, types[target], rest, value, hops + 1)))
        except FhirError as error:
            problems.append(error)
    if not inner:
        if len(problems) == 1:
            raise refused(name, problems[0].issues[0].diagnostics, code="not-supported")
        raise refused(name, f"Nothing that {param.name} refers to can be searched like this.")
    return Chain(param, tuple(inner))


def _has(types: Types, resource_type: ResourceType, name: str, value: str, hops: int) -> Has:
    parts = name.split(":", 3)
    if len(parts) < 4:
        raise refused(name, "_has is written _has:Type:reference:parameter.")
    _, source, code, rest = parts
    if source not in types:
        raise refused(name, "That type is not served here.", code="not-supported")
    if types[source].composed:
        words = f"A {source} is not looked through: search {source} itself, or _revinclude it."
        raise refused(name, words, code="not-supported")
    param = types[source].params.get(code)
    if param is None or param.type != "reference" or not param.may_refer_to(resource_type.name):
        raise refused(name, f"That is no reference from {source} to {resource_type.name}.")
    return Has(source, param, condition_of(types, types[source], rest, value, hops + 1))


def shown(name: str) -> str:
    """A parameter's name for an error message; odd ones may hold a value by mistake."""
    return name if re.fullmatch(r"[A-Za-z_-]{1,40}", name) else "..."


def refused(name: str, diagnostics: str, *, code: str = "invalid") -> FhirError:
    """The refusal of a parameter, by its name."""
    place = name if re.fullmatch(r"[A-Za-z_.:-]{1,120}", name) else "query"
    return refusal(400, diagnostics, f"http.{place}", code=code)
