"""The FHIR REST interface as routes: HTTP in and out, for every type alike (R4 http.html)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated, Any

import jsonpatch
from fastapi import APIRouter, Depends, Request, Response
from starlette.routing import BaseRoute, Route

from shared.auth import Principal, principal_of
from shared.fhir import answers
from shared.fhir.bundle import (
    AtOnce,
    Method,
    WriteEntry,
    Writer,
    WriteResult,
    condition_of,
    version_of,
)
from shared.fhir.capability import capability_statement
from shared.fhir.create_route import CreateRoute
from shared.fhir.http import (
    DESCRIBED,
    FHIR_JSON,
    FORM,
    JSON,
    PATCH_JSON,
    FhirAnswer,
    FhirRoute,
    Prefer,
    WhicheverMethod,
    answer,
    answer_format,
    read_body,
    require_content_type,
    unchanged_since,
    version_headers,
)
from shared.fhir.interactions import Interactions
from shared.fhir.json import dumps, parse, parse_json
from shared.fhir.model import validate
from shared.fhir.outcome import (
    FhirError,
    Issue,
    invalid,
    method_not_allowed,
    not_found,
    operation_outcome,
    too_large,
)
from shared.fhir.paging import PageTokens
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import parse_query
from shared.fhir.search.values import is_id
from shared.fhir.store import Access, FhirStore, Stored
from shared.fhir.together import Asked, Ready, Together

Body = Annotated[bytes, Depends(read_body)]


class FhirRouter(APIRouter):
    """The routes of a FHIR server.

    Attributes:
        before_all: answer as the same routes here do, and sooner where they are tried first.
    """

    before_all: tuple[BaseRoute, ...] = ()


MOST_OPERATIONS = 100
"""Of one JSON Patch: each walks the whole resource while its row is locked."""


def fhir_router(
    types: Types,
    *,
    reader: Callable[[], AbstractContextManager[FhirStore]],
    writer: Writer[Principal],
    base_url: str,
    page_secret: bytes,
    capability_date: str,
    version: str = "0",
    prefix: str = "/fhir",
    zone: str = "Europe/London",
    access: Callable[[Principal], Access] | None = None,
    principal: Callable[[Request], Principal] = principal_of,
    operations: Sequence[dict[str, str]] = (),
    at_once: AtOnce[Principal] | None = None,
) -> FhirRouter:
    """The routes of a FHIR server.

    Include it after routers with more special paths below ``prefix`` (``/fhir/$process-message``):
    its last route answers everything that is left there.

    Args:
        types: the served types, with what clients may do with each.
        reader: opens the store for one reading request.
        writer: does all writing.
        base_url: the server's own address as clients see it, without trailing slash.
        page_secret: makes ``next`` links; the same in every replica.
        capability_date: when the declarations last changed, for /metadata.
        version: of the software.
        prefix: where the routes stand.
        zone: what a date without zone means.
        access: the parties that a principal reads as; its organisation by default.
        principal: who makes a request; raises `Unauthenticated`.
        operations: system-wide operations to name in /metadata.
        at_once: stores creates that come together, where the writer can.
    """
    server = Interactions(
        types=types,
        reader=reader,
        writer=writer,
        base_url=base_url,
        tokens=PageTokens(page_secret),
        access=access or (lambda p: Access.of(p.organisation)),
        zone=zone,
    )
    statement = dumps(
        capability_statement(
            types, base_url=base_url, date=capability_date, version=version, operations=operations
        )
    )
    router = FhirRouter(
        prefix=prefix,
        route_class=FhirRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
        responses=DESCRIBED,
    )

    @router.get("/metadata")
    def metadata(request: Request) -> Response:
        """What this server can do; public."""
        return answer(statement, answer_format(request))

    _system(router, server, principal)
    _type(router, server, principal)
    _instance(router, server, principal)

    def nothing(request: Request) -> Response:
        """What is no address or no method of an address of this interface."""
        principal(request)
        raise _nowhere(server, request.method, request.path_params.get("rest", ""))

    for path in (prefix, f"{prefix}/{{rest:path}}"):
        router.routes.append(Route(path, WhicheverMethod(nothing), include_in_schema=False))
    together = None
    if at_once is not None:
        together = Together(partial(_ready, server, principal, at_once), at_once.store)
    create = partial(_create, server, principal)
    router.before_all = (CreateRoute(create, together, prefix=prefix),)
    return router


def _system(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    @router.post("")
    @router.post("/", include_in_schema=False)
    def batch_or_transaction(request: Request, body: Body) -> Response:
        """A Bundle of type batch or transaction."""
        who = principal(request)
        require_content_type(request, FHIR_JSON, JSON)
        media_type, prefer = answer_format(request), Prefer.of(request)
        text = server.bundle(who, parse(body), with_resource=prefer.returns != "minimal")
        return answer(text, media_type)

    @router.get("/_history")
    def history_system(request: Request) -> Response:
        """Versions of everything that the client may see."""
        return _history(server, principal(request), request, None, None)


def _type(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    @router.get("/{type_name}")
    def search(request: Request, type_name: str) -> Response:
        """Search by the parameters in the address."""
        who = principal(request)
        server.served(type_name)
        media_type, prefer = answer_format(request), Prefer.of(request)
        pairs = parse_query(request.url.query)
        return answer(server.search(who, type_name, pairs, lenient=prefer.lenient), media_type)

    @router.post("/{type_name}/_search")
    def search_by_form(request: Request, type_name: str, body: Body) -> Response:
        """Search by the parameters in a form, which no log of addresses sees."""
        who = principal(request)
        server.served(type_name)
        if body:
            require_content_type(request, FORM)
        media_type, prefer = answer_format(request), Prefer.of(request)
        try:
            form = body.decode()
        except UnicodeDecodeError:
            raise invalid("The form is not UTF-8.", code="structure") from None
        pairs = parse_query(request.url.query) + parse_query(form)
        return answer(server.search(who, type_name, pairs, lenient=prefer.lenient), media_type)

    @router.get("/{type_name}/_history")
    def history_type(request: Request, type_name: str) -> Response:
        """Versions of all resources of a type."""
        return _history(server, principal(request), request, type_name, None)

    @router.post("/{type_name}/$validate")
    def check(request: Request, type_name: str, body: Body) -> Response:
        """What is wrong with a resource; nothing is stored."""
        return _validate(server, principal(request), request, type_name, body)

    @router.post("/{type_name}")
    def create(request: Request, type_name: str, body: Body) -> Response:
        """Create, or with If-None-Exist only unless there is one; see also `CreateRoute`."""
        return _create(server, principal, Asked(request, type_name, body))

    @router.put("/{type_name}")
    def conditional_update(request: Request, type_name: str, body: Body) -> Response:
        """Update what the address's condition matches, or create."""
        who = principal(request)
        entry = _entry(server, request, "PUT", type_name, None)
        return _write(server, who, request, _conditional(entry, request), body)

    @router.patch("/{type_name}")
    def conditional_patch(request: Request, type_name: str, body: Body) -> Response:
        """Patch what the address's condition matches."""
        who = principal(request)
        entry = _entry(server, request, "PATCH", type_name, None)
        return _write(server, who, request, _conditional(entry, request), body)

    @router.delete("/{type_name}")
    def conditional_delete(request: Request, type_name: str) -> Response:
        """Delete what the address's condition matches, if it is one."""
        who = principal(request)
        entry = _entry(server, request, "DELETE", type_name, None)
        return _write(server, who, request, _conditional(entry, request), b"")


