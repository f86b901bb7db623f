"""FHIR over HTTP: formats, preferences, versions, bodies and errors (FHIR R4 http.html)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from shared.auth import Unauthenticated
from shared.fhir.answers import etag
from shared.fhir.json import MAX_BYTES, dumps
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

FHIR_JSON = "application/fhir+json"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_FORMATS = {"json": FHIR_JSON, FHIR_JSON: FHIR_JSON, JSON: JSON, "text/json": JSON}
_ANY = ("*/*", "application/*")


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


async def read_body(request: Request) -> bytes:
    """The body, decompressed, refused as soon as it is larger than what is taken.

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
                part = unzip.decompress(chunk, MAX_BYTES + 1)
            except zlib.error:
                raise invalid("The body is not gzip.", code="structure") from None
        size += len(part)
        if size > MAX_BYTES or (unzip is not None and unzip.unconsumed_tail):
            raise too_large(f"The body has more than the {MAX_BYTES:,} bytes that are taken.")
        parts.append(part)
    if unzip is not None and not unzip.eof:
        raise invalid("The body is not complete gzip.", code="structure")
    return b"".join(parts)


def require_content_type(request: Request, *accepted: str) -> str:
    """The body's media type.

    Raises:
        FhirError: 415 where it is none of ``accepted``.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in accepted:
        raise unsupported_media_type(f"Send {' or '.join(accepted)}.")
    return media_type


def answer_format(request: Request) -> str:
    """The media type to answer with: ``_format`` if given, else the best of ``Accept``.

    Raises:
        FhirError: 406 where only something else than JSON is wanted.
    """
    wanted = request.query_params.get("_format")
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
        if version not in (None, "4.0") or q <= quality:
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


def unchanged_since(request: Request, stored: Stored) -> bool:
    """Whether the client has this version already (If-None-Match before If-Modified-Since)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")}
        return "*" in tags or str(stored.version) in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment: datetime = parsedate_to_datetime(since)
        return stored.last_updated.replace(microsecond=0) <= moment
    except (TypeError, ValueError):
        return False


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


def outcome(error: FhirError, method: str) -> Response:
    """A refusal as an OperationOutcome; in JSON whatever was asked for, so that it is read.

    Every issue names what is at fault: the part of the request where its body has no element.
    """
    rest = "http.query" if method == "GET" else "http.body"
    place = _AT_FAULT.get(error.status, rest)
    issues = [
        Issue(i.severity, i.code, i.diagnostics, i.expression or (place,)) for i in error.issues
    ]
    body = dumps(operation_outcome(issues))
    return answer(body, FHIR_JSON, status=error.status, headers=error.headers)


_OUTCOME = {"type": "object", "properties": {"resourceType": {"const": "OperationOutcome"}}}
_EITHER: dict[str, Any] = {FHIR_JSON: {}, JSON: {}}

DESCRIBED: dict[int | str, dict[str, Any]] = {
    "200": {"description": "As FHIR R4 says of the interaction", "content": _EITHER},
    "201": {"description": "Created", "content": _EITHER},
    "204": {"description": "Deleted"},
    "304": {"description": "The client has this version already"},
    "4XX": {
        "description": "Refused: an OperationOutcome that names the element at fault",
        "content": {FHIR_JSON: {"schema": _OUTCOME}},
    },
    "5XX": {
        "description": "A failure on our side: an OperationOutcome",
        "content": {FHIR_JSON: {"schema": _OUTCOME}},
    },
}
"""What an OpenAPI document says of the answers of FHIR's operations."""


class FhirAnswer(Response):
    """For the OpenAPI document, which else claims that an answer is a string: see `DESCRIBED`."""

    media_type = None


def refused(problem: Problem) -> Response:
    """A refusal that was met outside any route, as an OperationOutcome."""
    return outcome(as_fhir(problem), "GET")


class FhirRoute(APIRoute):
    """A route whose every error, a foreseen one or not, is an OperationOutcome."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - the last stop before the server's own page
                return outcome(as_fhir(error), request.method)

        return handled


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
