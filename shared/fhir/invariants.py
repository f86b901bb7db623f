"""The rules of R4 that span elements: read from ``invariants.toml``, checked where they apply.

FHIRPath is evaluated by fhirpathrs. It has no `Decimal`, answers false where a comparison of
dates of different precision has no answer, and does not see every choice element under its short
name; rules that need those are the functions below, named in the same table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, cast

import fhirpathrs

from shared.fhir import nhs
from shared.fhir.bindings import read
from shared.fhir.dates import surely_after
from shared.fhir.outcome import Issue, Severity

Node = Mapping[str, Any]
#: Gives the places below a node that break a rule: "" for the node itself, ".entry[2].request".
Check = Callable[[Node], Iterable[str]]

UCUM = "http://unitsofmeasure.org"
_CONSTANTS = {"ucum": UCUM}


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule: where it holds, when it is looked at, and what is said when it is broken."""

    key: str
    path: str
    severity: Severity
    code: str
    human: str
    when: tuple[str, ...]
    check: Check

    def applies(self, node: Node) -> bool:
        """Whether ``node`` has one of the elements that the rule is about."""
        if not self.when:
            return True
        return any(name in node for name in self.when)

    def issues(self, node: Node, path: str) -> Iterator[Issue]:
        """The breaches of this rule by ``node``, which stands at ``path``."""
        for place in self.check(node):
            where = path + place
            yield Issue(self.severity, self.code, f"{self.human} ({self.key})", (where,))


@cache
def invariants() -> Mapping[str, tuple[Invariant, ...]]:
    """Every rule, by the path of the type it belongs to; read once."""
    table: dict[str, list[Invariant]] = {}
    for row in read("invariants.toml")["invariant"]:
        at = row.get("at", "")
        check = _named(row["check"], at) if "check" in row else _evaluated(row["expression"], at)
        rule = Invariant(
            key=row["key"],
            path=row["path"],
            severity=row.get("severity", "error"),
            code=row.get("code", "invariant"),
            human=row["human"],
            when=tuple(row.get("when", ())),
            check=check,
        )
        table.setdefault(rule.path, []).append(rule)
    return {path: tuple(rules) for path, rules in table.items()}


def _named(name: str, at: str) -> Check:
    """The function called ``name`` below; a True or False of it stands for the place ``at``."""
    function = CHECKS[name]

    def check(node: Node) -> Iterable[str]:
        found = function(node)
        if isinstance(found, bool):
            return () if found else (at,)
        return found

    return check


def _evaluated(expression: str, at: str) -> Check:
    broken = (at,)

    def check(node: Node) -> Iterable[str]:
        return () if kept(expression, node) else broken

    return check


def kept(expression: str, node: Node) -> bool:
    """Whether the FHIRPath ``expression`` is true of ``node``; an empty answer is not true."""
    subject = node
    if any(name[:1] == "_" for name in node):
        subject = _with_absent(node)
    try:
        try:
            answer = fhirpathrs.evaluate(expression, subject, _CONSTANTS)
        except TypeError:
            answer = fhirpathrs.evaluate(expression, _floats(subject), _CONSTANTS)
    except (RuntimeError, ValueError):
        # An element of another form than the rule counts on; its shape is refused anyway.
        return False
    return answer is True


def _with_absent(node: Node) -> Node:
    """``node`` in which an element that has only extensions (``_status``) exists, as it does."""
    absent: dict[str, Any] = {
        name[1:]: {"extension": [{}]}
        for name, value in node.items()
        if name[:1] == "_" and value is not None and name[1:] not in node
    }
    return {**node, **absent}


