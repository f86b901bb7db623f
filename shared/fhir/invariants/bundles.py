"""Rules of R4 on Bundles, named in ``invariants.toml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shared.fhir.elements import ABSOLUTE
from shared.fhir.invariants.nodes import Node, objects
from shared.fhir.references import RESTFUL

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


def bundle_full_url(node: Node) -> Iterator[str]:
    """full-url."""
    for place, item in _entries(node):
        url = item.get("fullUrl")
        if isinstance(url, str) and not ABSOLUTE.fullmatch(url):
            yield f"{place}.fullUrl"


def bundle_full_url_id(node: Node) -> Iterator[str]:
    """full-url-id."""
    for place, item in _entries(node):
        url, resource = item.get("fullUrl"), item.get("resource")
        named = RESTFUL.fullmatch(url) if isinstance(url, str) else None
        if named is None or not isinstance(resource, dict):
            continue
        kind, own = resource.get("resourceType"), resource.get("id", named["id"])
        if (named["type"], named["id"]) != (kind, own):
            yield f"{place}.fullUrl"


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
    return objects(node, "entry")
