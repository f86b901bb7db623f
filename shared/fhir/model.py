"""What is valid FHIR R4: the shape by the model classes, all else by the tables beside them.

Use `parse` on what came, `validate` on what was parsed, and keep the parsed JSON: the classes
rewrite ``1.10`` and ``.120Z``, so what they make of a resource is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError

from shared.fhir.bindings import bindings
from shared.fhir.checks import MAX_ISSUES, Enough, Findings, Walk
from shared.fhir.classes import UNFORESEEN, class_of, type_info
from shared.fhir.elements import WRITTEN, TypeInfo
from shared.fhir.json import MAX_BYTES, MAX_DEPTH, dumps, parse, parse_json
from shared.fhir.outcome import FhirError, Issue
from shared.fhir.profiles import claimed, profiles
from shared.fhir.profiles.keeping import unkept
from shared.fhir.references import Scope

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "dumps",
    "is_resource_type",
    "parse",
    "parse_json",
    "type_info",
    "validate",
]

#: Issue codes that mean "not readable as FHIR"; all others are rules broken by readable FHIR.
_UNREADABLE = frozenset({"structure", "required", "value", "invalid", "too-long"})


def is_resource_type(name: str) -> bool:
    """Whether ``name`` is a resource type of R4 that can be validated here."""
    return name in bindings().resource_types and class_of(name) is not None


def validate(
    resource: Mapping[str, Any],
    *,
    expected_type: str | None = None,
    path: str | None = None,
    entries: bool = True,
    conditional_references: bool = False,
    profile: str | None = None,
) -> tuple[Issue, ...]:
    """Check a parsed resource; the warnings, which do not stand against it.

    ``expected_type`` is the type that the address names. ``path`` is where the resource stands
    where it is part of something (``Bundle.entry[6].resource``); its type otherwise. With
    ``entries`` false a Bundle's entry resources are left for the caller to check one by one, as a
    batch needs. ``conditional_references`` allows ``Patient?identifier=...`` outside a transaction
    Bundle, for a caller that resolves it. Each resource is held to those profiles of Kersey's that
    it names in ``meta.profile``, this one to ``profile`` too.

    Raises `FhirError` with every problem found (`MAX_ISSUES` at most): 400 where it cannot be read
    as R4 (shape, required elements, values), 422 where it can and breaks a rule (required
    bindings, invariants, NHS rules, profiles). No message repeats a submitted value but codes.
    """
    checked = _Validation(entries, conditional_references, profile)
    issues = checked.findings.issues
    try:
        checked.resource(resource, path, expected_type)
    except Enough:
        issues.append(
            Issue("information", "incomplete", f"Only the first {MAX_ISSUES} problems are told.")
        )
    errors = [issue for issue in issues if issue.severity == "error"]
    if not errors:
        return tuple(issues)
    unreadable = any(
        issue.code in _UNREADABLE and id(issue) not in checked.unkept for issue in errors
    )
    raise FhirError(400 if unreadable else 422, issues)


class _Validation:
    """One call of `validate`: the findings, and the way from a resource into those inside it."""

    def __init__(self, entries: bool, conditional: bool, profile: str | None) -> None:
        self.findings = Findings()
        self.unkept: set[int] = set()
        self._profile = profile
        self._entries = entries
        self._conditional = conditional
        self._bundle: Scope | None = None
        self._left: re.Pattern[str] | None = None

    def resource(self, node: Any, path: str | None, expected: str | None = None) -> None:
        """Check a resource that is its own container."""
        if not self._entries:
            self._left = re.compile(re.escape(f"{path or 'Bundle'}.entry[") + r"\d+\]\.resource")
        self._check(node, path, expected, None)

    def _nested(self, node: Any, path: str, around: Scope | None) -> None:
        if self._left is None or not self._left.fullmatch(path):
            self._check(node, path, None, around)

    def _check(
        self, node: Any, path: str | None, expected: str | None, around: Scope | None
    ) -> None:
        kind = self._kind(node, path, expected)
        if kind is None:
            return
        wanted, self._profile = self._profile, None
        info = type_info(kind)
        where = path or kind
        outer = self._bundle
        if around is None:
            around = _scope(node, outer, self._conditional)
        if kind == "Bundle":
            self._bundle = _bundle_scope(node)
        found = len(self.findings.issues)
        walk = Walk(self.findings, around, self._nested)
        walk.object(info, node, where)
        self._bundle = outer
        known = self.findings.issues[found:]
        if known or walk.doubtful:
            self._shape(kind, info, node, where, known)
        if not any(issue.severity == "error" for issue in self.findings.issues[found:]):
            self._profiled(kind, node, where, around, wanted)

    def _profiled(
        self, kind: str, node: Mapping[str, Any], path: str, scope: Scope, wanted: str | None
    ) -> None:
        """Hold a resource that is good R4 to the profiles that it names, and to ``wanted``."""
        named = {str(each): f"{path}.meta.profile[{n}]" for n, each in claimed(node)}
        if wanted is not None:
            named.setdefault(wanted, path)
        for canonical, place in named.items():
            profile = profiles().profile(canonical)
            if profile is None:
                continue
            if profile["type"] == kind:
                issues = list(unkept(node, profile["url"], path, scope))
            else:
                words = f"{place} is a profile of {profile['type']}, not of {kind}."
                issues = [Issue("error", "invariant", words, (place,))]
            for issue in issues:
                self.unkept.add(id(issue))
                self.findings.add(issue)

    def _kind(self, node: Any, path: str | None, expected: str | None) -> str | None:
        """The type of ``node`` if it can be checked at all; otherwise why not."""
        place = f"{path}.resourceType" if path else "resourceType"
        if not isinstance(node, dict):
            self.findings.error("structure", "A resource must be a JSON object.", path or place)
            return None
        kind = node.get("resourceType")
        if not isinstance(kind, str) or not kind:
            example = expected or "ServiceRequest"
            self.findings.error("required", f'{place} is required, for example "{example}".', place)
        elif not is_resource_type(kind):
            self.findings.error("structure", f"{place} must be a resource type of FHIR R4.", place)
        elif expected is not None and kind != expected:
            self.findings.error("structure", f"{place} must be {expected}, not {kind}.", place)
        else:
            return kind
        return None

    def _shape(
        self,
        kind: str,
        info: TypeInfo,
        node: Mapping[str, Any],
        path: str,
        known: list[Issue],
    ) -> None:
        """Hold ``node`` against its class; add what the walk has not said already.

        Not where the walk found nothing and doubts nothing: it has then looked at all that a class
        looks at, with the classes' own types for every value, and building one takes longer.
        """
        model = class_of(kind)
        assert model is not None
        try:
            model.model_validate(_without_nested(kind, node))
        except ValidationError as error:
            said = _Said(known)
            for detail in error.errors(include_url=False, include_context=False)[:1000]:
                # The walk has told every element that R4 does not know; the classes count R4's
                # _valueString and its like in an Extension among them.
                if detail["type"] == "extra_forbidden":
                    continue
                place, what = _described(info, detail["loc"], path)
                if said.covers(place):
                    continue
                said.add(place)
                self.findings.error("value", f"{place} {what}.", place)
        except UNFORESEEN:
            if not known:
                self.findings.error("structure", f"{path} cannot be read as a {kind}.", path)


class _Said:
    """The places already spoken of: each stands for what is above and below it."""

    def __init__(self, issues: list[Issue]) -> None:
        self._exact: set[str] = set()
        self._above: set[str] = set()
        for issue in issues:
            if issue.code in _UNREADABLE:
                for place in issue.expression:
                    self.add(place)

    def add(self, place: str) -> None:
        self._exact.add(place)
        self._above.update(_above(place))

    def covers(self, place: str) -> bool:
        return (
            place in self._exact
            or place in self._above
            or any(higher in self._exact for higher in _above(place))
        )


def _above(place: str) -> Iterator[str]:
    """Every path that ``place`` stands below: ``A.b[0].c`` has ``A.b[0]``, ``A.b`` and ``A``."""
    for index in range(len(place) - 1, 0, -1):
        if place[index] in ".[":
            yield place[:index]


def _described(info: TypeInfo, loc: tuple[int | str, ...], path: str) -> tuple[str, str]:
    """Where a class found fault, as an expression, and what would be right there."""
    place, element, here = path, None, cast("TypeInfo | None", info)
    for part in loc:
        if isinstance(part, int):
            place += f"[{part}]"
            continue
        name = part.removesuffix("__ext").removeprefix("_")
        element = here.elements.get(name) if here else None
        if element is None:
            break
        place += f".{name}"
        here = element.type
    if element is not None and element.primitive is not None:
        return place, WRITTEN[element.primitive]
    return place, "does not have the shape that FHIR R4 gives it"


def _scope(node: Mapping[str, Any], bundle: Scope | None, conditional: bool) -> Scope:
    """What references inside ``node`` may point at, with the Bundle around it if any."""
    contained: dict[str, str] = {}
    inside = node.get("contained")
    for item in inside if isinstance(inside, list) else ():
        if isinstance(item, dict):
            own, kind = item.get("id"), item.get("resourceType")
            if isinstance(own, str) and isinstance(kind, str):
                contained[own] = kind
    if bundle is None:
        return Scope(node, contained, conditional=conditional)
    return Scope(node, contained, bundle.entries, bundle.transaction, conditional)


def _bundle_scope(bundle: Mapping[str, Any]) -> Scope:
    """What the entries of ``bundle`` may point at."""
    entries: dict[str, str] = {}
    items = bundle.get("entry")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            url, resource = item.get("fullUrl"), item.get("resource")
            kind = resource.get("resourceType") if isinstance(resource, dict) else None
            if isinstance(url, str) and isinstance(kind, str):
                entries[url] = kind
    return Scope(bundle, {}, entries, bundle.get("type") == "transaction")


def _without_nested(kind: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """``node`` without the resources inside it, which are held against their own classes."""
    if kind == "Bundle":
        items = node.get("entry")
        if isinstance(items, list):
            return {**node, "entry": [_bare_entry(item) for item in items]}
    elif kind == "Parameters":
        return {**node, **_bare_parameters(node, "parameter")}
    elif "contained" in node:
        return {name: value for name, value in node.items() if name != "contained"}
    return dict(node)


def _bare_entry(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    bare = {name: value for name, value in entry.items() if name != "resource"}
    response = bare.get("response")
    if isinstance(response, dict):
        bare["response"] = {name: value for name, value in response.items() if name != "outcome"}
    return bare


def _bare_parameters(node: Mapping[str, Any], name: str) -> dict[str, Any]:
    items = node.get(name)
    if not isinstance(items, list):
        return {}
    bare: list[Any] = []
    for item in items:
        if isinstance(item, dict):
            kept = {key: value for key, value in item.items() if key != "resource"}
            bare.append({**kept, **_bare_parameters(item, "part")})
        else:
            bare.append(item)
    return {name: bare}
