"""Bundles to answer with, composed of stored text: what is not asked to change is not parsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from shared.fhir.bundle import WriteResult
from shared.fhir.json import dumps, parse
from shared.fhir.model import type_info
from shared.fhir.outcome import Issue, operation_outcome
from shared.fhir.search.dates import instant_text
from shared.fhir.store import HistoryPage, SearchResult, Stored

_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}


def searchset(
    result: SearchResult,
    *,
    base_url: str,
    links: Sequence[tuple[str, str]],
    elements: Sequence[str] = (),
    summary: str | None = None,
) -> str:
    """A searchset Bundle.

    Args:
        result: the page.
        base_url: the server's own address.
        links: relation and address, ``self`` first.
        elements: send these elements of the matches only (``_elements``).
        summary: ``text`` or ``data``, to send a part of the matches (``_summary``).
    """
    entries = []
    for stored in result.matches:
        body = _part(stored, elements, summary)
        entries.append(_found(base_url, stored, body, "match"))
    entries += [_found(base_url, stored, stored.body, "include") for stored in result.included]
    if result.issues:
        outcome = _text(operation_outcome(result.issues))
        entries.append(f'{{"resource":{outcome},"search":{{"mode":"outcome"}}}}')
    return _bundle("searchset", entries, links=links, total=result.total)


def history(page: HistoryPage, *, base_url: str, links: Sequence[tuple[str, str]]) -> str:
    """A history Bundle: every entry says how the version came about and how that went."""
    entries = []
    for version in page.versions:
        url = version.type if version.method == "POST" else version.reference
        status = {"POST": "201", "DELETE": "204"}.get(version.method, "200")
        members = [f'"fullUrl":{_text(f"{base_url}/{version.reference}")}']
        if not version.deleted:
            members.append(f'"resource":{version.body}')
        request = {"method": version.method, "url": url}
        response = {
            "status": status,
            "etag": etag(version),
            "lastModified": instant_text(version.last_updated),
        }
        members.append(f'"request":{_text(request)},"response":{_text(response)}')
        entries.append("{" + ",".join(members) + "}")
    return _bundle("history", entries, links=links, total=page.total)


def responses(kind: str, answers: Iterable[str]) -> str:
    """A batch-response or transaction-response of entries made by the functions below."""
    return _bundle(f"{kind}-response", list(answers))


def written(result: WriteResult, *, base_url: str, with_resource: bool) -> str:
    """The response entry of one write.

    Its outcome is there without the resource too: a warning must reach the sender (care 1, 11).
    """
    response: dict[str, Any] = {"status": _status(result.status)}
    members = []
    stored = result.stored
    if stored is not None:
        response |= {
            "location": location(base_url, stored),
            "etag": etag(stored),
            "lastModified": instant_text(stored.last_updated),
        }
        if not stored.deleted:
            members.append(f'"fullUrl":{_text(f"{base_url}/{stored.reference}")}')
            if with_resource:
                members.append(f'"resource":{stored.body}')
    if result.issues:
        response["outcome"] = operation_outcome(result.issues)
    members.append(f'"response":{_text(response)}')
    return "{" + ",".join(members) + "}"


def fetched(body: str, stored: Stored | None) -> str:
    """The response entry of one GET."""
    response = {"status": _status(200)}
    if stored is not None:
        response |= {
            "etag": etag(stored),
            "lastModified": instant_text(stored.last_updated),
        }
    return f'{{"resource":{body},"response":{_text(response)}}}'


def failed(status: int, issues: Sequence[Issue], place: str) -> str:
    """The response entry of what could not be done; `place` names issues without an element."""
    placed = [Issue(i.severity, i.code, i.diagnostics, i.expression or (place,)) for i in issues]
    response = {"status": _status(status), "outcome": operation_outcome(placed)}
    return f'{{"response":{_text(response)}}}'


def etag(stored: Stored) -> str:
    """The version as a weak entity tag (R4 http.html, versioning)."""
    return f'W/"{stored.version}"'


def location(base_url: str, stored: Stored) -> str:
    """The address of one version."""
    return f"{base_url}/{stored.reference}/_history/{stored.version}"


def _found(base_url: str, stored: Stored, body: str, mode: str) -> str:
    full_url = _text(f"{base_url}/{stored.reference}")
    return f'{{"fullUrl":{full_url},"resource":{body},"search":{{"mode":"{mode}"}}}}'


def _part(stored: Stored, elements: Sequence[str], summary: str | None) -> str:
    if not elements and summary not in ("text", "data"):
        return stored.body
    resource = parse(stored.body.encode())
    required = {"resourceType", "id", "meta", *type_info(stored.type).required}
    if summary == "data":
        resource.pop("text", None)
    if summary == "text":
        elements = ["text"]
    if elements:
        # Extensions of a primitive stand beside it, under its name with an underscore.
        kept = required.union(elements)
        resource = {n: v for n, v in resource.items() if n.removeprefix("_") in kept}
    meta = resource.get("meta") or {}
    resource["meta"] = meta | {"tag": [*(meta.get("tag") or []), _SUBSETTED]}
    return _text(resource)


def _bundle(
    kind: str,
    entries: Sequence[str],
    *,
    links: Sequence[tuple[str, str]] = (),
    total: int | None = None,
) -> str:
    members = ['"resourceType":"Bundle"', f'"type":"{kind}"']
    if total is not None:
        members.append(f'"total":{total}')
    if links:
        told = [{"relation": relation, "url": url} for relation, url in links]
        members.append(f'"link":{_text(told)}')
    if entries:
        members.append(f'"entry":[{",".join(entries)}]')
    return "{" + ",".join(members) + "}"


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _text(value: Any) -> str:
    return dumps(value).decode()
