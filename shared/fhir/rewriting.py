"""The references of a resource, as they are to be stored (FHIR R4 http.html, trules; bundle.html).

Of a transaction every address of an entry is put in the place of its fullUrl: in references, in
elements of type uri, url, oid and uuid, and in the links of narratives; canonical ones stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared.fhir.bundle import WriteEntry
from shared.fhir.classes import type_info
from shared.fhir.elements import Element, TypeInfo
from shared.fhir.outcome import Issue
from shared.fhir.references import RESTFUL
from shared.fhir.search.targets import Target, target_of

if TYPE_CHECKING:
    from shared.fhir.resolver import Step

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,63})\?(?P<query>.+)", re.DOTALL)
#: Primitive types that hold an address which may point into the Bundle without being a Reference.
_ADDRESSES = frozenset({"uri", "url", "oid", "uuid"})

Condition = tuple[str, str]
"""Type and query."""


@dataclass(frozen=True, slots=True)
class Inside:
    """How the entries of one Bundle are referred to.

    Attributes:
        by_full_url: leads from a fullUrl to ``Type/id``.
        by_condition: leads there from type and query.
        transaction: whether references between entries and by condition are meant.
    """

    by_full_url: Mapping[str, str] = field(default_factory=dict)
    by_condition: Mapping[Condition, str] = field(default_factory=dict)
    transaction: bool = False

    @classmethod
    def of(cls, steps: Iterable[Step], base_url: str) -> Inside:
        """Those of a transaction."""
        by_full_url: dict[str, str] = {}
        by_condition: dict[Condition, str] = {}
        for step in steps:
            entry = step.entry
            if step.action == "delete" or not step.id:
                continue
            if entry.full_url:
                by_full_url[entry.full_url] = step.reference
            elif entry.method == "POST" and isinstance((entry.resource or {}).get("id"), str):
                # Without fullUrl, senders name the resource by the id that they gave it.
                assert entry.resource is not None
                by_full_url[f"{entry.type}/{entry.resource['id']}"] = step.reference
            if step.action in ("update", "patch"):
                by_full_url[f"{base_url}/{step.reference}"] = step.reference
            for query in (entry.if_none_exist, entry.query):
                if query:
                    by_condition[entry.type, query] = step.reference
        return cls(by_full_url, by_condition, transaction=True)

    def knowing(self, found: Mapping[Condition, str]) -> Inside:
        """The same, and what else conditions were found to lead to."""
        return replace(self, by_condition={**found, **self.by_condition})

    def find(self, address: str) -> str | None:
        """Where an address leads inside the Bundle; a version or fragment stays on it."""
        for separator in ("", "/_history/", "#"):
            bare, found, rest = address.partition(separator) if separator else (address, "", "")
            if bare in self.by_full_url and (found or not separator):
                return f"{self.by_full_url[bare]}{found}{rest}"
        return None


class Rewriting:
    """Rewrites the references of one resource; unchanged parts are shared, nothing is mutated.

    Nothing is mutated because a writer may have to repeat its transaction with the same entries.

    Attributes:
        local: references to documents of this server, with the element that holds each.
        conditional: references by conditions of which it is not known where they lead, likewise.
        issues: what is wrong with others.

    Args:
        entry: what has the resource.
        inside: how entries of its Bundle are referred to.
        base_url: the server's own address.
    """

    def __init__(self, entry: WriteEntry, inside: Inside, base_url: str) -> None:
        self._entry = entry
        self._inside = inside
        self._base_url = base_url
        self._trail: list[str] = []
        base = RESTFUL.fullmatch(entry.full_url or "")
        self._entry_base = base["base"] if base else None
        self.local: list[tuple[Target, str]] = []
        self.conditional: list[tuple[Condition, str]] = []
        self.issues: list[Issue] = []

    def rewritten(self) -> dict[str, Any]:
        """The resource with every reference as it is to be stored."""
        assert self._entry.resource is not None
        return self._object(self._entry.resource, self._type(self._entry.resource))

    def _type(self, resource: Mapping[str, Any]) -> TypeInfo | None:
        """What R4 says of a resource's elements, where they may hold addresses of entries."""
        return type_info(str(resource.get("resourceType"))) if self._inside.by_full_url else None

    def _value(self, name: str, value: Any, element: Element | None) -> Any:
        if isinstance(value, dict):
            info = element.type if element is not None else None
            if element is not None and element.resource:
                info = self._type(value)
            self._trail.append(f".{name}")
            changed = self._object(value, info)
            self._trail.pop()
            return changed
        if isinstance(value, list):
            return self._list(name, value, element)
        if isinstance(value, str) and element is not None:
            return self._text(value, element)
        return value

    def _object(self, value: dict[str, Any], info: TypeInfo | None) -> dict[str, Any]:
        changed: dict[str, Any] | None = None
        for name, member in value.items():
            # An Expression's reference is a uri; a Reference has no language.
            if name == "reference" and type(member) is str and "language" not in value:
                new: Any = self._reference(member)
            elif info is None and type(member) is str:
                continue  # only where other entries have addresses may it be one of them
            else:
                element = info.elements.get(name.removeprefix("_")) if info is not None else None
                new = self._value(name, member, element)
            if new is not member:
                changed = changed if changed is not None else dict(value)
                changed[name] = new
        return changed if changed is not None else value

    def _list(self, name: str, value: list[Any], element: Element | None) -> list[Any]:
        changed: list[Any] | None = None
        for n, member in enumerate(value):
            new = self._value(f"{name}[{n}]", member, element)
            if new is not member:
                changed = changed if changed is not None else list(value)
                changed[n] = new
        return changed if changed is not None else value

    def _text(self, value: str, element: Element) -> str:
        if element.primitive in _ADDRESSES:
            return self._inside.by_full_url.get(value, value)
        return self._narrative(value) if element.primitive == "xhtml" else value

    def _narrative(self, value: str) -> str:
        for full_url, reference in self._inside.by_full_url.items():
            if full_url in value:
                for mark in "\"'":
                    value = value.replace(f"{mark}{full_url}{mark}", f"{mark}{reference}{mark}")
        return value

    def _reference(self, value: str) -> str:
        if not value or value.startswith("#"):
            return value
        condition = _CONDITIONAL.fullmatch(value)
        if condition is not None:
            return self._condition((condition["type"], condition["query"])) or value
        found = self._inside.find(value)
        if found is None:
            return self._absolute(value) if _SCHEME.match(value) else self._relative(value)
        if "/_history/" in found:
            self._here(found)
        return found

    def _absolute(self, value: str) -> str:
        if value.lower().startswith(("urn:uuid:", "urn:oid:")):
            self._refuse("This refers to an entry that the Bundle does not have.")
        elif value.startswith(f"{self._base_url}/"):
            # The same document has one name, so that whoever looks for references finds each.
            value = value.removeprefix(f"{self._base_url}/")
            self._here(value)
        return value

    def _relative(self, value: str) -> str:
        if self._entry_base is not None and self._entry_base != self._base_url:
            # R4 bundle.html: it is relative to the base of the entry's own fullUrl.
            absolute = f"{self._entry_base}/{value}"
            return self._inside.find(absolute) or absolute
        # Where the fullUrl has no base, it is this server's, under which an entry may stand too.
        found = self._inside.find(f"{self._base_url}/{value}")
        if found is not None:
            return found
        self._here(value)
        return value

    def _here(self, value: str) -> None:
        target = target_of(value, self._base_url)
        if target is None or not target.local:
            self._refuse("This is no reference: write Type/id or an absolute address.")
        else:
            self.local.append((target, self._expression))

    def _condition(self, condition: Condition) -> str | None:
        if not self._inside.transaction:
            self._refuse("A reference by condition is for transactions only.")
            return None
        found = self._inside.by_condition.get(condition)
        if found is None:
            self.conditional.append((condition, self._expression))
        return found

    def _refuse(self, diagnostics: str) -> None:
        self.issues.append(dangling(diagnostics, self._expression))

    @property
    def _expression(self) -> str:
        """The reference now being read."""
        return (self._entry.path or self._entry.type) + "".join(self._trail) + ".reference"


def dangling(diagnostics: str, expression: str) -> Issue:
    """A reference that leads nowhere."""
    return Issue("error", "not-found", diagnostics, (expression,))
