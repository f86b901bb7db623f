"""Whether a resource keeps a profile: what the differential of a StructureDefinition asks for.

R4 itself is checked elsewhere; here is what a profile adds: cardinalities, fixed values and
patterns, bindings, reference targets, types of a choice, and slices of extensions by their url (R4
profiling.html). `UNDERSTOOD` names the keywords, and a test holds the files to them. What the base
profile of a profile adds (UK Core's) is not known here and not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.fhir.outcome import Issue, Severity
from shared.fhir.profiles import profiles
from shared.fhir.references import Scope, referred_type

UNDERSTOOD = frozenset(
    {
        *("id", "path", "short", "definition", "comment", "mustSupport", "slicing", "sliceName"),
        *("min", "max", "type", "binding", "fixedUri", "patternCode", "patternCodeableConcept"),
    }
)
_TEXTS = ("fixedUri", "patternCode", "patternCodeableConcept")
#: (value, its path)
Found = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One element of a differential.

    Attributes:
        steps: from the root to the element, such as ``("output", "type")``.
        least: how many there must be at least.
        most: how many there may be; None is any number.
        wanted: the value, or the part of one, that each must hold.
        targets: what a reference may lead to.
        types: the datatypes of a choice.
        extension: of a slice, the url of the extensions that it is about.
        codes: the codes of the binding by their system; no list of a system allows any of it.
        severity: error for a required binding, warning for an extensible one.
    """

    steps: tuple[str, ...]
    least: int
    most: int | None
    wanted: Any
    targets: frozenset[str]
    types: tuple[str, ...]
    extension: str | None
    codes: Mapping[str, frozenset[str]] | None
    severity: Severity


def unkept(resource: Mapping[str, Any], canonical: str, path: str, scope: Scope) -> Iterator[Issue]:
    """What keeps ``resource`` (or extension) at ``path`` from keeping a profile known here.

    Raises:
        KeyError: for a profile that is not known here.
    """
    title = profiles().by_url[canonical]["title"]
    for rule in _rules(canonical):
        for holder, place in _reached(resource, path, rule.steps[:-1]):
            yield from _broken(rule, holder, place, scope, title)


@cache
def _rules(canonical: str) -> tuple[Rule, ...]:
    elements = profiles().by_url[canonical]["differential"]["element"]
    return tuple(_rule(each) for each in elements if "." in each["path"])


def _rule(element: Mapping[str, Any]) -> Rule:
    types = element.get("type", ())
    binding = element.get("binding")
    most = element.get("max", "*")
    profiled = [url for each in types for url in each.get("profile", ())]
    return Rule(
        steps=tuple(element["path"].split(".")[1:]),
        least=element.get("min", 0),
        most=None if most == "*" else int(most),
        wanted=next((element[each] for each in _TEXTS if each in element), None),
        targets=frozenset(
            url.rpartition("/")[2].removeprefix("UKCore-")
            for each in types
            for url in each.get("targetProfile", ())
        ),
        types=tuple(
            each["code"] for each in types if each["code"] not in ("Reference", "Extension")
        ),
        extension=profiled[0] if profiled else None,
        codes=profiles().codes(binding["valueSet"]) if binding else None,
        severity="warning" if binding and binding["strength"] != "required" else "error",
    )


def _reached(node: Any, path: str, steps: tuple[str, ...]) -> Iterator[Found]:
    """Every object that ``steps`` lead to, through lists."""
    if not steps:
        if isinstance(node, dict):
            yield node, path
        return
    for value, place in _values(node, path, steps[0]):
        yield from _reached(value, place, steps[1:])


def _values(node: Any, path: str, name: str) -> list[Found]:
    value = node.get(name) if isinstance(node, dict) else None
    if isinstance(value, list):
        return [(item, f"{path}.{name}[{n}]") for n, item in enumerate(value)]
    if value is not None:
        return [(value, f"{path}.{name}")]
    # An element with extensions alone is there, and has no value to look at.
    return [(None, f"{path}.{name}")] if isinstance(node, dict) and f"_{name}" in node else []


