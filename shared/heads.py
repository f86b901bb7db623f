"""HEAD, which monitors and caches ask: answered as GET is, without the body (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Has every address that takes GET take HEAD. Pure ASGI, innermost: all else sees the HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    return
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        asked: Scope = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, headers_only)
        finally:
            scope["route"] = asked.get("route")  # by which the request is measured outside
