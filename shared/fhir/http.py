"""FHIR over HTTP: formats, preferences, versions, bodies and errors (FHIR R4 http.html)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from shared.auth import Principal, Unauthenticated, principal_of, verified
from shared.fhir.answers import etag
from shared.fhir.json import MAX_BYTES, dumps, indented
from shared.fhir.outcome import (
    FhirError,
    Issue,
    failed,
    invalid,
    operation_outcome,
    refusal,
    too_large,
    unavailable,
    unsupported_media_type,
)
from shared.fhir.store import Stored
from shared.outages import is_away, took_too_long
from shared.problems import Problem

log = structlog.get_logger(__name__)

FORM_BYTES = 64 * 1024
"""Of a form that anybody may send: what is searched for is short."""

FHIR_JSON = "application/fhir+json"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_FORMATS = {"json": FHIR_JSON, FHIR_JSON: FHIR_JSON, JSON: JSON, "text/json": JSON}
_ANY = ("*/*", "application/*")
#: Of the media types' parameter, which some write with its third number (R4 http.html, versions).
_VERSIONS = (None, "4.0", "4.0.1")


# --- the request ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prefer:
    """The client's preferences (R4 http.html, Prefer; RFC 7240)."""

    returns: str | None = None
    lenient: bool = False

    @classmethod
    def of(cls, request: Request) -> Prefer:
        """Read the header; what is not known is passed over, as RFC 7240 asks."""
        text = ",".join(request.headers.getlist("prefer"))
        found: dict[str, str] = {}
        for part in re.split("[,;]", text):
            name, _, value = part.strip().partition("=")
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
        returns = found.get("return")
        known = ("minimal", "representation", "OperationOutcome")
        return cls(returns if returns in known else None, found.get("handling") == "lenient")


async def admit(request: Request, principal: Callable[[Request], Principal]) -> None:
    """Refuse whoever has no good token before their body is read: it is held until its end comes.

    Raises:
        Unauthenticated: no trustworthy bearer token came with it.
    """
    if verified(request.scope) is None:
        await run_in_threadpool(principal, request)


def admitted(principal: Callable[[Request], Principal] = principal_of) -> Any:
    """A router's dependency, solved before those of its routes: see `admit`."""

    async def first(request: Request) -> None:
        if request.method in ("POST", "PUT", "PATCH"):
            await admit(request, principal)

    return Depends(first)


async def read_body(request: Request, most: int = MAX_BYTES) -> bytes:
    """The body, decompressed, refused as soon as it is larger than what is taken.

    Args:
        request: whose.
        most: bytes that are taken.

    Raises:
        FhirError: 413, or 415 for a coding other than gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise refusal(
            415,
            "A body is sent as it is or with Content-Encoding: gzip.",
            "http.Content-Encoding",
        )
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        part = chunk
        if unzip is not None:
            try:
                part = unzip.decompress(chunk, most + 1)
            except zlib.error:
                raise invalid("The body is not gzip.", code="structure") from None
        size += len(part)
        if size > most or (unzip is not None and unzip.unconsumed_tail):
            raise too_large(f"The body has more than the {most:,} bytes that are taken.")
        parts.append(part)
    if unzip is not None and not unzip.eof:
        raise invalid("The body is not complete gzip.", code="structure")
    return b"".join(parts)


async def _whole_body(request: Request) -> bytes:
    return await read_body(request)


async def _form_body(request: Request) -> bytes:
    return await read_body(request, FORM_BYTES)


Body = Annotated[bytes, Depends(_whole_body)]
"""A route's parameter that holds the body."""
Form = Annotated[bytes, Depends(_form_body)]
"""A route's parameter that holds a form which anybody may send."""


def refuse_provenance(request: Request) -> None:
    """Refuse a Provenance in a header, which R4 leaves to the server (provenance.html).

    Passing it over would let its sender believe that it was kept.

    Raises:
        FhirError: 400.
    """
    if "x-provenance" in request.headers:
        raise refusal(
            400,
            "Provenance is recorded by the server, of whoever's token writes: leave it out.",
            "http.X-Provenance",
            code="not-supported",
        )


def require_content_type(request: Request, *accepted: str) -> str:
    """The body's media type.

    Raises:
        FhirError: 415 where it is none of ``accepted``.
    """
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    media_type = media_type.strip()
    if media_type not in accepted:
        raise unsupported_media_type(f"Send {' or '.join(accepted)}.")
    parameters = [each.strip() for each in parameters]
    _, version = _parameters(parameters)
    if version not in _VERSIONS:
        raise unsupported_media_type("Send FHIR version 4.0.")
    for name, _, value in (each.partition("=") for each in parameters):
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise unsupported_media_type("Send UTF-8: JSON has no other encoding (RFC 8259, 8.1).")
    return media_type


def answer_format(request: Request, form: Sequence[tuple[str, str]] = ()) -> str:
    """The media type to answer with: ``_format`` if given, else the best of ``Accept``.

    Args:
        request: whose address and headers say it.
        form: parameters that came in its body.

    Raises:
        FhirError: 406 where only something else than JSON is wanted.
    """
    wanted = request.query_params.get("_format", dict(form).get("_format"))
    if wanted is not None:
        bare = wanted.partition(";")[0].strip().replace(" ", "+")
        if bare not in _FORMATS:
            raise _no_format("http._format")
        return _FORMATS[bare]
    header = request.headers.get("accept")
    if not header:
        return FHIR_JSON
    best, quality = None, 0.0
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        q, version = _parameters(parameters)
        if version not in _VERSIONS or q <= quality:
            continue
        if media_range in _ANY:
            best, quality = FHIR_JSON, q
        elif media_range in (FHIR_JSON, JSON):
            best, quality = media_range, q
    if best is None:
        raise _no_format("http.Accept")
    return best


