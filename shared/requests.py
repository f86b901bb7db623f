"""What every HTTP request passes through: id, duration, security headers. Pure ASGI, for speed."""

import re
import time
from asyncio import CancelledError
from collections.abc import Sequence
from http import HTTPStatus
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.outages import is_away, took_too_long
from shared.problems import Problem
from shared.refusals import Refusals
from shared.tracing import taken_up

log = structlog.get_logger(__name__)

DURATION = Histogram(
    "kersey_http_request_seconds",
    "Duration of HTTP requests by service, method, route and status class.",
    ["service", "method", "route", "status"],
    # Close together around what is asked of a route, so that a p99 is told apart from its double.
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0),
)
ERRORS = Counter(
    "kersey_http_errors_total",
    "Requests that ended in an error which nobody foresaw, by service and class of error.",
    ["service", "error"],
)
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
"""Defaults for answers that are data; a page or a public listing sets its own."""
_SECURITY_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

MAX_BYTES = 1024 * 1024
"""Of a request's body, where the route does not take more by its own measure."""

FOLLOWED = b"text/event-stream; charset=utf-8"
"""The type of an answer that goes on until its reader leaves: how long says nothing of speed."""

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_READS = frozenset(["GET", "HEAD", "OPTIONS"])
_METHODS = _READS | {"POST", "PUT", "PATCH", "DELETE"}


class RequestMiddleware:
    """Gives a request its id, measures it, and adds the headers that every answer has.

    A well-formed `X-Request-Id` of the client is kept and mirrored, so that its log and ours can
    be laid side by side, as is an `X-Correlation-Id`; the trace of its `traceparent`, or a new
    one, is bound to the log likewise.
    """

    def __init__(self, app: ASGIApp, *, service: str, refusals: Refusals) -> None:
        self._app = app
        self._service = service
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        offered, correlation, traces = _sent_with(scope)
        request_id = _known_as(offered)
        scope.setdefault("state", {})["request_id"] = request_id
        # Sent more than once it names no trace: joined, it is not well formed.
        trace = taken_up(traces.decode("latin-1"))
        told = {"request_id": request_id, "service": self._service, **trace}
        structlog.contextvars.bind_contextvars(**told)
        started = time.perf_counter()
        status = 0
        followed = False

        async def answer(message: Message) -> None:
            nonlocal status, followed
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                own = {name for name, _ in headers}
                followed = (b"content-type", FOLLOWED) in headers
                headers += [each for each in _SECURITY_HEADERS if each[0] not in own]
                headers.append((b"x-request-id", request_id.encode()))
                if _WELL_FORMED.match(correlation):
                    headers.append((b"x-correlation-id", correlation))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            log.info("request.client_gone")
        except (Exception, CancelledError) as error:  # noqa: BLE001 - the server would print its values
            problem = self._told_of(error)
            if not status:
                await self._refusals.answer(scope["path"], problem)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            if not followed:
                DURATION.labels(self._service, method, route, f"{status // 100}xx").observe(seconds)
            if method not in _READS:  # reads cause nothing that anybody would trace back
                log.info(
                    "request.answered",
                    method=method,
                    route=route,
                    status=status,
                    seconds=round(seconds, 4),
                )
            structlog.contextvars.unbind_contextvars(*told)

    def _told_of(self, error: BaseException) -> Problem:
        """What a client hears of an error, which is logged here."""
        if isinstance(error, CancelledError):  # a stop has waited for as long as it may
            log.warning("request.given_up")
            return problems.stopping()
        log.error("request.failed", exc_info=error)
        ERRORS.labels(self._service, type(error).__name__).inc()
        if took_too_long(error):
            return problems.took_too_long()
        return problems.database_away() if is_away(error) else problems.unexpected()


def _sent_with(scope: Scope) -> tuple[bytes, bytes, bytes]:
    """The client's X-Request-Id, X-Correlation-Id and traceparent; several of the last joined."""
    offered, correlation, traces = b"", b"", []
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            offered = value
        elif name == b"x-correlation-id":
            correlation = value
        elif name == b"traceparent":
            traces.append(value)
    return offered, correlation, b",".join(traces)


def _known_as(offered: bytes) -> str:
    """A request's id: the client's own where it is well formed."""
    return offered.decode() if _WELL_FORMED.match(offered) else str(uuid4())


class BodyLimit:
    """Refuses a body of more than `MAX_BYTES` before anything is made of it.

    Args:
        app: what comes after.
        refusals: words what is refused.
        beyond: paths whose routes measure their bodies themselves, and all below them.
    """

    def __init__(self, app: ASGIApp, *, refusals: Refusals, beyond: Sequence[str] = ()) -> None:
        self._app = app
        self._refusals = refusals
        self._beyond = tuple(beyond)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._measured_later(scope["path"]):
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 12 or int(declared) > MAX_BYTES:
            await self._refusals.answer(scope["path"], _too_large())(scope, receive, send)
            return
        size = 0

        async def measured() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BYTES:
                problem = _too_large()
                # Of this kind, because FastAPI takes any other error in a body for bad JSON.
                raise HTTPException(problem.status, problem.detail)
            return message

        await self._app(scope, measured, send)

    def _measured_later(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self._beyond)


def _too_large() -> Problem:
    return Problem(413, HTTPStatus(413).phrase, f"A body has {MAX_BYTES:,} bytes at most here.")