def _broken(
    rule: Rule, holder: Mapping[str, Any], path: str, scope: Scope, title: str
) -> Iterator[Issue]:
    name = rule.steps[-1]
    if name.endswith("[x]"):
        found = _choices(holder, path, name.removesuffix("[x]"))
    else:
        found = _values(holder, path, name)
    if rule.extension is not None:
        found = [(v, p) for v, p in found if isinstance(v, dict) and v.get("url") == rule.extension]
    place, why = f"{path}.{name}", f'(profile "{title}")'
    if len(found) < rule.least:
        yield Issue("error", "required", f"{place} is required {why}.", (place,))
    if rule.most is not None and len(found) > rule.most:
        said = "must not be given" if rule.most == 0 else f"may be given {rule.most} times at most"
        yield Issue("error", "invariant", f"{place} {said} {why}.", (place,))
    for value, where in found:
        for check in _CHECKS:
            fault = check(rule, value, where, scope)
            if fault is not None:
                severity = rule.severity if fault[0] == "code-invalid" else "error"
                yield Issue(severity, fault[0], f"{where} {fault[1]} {why}.", (where,))
        if rule.extension is not None and rule.extension in profiles().by_url:
            yield from unkept(value, rule.extension, where, scope)


def _choices(holder: Mapping[str, Any], path: str, group: str) -> list[Found]:
    return [
        (value, f"{path}.{name}")
        for name, value in holder.items()
        if name.startswith(group) and name[len(group) : len(group) + 1].isupper()
    ]


def _another_value(rule: Rule, value: Any, _path: str, _scope: Scope) -> tuple[str, str] | None:
    if rule.wanted is None or _holds(rule.wanted, value):
        return None
    return "value", f"must be {_shown(rule.wanted)}"


def _another_type(rule: Rule, _value: Any, path: str, _scope: Scope) -> tuple[str, str] | None:
    name = path.rpartition(".")[2]
    if not rule.types or any(name.endswith(kind[0].upper() + kind[1:]) for kind in rule.types):
        return None
    return "value", f"must be of type {' or '.join(rule.types)}"


def _another_target(rule: Rule, value: Any, _path: str, scope: Scope) -> tuple[str, str] | None:
    if not rule.targets or not isinstance(value, dict):
        return None
    found = referred_type(value, scope)
    if found is None or found in rule.targets:
        return None
    return "value", f"must refer to {' or '.join(sorted(rule.targets))}, not to {found}"


def _another_code(rule: Rule, value: Any, _path: str, _scope: Scope) -> tuple[str, str] | None:
    codes = rule.codes
    if codes is None or value is None:
        return None
    if isinstance(value, str):
        kept = any(value in listed for listed in codes.values())
    else:
        kept = any(
            each.get("system") in codes
            and (not codes[each["system"]] or each.get("code") in codes[each["system"]])
            for each in value.get("coding", ())
        )
    if kept:
        return None
    said = "; ".join(
        f"{', '.join(sorted(listed)) or 'any code'} of {system}" for system, listed in codes.items()
    )
    verb = "must" if rule.severity == "error" else "should"
    return "code-invalid", f"{verb} have one of the codes {said}"


_Check = Callable[[Rule, Any, str, Scope], tuple[str, str] | None]
_CHECKS: tuple[_Check, ...] = (_another_value, _another_type, _another_target, _another_code)


def _holds(wanted: Any, value: Any) -> bool:
    """Whether ``value`` has all that a pattern has (R4 elementdefinition.html, pattern[x])."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            _holds(part, value.get(name)) for name, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(
            any(_holds(part, item) for item in value) for part in wanted
        )
    return bool(wanted == value)


def _shown(wanted: Any) -> str:
    if isinstance(wanted, dict):
        return ", ".join(
            f"{coding['code']} of {coding['system']}" for coding in wanted.get("coding", ())
        )
    return str(wanted)
