"""Which pages of other origins may read answers in a browser (Fetch standard, CORS protocol).

A record system's server needs none of this; a SMART app in a browser does. Answers that are public
anyway are open to every page, all else to the pages that the operator names. Cookies are never
sent along: who asks is said by the token alone.
"""

from collections.abc import Collection, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ASKED = (
    "Accept",
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Exist",
    "If-None-Match",
    "If-Unmodified-Since",
    "Prefer",
    "X-Request-Id",
)
ANSWERED = ("Content-Location", "ETag", "Last-Modified", "Location", "Retry-After", "X-Request-Id")


class Browsers:
    """Tells browsers what their pages may read. Pure ASGI.

    Args:
        app: what comes after.
        public: paths that are open to every page.
        shared: prefixes that are open to the pages of `origins`.
        origins: such as ``https://app.example``.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public: Sequence[str] = (),
        shared: Sequence[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        self._app = app
        self._public = frozenset(public)
        self._shared = tuple(shared) if origins else ()
        # Clients send their token along with everything; here nobody looks at it.
        self._to_all = CORSMiddleware(
            app, allow_origins=("*",), allow_methods=("GET", "HEAD", "POST"), allow_headers=ASKED
        )
        self._to_some = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ASKED,
            expose_headers=ANSWERED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        await self._for(scope)(scope, receive, send)

    def _for(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._app
        path: str = scope["path"]
        if path.rstrip("/") in self._public:
            return self._to_all
        if any(path == each or path.startswith(f"{each}/") for each in self._shared):
            return self._to_some
        return self._app