def _parameters(parameters: list[str]) -> tuple[float, str | None]:
    q, version = 1.0, None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                q = float(value)
            except ValueError:
                q = 0.0
        elif name == "fhirversion":
            version = value.strip('"')
    return q, version


def _no_format(place: str) -> FhirError:
    return refusal(406, f"Answers are {FHIR_JSON} or {JSON}, of FHIR version 4.0.", place)


# --- the answer -------------------------------------------------------------------------------


def version_headers(stored: Stored) -> dict[str, str]:
    """ETag and Last-Modified of a version."""
    return {
        "ETag": etag(stored),
        "Last-Modified": format_datetime(stored.last_updated, usegmt=True),
    }


def answer(
    body: str | bytes, media_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """FHIR JSON as an answer."""
    return Response(body, status, headers=headers, media_type=f"{media_type}; charset=utf-8")


#: HTTP status -> the part of the request that is at fault where no element is. What is named
#: ``http.`` is a header or parameter (R4 operationoutcome.html); body, query and path are the rest.
_AT_FAULT = {
    401: "http.Authorization",
    403: "http.Authorization",
    404: "http.path",
    405: "http.path",
    406: "http.Accept",
    410: "http.path",
    412: "http.If-Match",
    415: "http.Content-Type",
    428: "http.If-Match",
    429: "http.Authorization",
}


def outcome(error: FhirError, method: str, details: dict[str, Any] | None = None) -> Response:
    """A refusal as an OperationOutcome; in JSON whatever was asked for, so that it is read.

    Every issue names what is at fault: the part of the request where its body has no element.

    Args:
        error: why it is refused.
        method: of the request.
        details: a CodeableConcept for each issue, where readers know the refusal by another code.
    """
    rest = "http.query" if method == "GET" else "http.body"
    place = _AT_FAULT.get(error.status, rest)
    issues = [
        Issue(i.severity, i.code, i.diagnostics, i.expression or (place,)) for i in error.issues
    ]
    resource = operation_outcome(issues)
    if details is not None:
        resource["issue"] = [each | {"details": details} for each in resource["issue"]]
    return answer(dumps(resource), FHIR_JSON, status=error.status, headers=error.headers)


class FhirAnswer(Response):
    """For the OpenAPI document, which else claims that an answer is a string: see `described`."""

    media_type = None


def refused(problem: Problem) -> Response:
    """A refusal that was met outside any route, as an OperationOutcome."""
    return outcome(as_fhir(problem), "GET")


#: What no type and no id begins with: ``_history``, ``$validate`` and the like are addresses.
NO_NAMES = ("_", "$")


class FhirRoute(APIRoute):
    """A route whose every error, a foreseen one or not, is an OperationOutcome."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette has it, but for ``DELETE /Patient/_search``, which means no id."""
        match, child = super().matches(scope)
        named = child.get("path_params", {})
        if str(named.get("type_name", "A"))[:1].isupper() and not str(
            named.get("logical_id", "")
        ).startswith(NO_NAMES):
            return match, child
        return Match.NONE, {}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return _printed(request, await handle(request))
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - the last stop before the server's own page
                return self.refusal(as_fhir(error), request.method)

        return handled

    def refusal(self, error: FhirError, method: str) -> Response:
        """What is answered to what is refused."""
        return outcome(error, method)


def _printed(request: Request, response: Response) -> Response:
    """Indented, where that was asked for (R4 http.html, ``_pretty``)."""
    if request.query_params.get("_pretty") == "true" and response.body:
        response.body = indented(bytes(response.body))
        response.headers["Content-Length"] = str(len(response.body))
    return response


class WhicheverMethod:
    """An endpoint for every method, also one that nobody has heard of; errors as in `FhirRoute`.

    Args:
        handle: answers a request, in a thread.
    """

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        try:
            response = await run_in_threadpool(self._handle, Request(scope, receive))
        except Exception as error:  # noqa: BLE001 - the last stop, as in FhirRoute
            response = outcome(as_fhir(error), scope["method"])
        await response(scope, receive, send)


def as_fhir(error: Exception) -> FhirError:
    """Any error as a refusal that reveals nothing of our side."""
    match error:
        case FhirError():
            return error
        case Unauthenticated():
            challenge = "Bearer" if error.reason == "missing" else 'Bearer error="invalid_token"'
            code = "expired" if error.reason == "expired" else "login"
            headers = {"WWW-Authenticate": challenge}
            return refusal(401, error.words, "http.Authorization", code=code, headers=headers)
        case Problem():
            words = f"{error.title}. {error.detail}".strip()
            element = [error.element] if error.element else []
            return refusal(error.status, words, *element, headers=error.headers)
        case RequestValidationError():
            return invalid("The request does not fit this address.")
        case HTTPException():
            return refusal(error.status_code, error.detail, headers=dict(error.headers or {}))
        case _ if took_too_long(error):
            log.error("fhir.given_up", error=type(error).__name__)
            return unavailable("This took too long and was given up.", retry_after=5)
        case _ if is_away(error):
            log.error("fhir.database", error=type(error).__name__)
            return unavailable("The database cannot be reached: try again.", retry_after=2)
        case _:
            log.error("fhir.failed", exc_info=error)
            return failed()
