"""A small reverse proxy that follows deploy/Caddyfile, in front of several replicas."""

import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.infrastructure.ports import quiet_port

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "host"}


class Proxy:
    """Passes requests to the service that the Caddyfile names, each replica in turn.

    A replica that does not answer is passed over, as a real proxy would do, unless the request may
    have reached it.

    Parameters:
        caddyfile: `@name path ...`, `handle @name`, `reverse_proxy name:port`.
        ports: of a service's replicas at this moment.
    """

    def __init__(self, caddyfile: Path, ports: Callable[[str], Sequence[int]]) -> None:
        text = caddyfile.read_text()
        self._paths: dict[str, list[str]] = {
            name: [path for path in paths.split() if not path.endswith("*")]
            for name, paths in re.findall(r"^\t@(\w+) path (.+)$", text, re.MULTILINE)
            if name != "inside"
        }
        self._rest: str = re.findall(r"handle \{\s+reverse_proxy (\w+)", text)[0]
        self._ports = ports
        self._turn = count()
        self.port = quiet_port()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer within the block."""
        routes = [Route("/{path:path}", self._pass, methods=METHODS)]
        app = Starlette(routes=routes, lifespan=self._connected)
        config = uvicorn.Config(app, port=self.port, log_config=None, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="proxy")
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()

    @asynccontextmanager
    async def _connected(self, _: Starlette) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
        # Connections are given up before a replica gives them up (after 7 s) under a request.
        limits = httpx.Limits(keepalive_expiry=2)
        async with httpx.AsyncClient(timeout=60, verify=False, limits=limits) as client:
            yield {"client": client}

    async def _pass(self, request: Request) -> Response:
        path = request.url.path
        body = await request.body()
        headers = [(k, v) for k, v in request.headers.items() if k not in HOP_BY_HOP]
        ports = self._ports(self._owner(path))
        first = next(self._turn)
        client: httpx.AsyncClient = request.state.client
        for offset in range(len(ports)):
            port = ports[(first + offset) % len(ports)]
            url = httpx.URL(
                f"http://127.0.0.1:{port}",
                raw_path=request.scope["raw_path"] + _query(request),
            )
            try:
                answer = await client.request(request.method, url, headers=headers, content=body)
            except httpx.ConnectError:
                continue
            except httpx.HTTPError:
                break
            response = Response(answer.content, answer.status_code)
            response.raw_headers = [
                (k.lower(), v)
                for k, v in answer.headers.raw
                if k.lower().decode() not in HOP_BY_HOP
            ] + [(b"content-length", str(len(answer.content)).encode())]
            return response
        return Response("no replica answers", 502)

    def _owner(self, path: str) -> str:
        for name, prefixes in self._paths.items():
            if any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes):
                return name
        return self._rest


def _query(request: Request) -> bytes:
    query: bytes = request.scope["query_string"]
    return b"?" + query if query else b""
