"""Rules of R4 on contained resources and extensions, named in ``invariants.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.fhir.invariants.nodes import Node, objects


def _contained(node: Node) -> Iterator[tuple[str, Node]]:
    return objects(node, "contained")


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


def contained_unique(node: Node) -> Iterator[str]:
    """contained-id."""
    seen: set[str] = set()
    for place, inner in _contained(node):
        own = inner.get("id")
        if not isinstance(own, str) or own in seen:
            yield f"{place}.id"
        else:
            seen.add(own)


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
