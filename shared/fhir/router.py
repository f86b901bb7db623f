"""The FHIR REST interface as routes: HTTP in and out, for every type alike (R4 http.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.routing import BaseRoute, Route

from shared.auth import Principal, principal_of
from shared.fhir import answers, described
from shared.fhir.addresses import Untidy
from shared.fhir.bundle import (
    AtOnce,
    Method,
    WriteEntry,
    Writer,
    WriteResult,
    condition_of,
    creation_condition,
    version_of,
)
from shared.fhir.bundle_interactions import BundleInteractions
from shared.fhir.capability import capability_statement
from shared.fhir.compartment_routes import compartment_routes
from shared.fhir.conformance import conformance_routes
from shared.fhir.create_route import CreateRoute
from shared.fhir.described import TypeName
from shared.fhir.everything_routes import everything_routes
from shared.fhir.forms import form_pairs
from shared.fhir.freshness import has_preconditions, refuse_overwriting, unchanged_since
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Body,
    FhirAnswer,
    FhirRoute,
    Prefer,
    answer,
    answer_format,
    refuse_provenance,
    require_content_type,
    version_headers,
)
from shared.fhir.interactions import Interactions, Pairs
from shared.fhir.json import dumps, parse
from shared.fhir.nowhere import nothing
from shared.fhir.outcome import invalid, method_not_allowed, not_found
from shared.fhir.paging import PageTokens
from shared.fhir.parts import part
from shared.fhir.patching.reading import FORMATS, patch_of
from shared.fhir.search.parameters import Types
from shared.fhir.search.query import parse_query
from shared.fhir.search.shape import part_asked
from shared.fhir.search.values import is_id
from shared.fhir.store import Access, FhirStore, Stored
from shared.fhir.together import Asked, Ready, Together
from shared.fhir.validating import validating_routes

#: Parameters of every interaction, which are no condition (R4 http.html, general parameters).
_OF_THE_ANSWER = ("_format", "_pretty")


class FhirRouter(APIRouter):
    """The routes of a FHIR server.

    Attributes:
        before_all: answer as the same routes here do, and sooner where they are tried first.
    """

    before_all: tuple[BaseRoute, ...] = ()


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
    beside: Sequence[dict[str, Any]] = (),
    messaging: Sequence[dict[str, Any]] = (),
    cors: bool = False,
    oauth_uris: Callable[[], Mapping[str, str]] = dict,
    at_once: AtOnce[Principal] | None = None,
    spelling: Callable[[Request, str, Pairs], Pairs] | None = None,
    on_refusal: Callable[[Principal, str, str], None] = lambda *_: None,
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
        beside: types that routers before this one serve, to name in /metadata.
        messaging: what messages such a router takes and sends, to name in /metadata.
        cors: whether pages of other origins may ask, for /metadata.
        oauth_uris: where to go for tokens, for /metadata; asked each time.
        at_once: stores creates that come together, where the writer can.
        spelling: of a search's parameters, for clients of a standard that writes some of them
            otherwise than R4: makes R4's of what such a request asks of a type.
        on_refusal: see `Permitting`.
    """
    server = Interactions(
        types=types,
        reader=reader,
        writer=writer,
        base_url=base_url,
        tokens=PageTokens(page_secret),
        access=access or (lambda p: Access.of(p.organisation)),
        on_refusal=on_refusal,
        zone=zone,
    )

    @lru_cache(maxsize=2)
    def statement(uris: tuple[tuple[str, str], ...]) -> bytes:
        return dumps(
            capability_statement(
                types,
                base_url=base_url,
                date=capability_date,
                version=version,
                operations=operations,
                beside=beside,
                messaging=messaging,
                cors=cors,
                oauth_uris=dict(uris),
            )
        )

    def capability() -> bytes:
        return statement(tuple(oauth_uris().items()))

    router = FhirRouter(
        prefix=prefix,
        route_class=FhirRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
    )

    @router.get("/metadata", responses=described.METADATA)
    def metadata(request: Request) -> Response:
        """What this server can do; public."""
        media_type = answer_format(request)
        return answer(capability(), media_type)

    conformance_routes(router, base_url)
    _system(router, server, BundleInteractions(server, capability), principal)
    _type(router, server, principal, spelling)
    everything_routes(router, server, principal)
    _instance(router, server, principal)
    validating_routes(router, server, principal)
    compartment_routes(router, server, principal)

    last = Untidy(nothing(server, principal), prefix)
    for path in (prefix, f"{prefix}/{{rest:path}}"):
        router.routes.append(Route(path, last, include_in_schema=False))
    together: Together | None = None
    takes: Callable[[Principal], bool] = _nobody
    if at_once is not None:
        together = Together(partial(_ready, server, principal, at_once), at_once.store)
        takes = at_once.takes
    create = partial(_create, server, principal)
    router.before_all = (CreateRoute(create, together, takes, prefix=prefix),)
    return router


