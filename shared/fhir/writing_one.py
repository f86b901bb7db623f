"""One write as HTTP: what is asked in address, headers and body, and how it is answered.

The routes of a type and of one resource share it.
"""

from __future__ import annotations

from fastapi import Request, Response

from shared.auth import Principal
from shared.fhir import answers
from shared.fhir.bundle import Method, WriteEntry, WriteResult, condition_of, version_of
from shared.fhir.freshness import has_preconditions, refuse_overwriting
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Prefer,
    answer,
    answer_format,
    refuse_provenance,
    require_content_type,
    version_headers,
)
from shared.fhir.interactions import Interactions
from shared.fhir.json import dumps, parse
from shared.fhir.outcome import FhirError, invalid, method_not_allowed, not_found
from shared.fhir.patching.reading import FORMATS, patch_of
from shared.fhir.permitting import INTERACTIONS
from shared.fhir.search.values import is_id

#: Parameters of every interaction, which are no condition (R4 http.html, general parameters).
_OF_THE_ANSWER = ("_format", "_pretty")


def entry_of(
    server: Interactions, request: Request, method: Method, type_name: str, logical_id: str | None
) -> WriteEntry:
    """A write as its address and headers have it, before its body is read.

    Raises:
        FhirError: 404 where the type is not served, or the id can be none.
    """
    server.served(type_name)
    refuse_provenance(request)
    if logical_id is not None and method != "PUT" and not is_id(logical_id):
        raise not_found()  # a PUT says where its resource's id is wrong
    return WriteEntry(
        index=None,
        method=method,
        type=type_name,
        id=logical_id,
        if_match=version_of(request.headers.get("if-match"), "http.If-Match"),
        path=type_name,
    )


def condition_in(request: Request) -> str | None:
    """The search in the address of a write, without what is said of the answer's format."""
    parts = request.url.query.split("&")
    return condition_of("&".join(p for p in parts if p.partition("=")[0] not in _OF_THE_ANSWER))


def conditional(
    server: Interactions, who: Principal, entry: WriteEntry, request: Request
) -> WriteEntry:
    """An entry with the condition that stands in its address.

    Raises:
        FhirError: 405 where there is none, or the type is not written by clients; 403.
    """
    server.allow(who, entry.type, INTERACTIONS[entry.method])
    entry.query = condition_in(request)
    if entry.query is None:
        raise method_not_allowed(
            "Without an id in the address, this needs a condition.", "GET", "HEAD", "POST"
        )
    return entry


def write(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> Response:
    """Do a write and answer it.

    Args:
        server: the interactions.
        who: writes.
        request: with the headers that say how.
        entry: the write, without what the body says.
        body: as it was sent.

    Raises:
        FhirError: what is wrong with it; nothing was changed.
    """
    media_type, prefer = read_body_of(server, who, request, entry, body)
    if entry.id is not None and has_preconditions(request):
        current = server.current(who, entry)
        if current is not None:
            refuse_overwriting(request, current)
            entry.if_match = entry.if_match or current.version  # nor what comes in between
    return done(server, who, server.write(who, entry), prefer, media_type)


def read_body_of(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> tuple[str, Prefer]:
    """Read the body into its entry; how the answer is wanted."""
    server.allow_write(who, entry)
    media_type, prefer = answer_format(request), Prefer.of(request)
    if entry.method == "PATCH":
        try:
            sent_as = require_content_type(request, *FORMATS, JSON)
            entry.patch = patch_of(entry.type, sent_as, body)
        except FhirError as error:
            if error.status == 415:  # RFC 5789, section 2.2
                error.headers["Accept-Patch"] = ", ".join(FORMATS)
            raise
    elif entry.method != "DELETE":
        require_content_type(request, FHIR_JSON, JSON)
        entry.resource = parse(body)
        if entry.id is not None and entry.resource.get("id") != entry.id:
            raise invalid(
                "The resource's id must be that of the address.", f"{entry.type}.id", code="value"
            )
    return media_type, prefer


def done(
    server: Interactions, who: Principal, result: WriteResult, prefer: Prefer, media_type: str
) -> Response:
    """The answer to a single write.

    A client gets what it prefers, except where there is something that it must be told: then it
    gets the OperationOutcome, whatever Prefer says, and finds the resource at Location. Prefer is
    a wish that a server may pass over (RFC 7240, section 2); that a referral was marked urgent and
    is not treated as such, or that nobody looks after it yet, must reach the sender (care 1, 11).
    """
    stored, status = result.stored, result.status
    headers = version_headers(stored) if stored is not None else {}
    if stored is not None and not stored.deleted:
        headers["Location"] = answers.location(server.base_url, stored)
    if prefer.returns == "OperationOutcome" or result.issues:
        body = dumps(answers.remarks(result))
        return answer(body, media_type, status=200 if status == 204 else status, headers=headers)
    minimal = prefer.returns == "minimal" or not server.may_show(who, result)
    if stored is None or stored.deleted or minimal:
        return Response(status_code=status, headers=headers)
    return answer(stored.body, media_type, status=status, headers=headers)
