"""What every HTTP request passes through: id, duration, security headers. Pure ASGI, for speed."""

import re
import time
from uuid import uuid4

import structlog
from prometheus_client import Histogram
from sqlalchemy.exc import OperationalError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import database_away, unexpected

log = structlog.get_logger(__name__)

DURATION = Histogram(
    "kersey_http_request_seconds",
    "Duration of HTTP requests by service, method, route and status class.",
    ["service", "method", "route", "status"],
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

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class RequestMiddleware:
    """Gives a request its id, measures it, and adds the headers that every answer has.

    A well-formed `X-Request-Id` of the client is kept and mirrored, so that its log and ours can
    be laid side by side; the W3C `traceparent` is bound to the log likewise.
    """

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        offered = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = offered if _REQUEST_ID.match(offered) else str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id, service=self._service)
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    answered.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # the last stop: the server would print its values
            log.exception("request.failed", exc_info=error)
            if not status:
                problem = database_away() if isinstance(error, OperationalError) else unexpected()
                await problem.response()(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            DURATION.labels(self._service, scope["method"], route, f"{status // 100}xx").observe(
                time.perf_counter() - started
            )
            structlog.contextvars.unbind_contextvars("request_id", "service")