def _system(
    router: APIRouter,
    server: Interactions,
    bundles: BundleInteractions,
    principal: Callable[[Request], Principal],
) -> None:
    @router.post("", responses=described.BUNDLE, openapi_extra=described.RESOURCE_BODY)
    @router.post("/", include_in_schema=False)
    def batch_or_transaction(request: Request, body: Body) -> Response:
        """A Bundle of type batch or transaction."""
        who = principal(request)
        refuse_provenance(request)
        require_content_type(request, FHIR_JSON, JSON)
        media_type, prefer = answer_format(request), Prefer.of(request)
        text = bundles.answer(who, parse(body), prefer)
        return answer(text, media_type)

    @router.get("", responses=described.SEARCH)
    @router.get("/", include_in_schema=False)
    def search_system(request: Request) -> Response:
        """Search several types at once, by `_type` or all, by the parameters that all have."""
        who = principal(request)
        if not request.url.query:
            words = "Post a Bundle of type batch or transaction here, or search by _type."
            raise method_not_allowed(words, "POST")
        return _search(server, who, request, None, ())

    @router.post("/_search", responses=described.SEARCH_BY_FORM, openapi_extra=described.FORM_BODY)
    def search_system_by_form(request: Request, body: Body) -> Response:
        """The same by the parameters in a form."""
        return _search(server, principal(request), request, None, form_pairs(request, body))

    @router.get("/_history", responses=described.HISTORY)
    def history_system(request: Request) -> Response:
        """Versions of everything that the client may see."""
        return _history(server, principal(request), request, None, None)


def _type(
    router: APIRouter,
    server: Interactions,
    principal: Callable[[Request], Principal],
    spelling: Callable[[Request, str, Pairs], Pairs] | None,
) -> None:
    @router.get("/{type_name}", responses=described.SEARCH)
    def search(request: Request, type_name: TypeName) -> Response:
        """Search by the parameters in the address."""
        who = principal(request)
        server.served(type_name)
        return _search(server, who, request, type_name, (), spelling)

    @router.post(
        "/{type_name}/_search",
        responses=described.SEARCH_BY_FORM,
        openapi_extra=described.FORM_BODY,
    )
    def search_by_form(request: Request, type_name: TypeName, body: Body) -> Response:
        """Search by the parameters in a form, which no log of addresses sees."""
        who = principal(request)
        server.served(type_name)
        return _search(server, who, request, type_name, form_pairs(request, body), spelling)

    @router.get("/{type_name}/_history", responses=described.HISTORY)
    def history_type(request: Request, type_name: TypeName) -> Response:
        """Versions of all resources of a type."""
        return _history(server, principal(request), request, type_name, None)

    @router.post("/{type_name}", responses=described.CREATE, openapi_extra=described.RESOURCE_BODY)
    def create(request: Request, type_name: TypeName, body: Body) -> Response:
        """Create, or with If-None-Exist only unless there is one; see also `CreateRoute`."""
        return _create(server, principal, Asked(request, type_name, body))

    @router.put("/{type_name}", responses=described.UPDATE, openapi_extra=described.RESOURCE_BODY)
    def conditional_update(request: Request, type_name: TypeName, body: Body) -> Response:
        """Update what the address's condition matches, or create."""
        who = principal(request)
        entry = _entry(server, request, "PUT", type_name, None)
        return _write(server, who, request, _conditional(entry, request), body)

    @router.patch("/{type_name}", responses=described.PATCH, openapi_extra=described.PATCH_BODY)
    def conditional_patch(request: Request, type_name: TypeName, body: Body) -> Response:
        """Patch what the address's condition matches."""
        who = principal(request)
        entry = _entry(server, request, "PATCH", type_name, None)
        return _write(server, who, request, _conditional(entry, request), body)

    @router.delete("/{type_name}", responses=described.DELETE)
    def conditional_delete(request: Request, type_name: TypeName) -> Response:
        """Delete what the address's condition matches, if it is one."""
        who = principal(request)
        entry = _entry(server, request, "DELETE", type_name, None)
        return _write(server, who, request, _conditional(entry, request), b"")


