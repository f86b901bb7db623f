"""Open to browsers: CORS for reads, as Open Referral UK asks of every feed."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PublicReads:
    """`Access-Control-Allow-Origin: *` on every read, also where no Origin was sent.

    Feeds are checked by programs that send no Origin, for which a CORS middleware adds nothing.
    Writes get no such header: they are for signed-in programs, not for anybody's web page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._preflight = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["GET", "HEAD"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._preflight(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, _opened(send))
        else:
            await self._app(scope, receive, send)


def _opened(send: Send) -> Send:
    async def opened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = "ETag, Retry-After, Content-Disposition"
            headers["cross-origin-resource-policy"] = "cross-origin"
        await send(message)

    return opened
