"""The rules of R4 that span elements: read from ``invariants.toml``, checked where they apply.

FHIRPath is evaluated by fhirpathrs. It has no `Decimal`, answers false where a comparison of
dates of different precision has no answer, and does not see every choice element under its short
name; rules that need those are functions of the modules here, named in the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import fhirpathrs

from shared.fhir.bindings import read
from shared.fhir.invariants import bundles, contained, datatypes, resources
from shared.fhir.invariants.datatypes import UCUM
from shared.fhir.invariants.nodes import Node
from shared.fhir.outcome import Issue, Severity

#: Gives the places below a node that break a rule: "" for the node itself, ".entry[2].request".
Check = Callable[[Node], Iterable[str]]

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
    """The function called ``name``; a True or False of it stands for the place ``at``."""
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


CHECKS: Mapping[str, Callable[[Node], bool | Iterable[str]]] = {
    function.__name__: function
    for function in (
        contained.contained_in_contained,
        contained.contained_versioned,
        contained.contained_labelled,
        contained.contained_unique,
        contained.contained_narrated,
        contained.contained_unused,
        contained.extension_value,
        datatypes.coding_system,
        datatypes.period_order,
        datatypes.attachment_size,
        datatypes.attachment_hash,
        datatypes.dose_simple,
        datatypes.trigger_either,
        datatypes.trigger_whole,
        datatypes.age_value,
        datatypes.distance_value,
        datatypes.count_value,
        datatypes.range_order,
        resources.task_dates,
        resources.organization_home_address,
        resources.organization_home_telecom,
        resources.care_team_behalf,
        resources.observation_absent,
        resources.observation_component,
        resources.questionnaire_link_ids,
        resources.parameter_content,
        bundles.bundle_search,
        bundles.bundle_request,
        bundles.bundle_response,
        bundles.bundle_empty_entry,
        bundles.bundle_unique,
        bundles.bundle_version_url,
        bundles.bundle_full_url,
        bundles.bundle_full_url_id,
        bundles.bundle_document,
        bundles.bundle_message,
        resources.nhs_number,
        resources.nhs_verification,
        resources.nhs_verification_bound,
        resources.nhs_ethnicity,
    )
}
