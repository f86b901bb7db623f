"""Bundles to answer with, composed of stored text: what is not asked to change is not parsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from shared.fhir.bundle import WriteResult
from shared.fhir.json import dumps
from shared.fhir.outcome import Issue, operation_outcome
from shared.fhir.parts import part
from shared.fhir.search.dates import instant_text
from shared.fhir.store import HistoryPage, SearchResult, Stored


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
        summary: which part of the matches to send (``_summary``).
    """
    entries = []
    for stored in result.matches:
        body = part(stored, elements, summary)
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


def written(
    result: WriteResult, *, base_url: str, with_resource: bool, with_outcome: bool = False
) -> str:
    """The response entry of one write.

    Its outcome is there without the resource too: a warning must reach the sender (care 1, 11).

    Args:
        result: what became of it.
        base_url: the server's own address.
        with_resource: whether the resource is sent back.
        with_outcome: whether an outcome is wanted where there is nothing to remark, too.
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
    if result.issues or with_outcome:
        response["outcome"] = remarks(result)
    members.append(f'"response":{_text(response)}')
    return "{" + ",".join(members) + "}"


def remarks(result: WriteResult) -> dict[str, Any]:
    """What there is to say of a write that was done, as an OperationOutcome."""
    return operation_outcome(result.issues or [Issue("information", "informational", "Done.")])


def fetched(body: str | None, stored: Stored | None = None) -> str:
    """The response entry of one read; without a body where HEAD asked."""
    response = {"status": _status(200)}
    if stored is not None:
        response |= {
            "etag": etag(stored),
            "lastModified": instant_text(stored.last_updated),
        }
    resource = "" if body is None else f'"resource":{body},'
    return f'{{{resource}"response":{_text(response)}}}'


def unchanged(stored: Stored) -> str:
    """The response entry of one GET of what the client has already."""
    response = {
        "status": _status(304),
        "etag": etag(stored),
        "lastModified": instant_text(stored.last_updated),
    }
    return f'{{"response":{_text(response)}}}'


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
