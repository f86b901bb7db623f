"""What a FHIR reference points at, as far as its text says, and whether it may (R4 references)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.fhir.bindings import bindings
from shared.fhir.outcome import Issue

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"([A-Za-z]+)/{_ID}(?:/_history/{_ID})?(?:#\S*)?")
_ABSOLUTE = re.compile(rf"https?://\S+?/([A-Za-z]+)/{_ID}(?:/_history/{_ID})?(?:#\S*)?")
#: The address of a resource on some server, in its parts.
RESTFUL = re.compile(
    r"(?P<base>https?://.+)/(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})"
)
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?\S+")
#: R4 references.html: a literal is a web address or names by UUID or OID; nobody follows others.
_ELSEWHERE = re.compile(r"(?:https?://|urn:uuid:|urn:oid:(?=[0-2](?:\.\d+)+$))\S+")
#: (the type pointed at where it can be told, (issue code, what is wrong))
Pointed = tuple[str | None, tuple[str, str] | None]
_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(slots=True)
class Scope:
    """What references in one resource may point at.

    ``container`` is the outermost resource that is no Bundle; ``contained`` maps the ids inside it
    to their types; ``entries`` maps the fullUrls of the Bundle around it to theirs.
    ``transaction`` says that the Bundle is one, in which references may be conditional and
    ``urn:`` references must name an entry.
    """

    container: Mapping[str, Any]
    contained: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)
    transaction: bool = False
    conditional: bool = False


def reference_issues(
    node: Mapping[str, Any], targets: frozenset[str] | None, path: str, scope: Scope
) -> list[Issue]:
    """What is wrong with the Reference ``node`` at ``path``, which may name ``targets`` only."""
    issues: list[Issue] = []
    literal, declared = node.get("reference"), node.get("type")
    found: str | None = None
    if isinstance(literal, str) and literal:
        found, fault = _pointed_at(literal, scope)
        if fault:
            code, why = fault
            issues.append(Issue("error", code, f"{path}.reference {why}.", (f"{path}.reference",)))
    if isinstance(declared, str) and declared:
        named = declared.removeprefix(_DEFINITION)
        if named not in bindings().resource_types:
            if ":" not in declared:
                issues.append(
                    Issue(
                        "error",
                        "value",
                        f"{path}.type must be a resource type of FHIR R4.",
                        (f"{path}.type",),
                    )
                )
        elif found is not None and found != named:
            issues.append(
                Issue(
                    "error",
                    "value",
                    f"{path}.type must be {found}, the type that the reference names.",
                    (f"{path}.type",),
                )
            )
        else:
            found = named
    if found is not None and targets is not None and found not in targets:
        issues.append(
            Issue(
                "error",
                "value",
                f"{path} must refer to {_listed(targets)}, not to {found}.",
                (path,),
            )
        )
    return issues


def referred_type(node: Mapping[str, Any], scope: Scope) -> str | None:
    """The type of what the Reference ``node`` names, as far as its text says; None where not."""
    literal, declared = node.get("reference"), node.get("type")
    if isinstance(literal, str) and literal:
        found, _ = _pointed_at(literal, scope)
        if found is not None:
            return found
    return declared.removeprefix(_DEFINITION) if isinstance(declared, str) else None


def _pointed_at(literal: str, scope: Scope) -> Pointed:
    """What the reference ``literal`` points at, and what is wrong with it."""
    if literal.startswith("#"):
        return _inside(literal[1:], scope)
    if literal in scope.entries:
        return scope.entries[literal], None
    if match := _RELATIVE.fullmatch(literal):
        return _known(match.group(1))
    if match := _CONDITIONAL.fullmatch(literal):
        if scope.transaction or scope.conditional:
            return _known(match.group(1))
        return None, ("value", "may be a search only inside a transaction")
    return _outside(literal, scope)


def _outside(literal: str, scope: Scope) -> Pointed:
    """What an absolute URL or URN names, which may be anywhere."""
    if match := _ABSOLUTE.fullmatch(literal):
        return (match.group(1) if match.group(1) in bindings().resource_types else None), None
    if literal.startswith("urn:") and scope.transaction:
        return None, ("value", "must be the fullUrl of an entry of this bundle")
    if _ELSEWHERE.fullmatch(literal):
        return None, None
    return None, (
        "value",
        "must be Type/id, an absolute URL, urn:uuid:..., or # and the id of a contained resource",
    )


def _inside(anchor: str, scope: Scope) -> Pointed:
    """What ``#anchor`` names: a contained resource, or the one around it where empty (ref-1)."""
    if not anchor:
        kind = scope.container.get("resourceType")
        return (kind if isinstance(kind, str) else None), None
    kind = scope.contained.get(anchor)
    if kind is None:
        return None, (
            "invariant",
            "must name the id of a resource that is contained in this one (ref-1)",
        )
    return kind, None


def _known(name: str) -> Pointed:
    if name in bindings().resource_types:
        return name, None
    return None, ("value", "must begin with a resource type of FHIR R4")


def _listed(names: frozenset[str]) -> str:
    ordered = sorted(names)
    if len(ordered) == 1:
        return ordered[0]
    return ", ".join(ordered[:-1]) + " or " + ordered[-1]