def _instance(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    @router.get("/{type_name}/{logical_id}")
    def read(request: Request, type_name: str, logical_id: str) -> Response:
        """The current version; see also `QuickReads`."""
        stored = server.read(principal(request), type_name, logical_id)
        return _representation(request, stored)

    @router.get("/{type_name}/{logical_id}/_history")
    def history_instance(request: Request, type_name: str, logical_id: str) -> Response:
        """The versions of one resource that the client may see."""
        return _history(server, principal(request), request, type_name, logical_id)

    @router.get("/{type_name}/{logical_id}/_history/{version}")
    def vread(request: Request, type_name: str, logical_id: str, version: str) -> Response:
        """One version."""
        who = principal(request)
        stored = server.vread(who, type_name, logical_id, version)
        return _representation(request, stored)

    @router.post("/{type_name}/{logical_id}/$validate")
    def check(request: Request, type_name: str, logical_id: str, body: Body) -> Response:
        """What would be wrong with a new version; nothing is stored."""
        return _validate(server, principal(request), request, type_name, body)

    @router.put("/{type_name}/{logical_id}")
    def update(request: Request, type_name: str, logical_id: str, body: Body) -> Response:
        """A new version."""
        who = principal(request)
        entry = _entry(server, request, "PUT", type_name, logical_id)
        return _write(server, who, request, entry, body)

    @router.patch("/{type_name}/{logical_id}")
    def patch(request: Request, type_name: str, logical_id: str, body: Body) -> Response:
        """A new version by JSON Patch (RFC 6902)."""
        who = principal(request)
        entry = _entry(server, request, "PATCH", type_name, logical_id)
        return _write(server, who, request, entry, body)

    @router.delete("/{type_name}/{logical_id}")
    def delete(request: Request, type_name: str, logical_id: str) -> Response:
        """Delete; its history stays."""
        who = principal(request)
        entry = _entry(server, request, "DELETE", type_name, logical_id)
        return _write(server, who, request, entry, b"")


# --- what the routes share --------------------------------------------------------------------


def _representation(request: Request, stored: Stored) -> Response:
    headers = version_headers(stored)
    media_type = answer_format(request)
    if unchanged_since(request, stored):
        return Response(status_code=304, headers=headers)
    return answer(stored.body, media_type, headers=headers)


def _history(
    server: Interactions,
    who: Principal,
    request: Request,
    type_name: str | None,
    logical_id: str | None,
) -> Response:
    media_type = answer_format(request)
    pairs = parse_query(request.url.query)
    return answer(server.history(who, type_name, logical_id, pairs), media_type)


def _entry(
    server: Interactions, request: Request, method: Method, type_name: str, logical_id: str | None
) -> WriteEntry:
    server.served(type_name)
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


def _create(
    server: Interactions, principal: Callable[[Request], Principal], asked: Asked
) -> Response:
    who = principal(asked.request)
    return _write(server, who, asked.request, _post(server, asked), asked.body)


def _ready(
    server: Interactions,
    principal: Callable[[Request], Principal],
    at_once: AtOnce[Principal],
    asked: Asked,
) -> Ready | None:
    """A create, checked as `_create` checks it, where it can be done with others."""
    who, entry = principal(asked.request), _post(server, asked)
    media_type, prefer = _read(server, who, asked.request, entry, asked.body)
    creation = server.creation(who, entry, at_once)
    if creation is None:
        return None
    return Ready(
        creation, lambda stored: _done(server, WriteResult(201, stored), prefer, media_type)
    )


def _post(server: Interactions, asked: Asked) -> WriteEntry:
    entry = _entry(server, asked.request, "POST", asked.type_name, None)
    entry.if_none_exist = condition_of(asked.request.headers.get("if-none-exist"))
    return entry


def _conditional(entry: WriteEntry, request: Request) -> WriteEntry:
    pairs = [part for part in request.url.query.split("&") if not part.startswith("_format=")]
    entry.query = condition_of("&".join(pairs))
    if entry.query is None:
        raise method_not_allowed(
            "Without an id in the address, this needs a condition.", "GET", "POST"
        )
    return entry


def _write(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> Response:
    media_type, prefer = _read(server, who, request, entry, body)
    return _done(server, server.write(who, entry), prefer, media_type)


def _read(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> tuple[str, Prefer]:
    """Read the body into its entry; how the answer is wanted."""
    interaction = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    server.allow(who, entry.type, interaction[entry.method])
    media_type, prefer = answer_format(request), Prefer.of(request)
    if entry.method == "PATCH":
        require_content_type(request, PATCH_JSON)
        entry.patch = _operations(body)
    elif entry.method != "DELETE":
        require_content_type(request, FHIR_JSON, JSON)
        entry.resource = parse(body)
        if entry.id is not None and entry.resource.get("id") != entry.id:
            raise invalid(
                "The resource's id must be that of the address.", f"{entry.type}.id", code="value"
            )
    return media_type, prefer


def _done(server: Interactions, result: WriteResult, prefer: Prefer, media_type: str) -> Response:
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
        issues = result.issues or [Issue("information", "informational", "Done.")]
        body: str | bytes = dumps(operation_outcome(issues))
        return answer(body, media_type, status=200 if status == 204 else status, headers=headers)
    if stored is None or stored.deleted or prefer.returns == "minimal":
        return Response(status_code=status, headers=headers)
    return answer(stored.body, media_type, status=status, headers=headers)


def _operations(body: bytes) -> list[dict[str, Any]]:
    """The operations of a JSON Patch.

    Raises:
        FhirError: 400 where it is none, 413 where it has more than `MOST_OPERATIONS`.
    """
    operations = parse_json(body)
    if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
        raise invalid("A JSON Patch is a list of operations (RFC 6902).", code="structure")
    if len(operations) > MOST_OPERATIONS:
        raise too_large(f"A JSON Patch has at most {MOST_OPERATIONS} operations.")
    try:
        jsonpatch.JsonPatch(operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
        raise invalid("This is no JSON Patch (RFC 6902).", code="structure") from error
    return operations


def _validate(
    server: Interactions, who: Principal, request: Request, type_name: str, body: bytes
) -> Response:
    """R4 operation $validate: 200 and what was found, whether the resource is valid or not."""
    server.allow(who, type_name, "create")
    media_type = answer_format(request)
    require_content_type(request, FHIR_JSON, JSON)
    resource = parse(body)
    if resource["resourceType"] == "Parameters":
        parameters = [p for p in resource.get("parameter") or () if isinstance(p, dict)]
        given = [p.get("resource") for p in parameters if p.get("name") == "resource"]
        if len(given) != 1 or not isinstance(given[0], dict):
            raise invalid("Parameters for $validate name one resource.", "Parameters.parameter")
        resource = given[0]
    try:
        issues = list(validate(resource, expected_type=type_name))
    except FhirError as error:
        issues = list(error.issues)
    if not issues:
        issues = [Issue("information", "informational", "No problem was found.")]
    return answer(dumps(operation_outcome(issues)), media_type)


def _nowhere(server: Interactions, method: str, rest: str) -> FhirError:
    parts = rest.strip("/").split("/")
    if parts[0] in server.types and len(parts) <= 2 and "$" not in rest:
        of_one = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
        allowed = ("GET", "HEAD", "POST") if len(parts) == 1 else of_one
        if method not in allowed:
            return method_not_allowed("That method means nothing at this address.", *allowed)
    if not parts[0] and method != "POST":
        return method_not_allowed("Post a Bundle of type batch or transaction here.", "POST")
    return not_found("There is nothing at this address.")