def _instance(
    router: APIRouter, server: Interactions, principal: Callable[[Request], Principal]
) -> None:
    @router.get("/{type_name}/{logical_id}", responses=described.READ)
    def read(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """The current version; see also `QuickReads`."""
        stored = server.read(principal(request), type_name, logical_id)
        return _representation(request, stored)

    @router.get("/{type_name}/{logical_id}/_history", responses=described.HISTORY)
    def history_instance(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """The versions of one resource that the client may see."""
        return _history(server, principal(request), request, type_name, logical_id)

    @router.get("/{type_name}/{logical_id}/_history/{version}", responses=described.READ)
    def vread(request: Request, type_name: TypeName, logical_id: str, version: str) -> Response:
        """One version."""
        who = principal(request)
        stored = server.vread(who, type_name, logical_id, version)
        return _representation(request, stored)

    @router.put(
        "/{type_name}/{logical_id}",
        responses=described.UPDATE,
        openapi_extra=described.RESOURCE_BODY,
    )
    def update(request: Request, type_name: TypeName, logical_id: str, body: Body) -> Response:
        """A new version."""
        who = principal(request)
        entry = _entry(server, request, "PUT", type_name, logical_id)
        return _write(server, who, request, entry, body)

    @router.patch(
        "/{type_name}/{logical_id}",
        responses=described.PATCH,
        openapi_extra=described.PATCH_BODY,
    )
    def patch(request: Request, type_name: TypeName, logical_id: str, body: Body) -> Response:
        """A new version by JSON Patch, FHIRPath Patch or merge patch."""
        who = principal(request)
        entry = _entry(server, request, "PATCH", type_name, logical_id)
        return _write(server, who, request, entry, body)

    @router.delete("/{type_name}/{logical_id}", responses=described.DELETE)
    def delete(request: Request, type_name: TypeName, logical_id: str) -> Response:
        """Delete; its history stays."""
        who = principal(request)
        entry = _entry(server, request, "DELETE", type_name, logical_id)
        return _write(server, who, request, entry, b"")


# --- what the routes share --------------------------------------------------------------------


def _search(
    server: Interactions,
    who: Principal,
    request: Request,
    type_name: str | None,
    form: Pairs,
    spelling: Callable[[Request, str, Pairs], Pairs] | None = None,
) -> Response:
    media_type, prefer = answer_format(request, form), Prefer.of(request)
    pairs: Pairs = [*parse_query(request.url.query), *form]
    if spelling is not None and type_name is not None:
        pairs = spelling(request, type_name, pairs)
    return answer(server.search(who, type_name, pairs, lenient=prefer.lenient), media_type)


def _representation(request: Request, stored: Stored) -> Response:
    headers = version_headers(stored)
    media_type = answer_format(request)
    if unchanged_since(request, stored):
        return Response(status_code=304, headers=headers)
    elements, summary = part_asked(parse_query(request.url.query))
    return answer(part(stored, elements, summary), media_type, headers=headers)


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


def _create(
    server: Interactions, principal: Callable[[Request], Principal], asked: Asked
) -> Response:
    who = principal(asked.request)
    return _write(server, who, asked.request, _post(server, asked), asked.body)


def _nobody(_: Principal) -> bool:
    return False


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
        creation, lambda stored: _done(server, who, WriteResult(201, stored), prefer, media_type)
    )


def _post(server: Interactions, asked: Asked) -> WriteEntry:
    entry = _entry(server, asked.request, "POST", asked.type_name, None)
    # R4 has the condition in a header. Some clients (fhirpy) have it in the address, as those of
    # an update are: passed over, it would create what the client said must not be there twice.
    asked_for = asked.request.headers.get("if-none-exist")
    header = creation_condition(asked_for, entry.type, "http.If-None-Exist")
    entry.if_none_exist = header or _condition_in(asked.request)
    return entry


def _condition_in(request: Request) -> str | None:
    """The search in the address of a write, without what is said of the answer's format."""
    parts = request.url.query.split("&")
    return condition_of("&".join(p for p in parts if p.partition("=")[0] not in _OF_THE_ANSWER))


def _conditional(entry: WriteEntry, request: Request) -> WriteEntry:
    entry.query = _condition_in(request)
    if entry.query is None:
        raise method_not_allowed(
            "Without an id in the address, this needs a condition.", "GET", "POST"
        )
    return entry


def _write(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> Response:
    media_type, prefer = _read(server, who, request, entry, body)
    if entry.id is not None and has_preconditions(request):
        current = server.current(who, entry)
        if current is not None:
            refuse_overwriting(request, current)
            entry.if_match = entry.if_match or current.version  # nor what comes in between
    return _done(server, who, server.write(who, entry), prefer, media_type)


def _read(
    server: Interactions, who: Principal, request: Request, entry: WriteEntry, body: bytes
) -> tuple[str, Prefer]:
    """Read the body into its entry; how the answer is wanted."""
    server.allow_write(who, entry)
    media_type, prefer = answer_format(request), Prefer.of(request)
    if entry.method == "PATCH":
        sent_as = require_content_type(request, *FORMATS, JSON)
        entry.patch = patch_of(entry.type, sent_as, body)
    elif entry.method != "DELETE":
        require_content_type(request, FHIR_JSON, JSON)
        entry.resource = parse(body)
        if entry.id is not None and entry.resource.get("id") != entry.id:
            raise invalid(
                "The resource's id must be that of the address.", f"{entry.type}.id", code="value"
            )
    return media_type, prefer


def _done(
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
