"""The walk through a resource: every element against what R4 says of it, every problem found.

It looks at the JSON as it was sent. The model classes coerce ("true" becomes true), drop (an empty
list) and do not look at bindings, targets and rules; this does, once, in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from shared.fhir.elements import Element, TypeInfo
from shared.fhir.extensions import extension_issues
from shared.fhir.narrative import narrative_fault
from shared.fhir.outcome import Issue
from shared.fhir.references import Scope, reference_issues

#: More than anyone reads; an answer must not be bigger than its question.
MAX_ISSUES = 100

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SHOWN_CODES = 20
_ID_ALONE = {"id"}
_EXTENSIONS = frozenset({"extension", "modifierExtension"})
_HOLLOW = "must have a value or an element beside its id, or be left out (ele-1)."

#: Given a nested resource, its path and the scope around it (None: it is its own).
Nested = Callable[[Any, str, Scope | None], None]


class Enough(Exception):
    """The limit of problems is reached: there is no use in looking on."""


class Findings:
    """The problems found so far.

    Looking ends with `Enough` at the error after `MAX_ISSUES`, so that a body of a million faults
    costs no more than one of a hundred. Warnings have a limit of their own: they never keep an
    error from being seen.
    """

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self._errors = 0

    def add(self, issue: Issue) -> None:
        """Keep ``issue``; raises `Enough` where no more errors are kept."""
        if issue.severity != "error":
            if len(self.issues) - self._errors < MAX_ISSUES:
                self.issues.append(issue)
            return
        if self._errors == MAX_ISSUES:
            raise Enough
        self._errors += 1
        self.issues.append(issue)

    def error(self, code: str, diagnostics: str, path: str) -> None:
        """Keep an error at ``path``."""
        self.add(Issue("error", code, diagnostics, (path,)))


class Walk:
    """One resource's elements, checked. Nested resources are handed to ``nested``.

    Attributes:
        doubtful: something was met that only the resource's class can judge: a value that it does
            not take, or what stands beside a primitive. Without it and without a finding, the class
            would find nothing either.
    """

    __slots__ = ("_findings", "_nested", "_scope", "doubtful")

    def __init__(self, findings: Findings, scope: Scope, nested: Nested) -> None:
        self.doubtful = False
        self._findings = findings
        self._scope = scope
        self._nested = nested

    def object(
        self,
        info: TypeInfo,
        node: Mapping[str, Any],
        path: str,
        element: Element | None = None,
        owner: TypeInfo | None = None,
    ) -> None:
        """Check every element of ``node``, an object of the type ``info`` at ``path``.

        It is the value of ``element`` of the type ``owner``, or a resource.
        """
        elements = info.elements
        for name, value in node.items():
            part = elements.get(name)
            if part is None:
                if name[:1] == "_" and self._extended(info, elements.get(name[1:]), node, path):
                    continue
                if name == "resourceType" and info.resource:
                    continue
                self._unknown(info, name, path)
            elif part.many:
                self._list(info, part, value, node, path)
            elif type(value) is list:
                self._findings.error(
                    "structure", f"{path}.{name} is not a list: give one value.", f"{path}.{name}"
                )
            else:
                self._value(info, part, value, f"{path}.{name}")
            if name in _EXTENSIONS:
                for issue in extension_issues(value, info, f"{path}.{name}", element, owner):
                    self._findings.add(issue)
        self._presence(info, node, path)
        for rule in info.invariants:
            if rule.applies(node):
                for issue in rule.issues(node, path):
                    self._findings.add(issue)

    def _presence(self, info: TypeInfo, node: Mapping[str, Any], path: str) -> None:
        for name in info.required:
            if name not in node and (f"_{name}" not in node or info.elements[name].type is None):
                self._findings.error("required", f"{path}.{name} is required.", f"{path}.{name}")
        for group, names, needed in info.choices:
            self._choice(node, path, group, names, needed)

    def _choice(
        self, node: Mapping[str, Any], path: str, group: str, names: tuple[str, ...], needed: bool
    ) -> None:
        given = {name for name in names if name in node or f"_{name}" in node}
        if len(given) > 1:
            self._findings.error(
                "structure",
                f"{path}.{group}[x] may be given once only: keep one of "
                f"{', '.join(sorted(given))}.",
                f"{path}.{group}[x]",
            )
        elif needed and not given:
            self._findings.error(
                "required",
                f"{path}.{group}[x] is required, for example as {names[0]}.",
                f"{path}.{group}[x]",
            )

    def _list(
        self, info: TypeInfo, element: Element, value: Any, node: Mapping[str, Any], path: str
    ) -> None:
        place = f"{path}.{element.name}"
        if type(value) is not list:
            self._findings.error("structure", f"{place} must be a list: put it in [ ].", place)
        elif not value:
            self._findings.error("structure", f"{place} must not be an empty list.", place)
        else:
            for index, item in enumerate(value):
                if item is None and self._stands_for(element, node, index):
                    continue
                self._value(info, element, item, f"{place}[{index}]")

    @staticmethod
    def _stands_for(element: Element, node: Mapping[str, Any], index: int) -> bool:
        """Whether a null holds the place of a value that has only extensions (R4 json.html)."""
        beside = node.get(f"_{element.name}") if element.primitive else None
        return type(beside) is list and index < len(beside) and beside[index] is not None

    def _value(self, info: TypeInfo, element: Element, value: Any, path: str) -> None:
        if value is None:
            self._findings.error(
                "structure", f"{path} must not be null; leave the element out.", path
            )
        elif element.check is not None:
            self._primitive(element, value, path)
        elif type(value) is not dict:
            self._findings.error("structure", f"{path} must be a JSON object.", path)
        elif not value:
            self._findings.error("structure", f"{path} must not be an empty object.", path)
        elif element.type is not None:
            self.object(element.type, value, path, element, info)
            if value.keys() == _ID_ALONE:
                self._findings.error("structure", f"{path} {_HOLLOW}", path)
            if element.type.path == "Reference":
                for issue in reference_issues(value, element.targets, path, self._scope):
                    self._findings.add(issue)
            elif element.concept is not None:
                self._concept(element, value, path)
        else:
            self._nested(value, path, self._scope if element.name == "contained" else None)

    def _primitive(self, element: Element, value: Any, path: str) -> None:
        fault = element.check(value) if element.check else None
        if fault is not None:
            code, what = fault
            self._findings.error(code, f"{path} {what}.", path)
            return
        if element.taken is not None and not element.taken(value):
            self.doubtful = True
        if element.codes is not None:
            if value not in element.codes.allowed:
                self._findings.error(
                    "code-invalid",
                    f"{path} must be one of {_listed(element.codes.codes)}."
                    f"{_meant(value, element.codes.codes)}",
                    path,
                )
        elif element.pattern is not None:
            if not element.pattern.fullmatch(value):
                self._findings.error(
                    "code-invalid", f"{path} must be {_PATTERNED[element.name]}.", path
                )
        elif element.primitive == "xhtml":
            why = narrative_fault(value)
            if why is not None:
                self._findings.error("invariant", f"{path} {why} (txt-1).", path)

    def _concept(self, element: Element, value: Mapping[str, Any], path: str) -> None:
        """A required binding of a CodeableConcept: one of its codings is from the value set."""
        systems = element.concept.systems if element.concept else {}
        codings = value.get("coding")
        for coding in codings if isinstance(codings, list) else ():
            if isinstance(coding, dict):
                allowed = systems.get(str(coding.get("system")))
                if allowed and str(coding.get("code")) in allowed.allowed:
                    return
        choices = "; ".join(
            f"{_listed(binding.codes)} (system {system})" for system, binding in systems.items()
        )
        self._findings.error(
            "code-invalid", f"{path} must have a coding that is one of {choices}.", f"{path}.coding"
        )

    def _extended(
        self, info: TypeInfo, element: Element | None, node: Mapping[str, Any], path: str
    ) -> bool:
        """Check ``_name``, the extensions beside a primitive; False where there is none such."""
        self.doubtful = True
        if element is None or element.primitive is None or element.type is None:
            return False
        beside, place = node[f"_{element.name}"], f"{path}.{element.name}"
        if not element.many:
            if type(beside) is dict and beside:
                self.object(element.type, beside, place, element, info)
                if element.name not in node and beside.keys() == _ID_ALONE:
                    self._findings.error("structure", f"{place} {_HOLLOW}", place)
            else:
                self._findings.error(
                    "structure",
                    f"{place}: _{element.name} must be an object that is not empty.",
                    place,
                )
            return True
        if type(beside) is not list or not beside:
            self._findings.error(
                "structure", f"{place}: _{element.name} must be a list that is not empty.", place
            )
            return True
        values = node.get(element.name)
        if element.name not in node and all(item is None for item in beside):
            words = f"{place}: _{element.name} must hold an object, or be left out."
            self._findings.error("structure", words, place)
        if isinstance(values, list) and len(values) != len(beside):
            self._findings.error(
                "structure",
                f"{place}: {element.name} and _{element.name} must be of one length, with null "
                "where one of them has nothing.",
                place,
            )
        for index, item in enumerate(beside):
            if type(item) is dict and item:
                self.object(element.type, item, f"{place}[{index}]", element, info)
                if item.keys() == _ID_ALONE and not _given(values, index):
                    self._findings.error(
                        "structure", f"{place}[{index}] {_HOLLOW}", f"{place}[{index}]"
                    )
            elif item is not None:
                self._findings.error(
                    "structure",
                    f"{place}[{index}]: _{element.name} must hold objects or null.",
                    f"{place}[{index}]",
                )
        return True

    def _unknown(self, info: TypeInfo, name: str, path: str) -> None:
        if not _NAME.fullmatch(name):
            self._findings.error("structure", f"{path} has an element that R4 does not know.", path)
            return
        near = get_close_matches(name, info.elements, n=1)
        hint = f" Is {near[0]} meant?" if near else ""
        self._findings.error(
            "structure", f"{info.path} has no element '{name}' in R4.{hint}", f"{path}.{name}"
        )


_PATTERNED: Mapping[str, str] = {
    "contentType": "a media type such as text/plain",
    "language": "a language tag such as en-GB (BCP 47)",
    "payloadMimeType": "a media type such as application/fhir+json",
    "payload": "a media type such as application/fhir+json",
    "sigFormat": "a media type such as application/jose",
    "targetFormat": "a media type such as application/fhir+json",
}


def _given(values: Any, index: int) -> bool:
    """Whether a list of primitives has a value at ``index``."""
    return isinstance(values, list) and index < len(values) and values[index] is not None


def _listed(codes: tuple[str, ...]) -> str:
    shown = ", ".join(codes[:_SHOWN_CODES])
    return shown if len(codes) <= _SHOWN_CODES else f"{shown} and others"


def _meant(value: object, codes: tuple[str, ...]) -> str:
    """The code that resembles what came, which may be anything and is not repeated."""
    near = get_close_matches(value, codes, n=1) if isinstance(value, str) else []
    return f" Is {near[0]} meant?" if near else ""