def _floats(value: Any) -> Any:
    """``value`` with decimals as floats: enough for the signs and zeros that rules ask about."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: _floats(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return value


# Every resource and element ----------------------------------------------------------------


def _contained(node: Node) -> Iterator[tuple[str, Node]]:
    return _objects(node, "contained")


def contained_in_contained(node: Node) -> Iterator[str]:
    """dom-2."""
    return (f"{place}.contained" for place, inner in _contained(node) if "contained" in inner)


def contained_versioned(node: Node) -> Iterator[str]:
    """dom-4."""
    for place, inner in _contained(node):
        meta = inner.get("meta")
        if isinstance(meta, dict):
            yield from (
                f"{place}.meta.{name}" for name in ("versionId", "lastUpdated") if name in meta
            )


def contained_labelled(node: Node) -> Iterator[str]:
    """dom-5."""
    for place, inner in _contained(node):
        meta = inner.get("meta")
        if isinstance(meta, dict) and "security" in meta:
            yield f"{place}.meta.security"


def contained_narrated(node: Node) -> Iterator[str]:
    """dom-1 of STU3."""
    return (f"{place}.text" for place, inner in _contained(node) if "text" in inner)


def contained_unused(node: Node) -> Iterator[str]:
    """dom-3: reached by a reference, canonical, uri or url, or itself referring to the outside."""
    used = {anchor for anchor in _anchors(node) if len(anchor) > 1}
    for place, inner in _contained(node):
        own = inner.get("id")
        if f"#{own}" not in used and "#" not in _anchors(inner):
            yield place


def _anchors(value: Any) -> set[str]:
    """Every string in ``value`` that is written as a reference into the same resource."""
    found: set[str] = set()
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if item[:1] == "#":
                found.add(item)
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


def extension_value(node: Node) -> bool:
    """ext-1; ``_valueString`` counts as the value that it extends."""
    valued = any(name[:5] == "value" or name[:6] == "_value" for name in node)
    return valued != ("extension" in node)


# Datatypes -----------------------------------------------------------------------------------


def period_order(node: Node) -> Iterator[str]:
    """per-1."""
    start, end = node.get("start"), node.get("end")
    if isinstance(start, str) and isinstance(end, str) and surely_after(start, end):
        yield ".end"


def age_value(node: Node) -> Iterator[str]:
    """age-1."""
    value = _number(node, "value")
    yield from _measured(node)
    if value is not None and value <= 0:
        yield ".value"


def distance_value(node: Node) -> Iterator[str]:
    """dis-1."""
    return _measured(node)


def count_value(node: Node) -> Iterator[str]:
    """cnt-3."""
    value = _number(node, "value")
    yield from _measured(node)
    if node.get("code", "1") != "1":
        yield ".code"
    if value is not None and value != int(value):
        yield ".value"


def _measured(node: Node) -> Iterator[str]:
    """A value has a code, and a system is UCUM's: what R4 asks of age, count and distance."""
    if "value" in node and "code" not in node and "_code" not in node:
        yield ".code"
    if node.get("system", UCUM) != UCUM:
        yield ".system"


def range_order(node: Node) -> bool:
    """rng-2, where both ends are in one unit."""
    low, high = node.get("low"), node.get("high")
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return True
    least, most = _number(low, "value"), _number(high, "value")
    if least is None or most is None:
        return True
    unit = "code" if "code" in low and "code" in high else "unit"
    return low.get(unit) != high.get(unit) or least <= most


def _number(node: Node, name: str) -> Decimal | None:
    value = node.get(name)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None


# Single resources ----------------------------------------------------------------------------


def task_dates(node: Node) -> bool:
    """inv-1 of Task."""
    changed, authored = node.get("lastModified"), node.get("authoredOn")
    if not (isinstance(changed, str) and isinstance(authored, str)):
        return True
    return not surely_after(authored, changed)


def organization_home_address(node: Node) -> Iterator[str]:
    """org-2."""
    return (
        f"{place}.use" for place, item in _objects(node, "address") if item.get("use") == "home"
    )


def organization_home_telecom(node: Node) -> Iterator[str]:
    """org-3."""
    return (
        f"{place}.use" for place, item in _objects(node, "telecom") if item.get("use") == "home"
    )


def care_team_behalf(node: Node) -> bool:
    """ctm-1, where the reference says what the member is."""
    member = node.get("member")
    if not isinstance(member, dict):
        return False
    declared, literal = member.get("type"), member.get("reference")
    if isinstance(declared, str):
        return declared == "Practitioner"
    if isinstance(literal, str) and "/" in literal and ":" not in literal:
        return literal.startswith("Practitioner/")
    return True


def observation_absent(node: Node) -> bool:
    """obs-6."""
    return not _valued(node)


def observation_component(node: Node) -> Iterator[str]:
    """obs-7."""
    if _valued(node):
        own = _coded(node)
        for place, component in _objects(node, "component"):
            if own & _coded(component):
                yield f"{place}.code"


def _valued(node: Node) -> bool:
    return any(name[:5] == "value" or name[:6] == "_value" for name in node)


def _coded(node: Node) -> set[tuple[str, str]]:
    """(system, code) of the codings in ``code``."""
    concept = node.get("code")
    if not isinstance(concept, dict):
        return set()
    return {
        (str(coding.get("system")), str(coding["code"]))
        for _, coding in _objects(concept, "coding")
        if "code" in coding
    }


def questionnaire_link_ids(node: Node) -> Iterator[str]:
    """que-2: every item whose linkId came before."""
    seen: set[str] = set()
    waiting: list[tuple[str, Node]] = list(_objects(node, "item"))[::-1]
    while waiting:
        place, item = waiting.pop()
        link = item.get("linkId")
        if isinstance(link, str):
            if link in seen:
                yield f"{place}.linkId"
            seen.add(link)
        inner = [(place + deeper, child) for deeper, child in _objects(item, "item")]
        waiting.extend(inner[::-1])


def parameter_content(node: Node) -> bool:
    """inv-1 of Parameters."""
    return _valued(node) + ("resource" in node) + ("part" in node) == 1


# Bundle --------------------------------------------------------------------------------------

_REQUESTED = frozenset({"batch", "transaction", "history"})
_ANSWERED = frozenset({"batch-response", "transaction-response", "history"})


def bundle_search(node: Node) -> Iterator[str]:
    """bdl-2."""
    if node.get("type") != "searchset":
        yield from (f"{place}.search" for place, item in _entries(node) if "search" in item)


def bundle_request(node: Node) -> Iterator[str]:
    """bdl-3."""
    wanted = str(node.get("type")) in _REQUESTED
    yield from (
        f"{place}.request" for place, item in _entries(node) if ("request" in item) != wanted
    )


def bundle_response(node: Node) -> Iterator[str]:
    """bdl-4."""
    wanted = str(node.get("type")) in _ANSWERED
    yield from (
        f"{place}.response" for place, item in _entries(node) if ("response" in item) != wanted
    )


def bundle_empty_entry(node: Node) -> Iterator[str]:
    """bdl-5."""
    yield from (
        place
        for place, item in _entries(node)
        if not {"resource", "request", "response"} & item.keys()
    )


def bundle_unique(node: Node) -> Iterator[str]:
    """bdl-7: every entry after the first of one fullUrl and version."""
    if node.get("type") == "history":
        return
    counted: Counter[tuple[str, str]] = Counter()
    for place, item in _entries(node):
        url = item.get("fullUrl")
        if isinstance(url, str):
            resource = item.get("resource")
            meta = resource.get("meta") if isinstance(resource, dict) else None
            version = meta.get("versionId") if isinstance(meta, dict) else None
            counted[url, str(version)] += 1
            if counted[url, str(version)] > 1:
                yield f"{place}.fullUrl"


def bundle_version_url(node: Node) -> Iterator[str]:
    """bdl-8."""
    yield from (
        f"{place}.fullUrl"
        for place, item in _entries(node)
        if isinstance(item.get("fullUrl"), str) and "/_history/" in item["fullUrl"]
    )


def bundle_document(node: Node) -> Iterator[str]:
    """bdl-11."""
    return _first_entry(node, "document", "Composition")


def bundle_message(node: Node) -> Iterator[str]:
    """bdl-12."""
    return _first_entry(node, "message", "MessageHeader")


def _first_entry(node: Node, kind: str, resource_type: str) -> Iterator[str]:
    if node.get("type") == kind:
        first = next((item for _, item in _entries(node)), {})
        resource = first.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != resource_type:
            yield ".entry[0].resource"


def _entries(node: Node) -> Iterator[tuple[str, Node]]:
    return _objects(node, "entry")


# The United Kingdom --------------------------------------------------------------------------


def nhs_number(node: Node) -> bool:
    """An Identifier in the system of NHS numbers holds one."""
    if not nhs.is_nhs_identifier(node):
        return True
    value = node.get("value")
    return isinstance(value, str) and nhs.is_nhs_number(value)


def nhs_verification(node: Node) -> Iterator[str]:
    """The required binding of UK Core's verification status."""
    return (f".extension[{index}]" for index in nhs.misplaced_verification(node))


def _objects(node: Node, name: str) -> Iterator[tuple[str, Node]]:
    """(place, object) of each object in the list ``name`` of ``node``; whatever else it is."""
    value = node.get(name)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f".{name}[{index}]", cast("Node", item)


CHECKS: Mapping[str, Callable[[Node], bool | Iterable[str]]] = {
    function.__name__: function
    for function in (
        contained_in_contained,
        contained_versioned,
        contained_labelled,
        contained_narrated,
        contained_unused,
        extension_value,
        period_order,
        age_value,
        distance_value,
        count_value,
        range_order,
        task_dates,
        organization_home_address,
        organization_home_telecom,
        care_team_behalf,
        observation_absent,
        observation_component,
        questionnaire_link_ids,
        parameter_content,
        bundle_search,
        bundle_request,
        bundle_response,
        bundle_empty_entry,
        bundle_unique,
        bundle_version_url,
        bundle_document,
        bundle_message,
        nhs_number,
        nhs_verification,
    )
}
