"""A small reverse proxy that follows deploy/Caddyfile, in front of several replicas."""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.postgres_cluster import free_port

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "host"}


class Proxy:
    """Passes requests to the service that the Caddyfile names, each replica in turn.

    A replica that does not answer is passed over, as a real proxy would do, unless the request may
    have reached it.

    Parameters:
        caddyfile: `@name path ...`, `handle @name`, `reverse_proxy name:port`.
    """

    def __init__(self, caddyfile: Path) -> None:
        text = caddyfile.read_text()
        self._paths: dict[str, list[str]] = {
            name: [path for path in paths.split() if not path.endswith("*")]
            for name, paths in re.findall(r"^\t@(\w+) path (.+)$", text, re.MULTILINE)
            if name != "inside"
        }
        self._rest: str = re.findall(r"handle \{\s+reverse_proxy (\w+)", text)[0]
        self._replicas: dict[str, Sequence[int]] = defaultdict(list)
        self._turn = count()
        self.port = free_port()

    def serve(self, name: str, ports: Sequence[int]) -> None:
        """Tell where a service's replicas are now."""
        self._replicas[name] = ports

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer within the block."""
        app = Starlette(routes=[Route("/{path:path}", self._pass, methods=METHODS)])
        config = uvicorn.Config(app, port=self.port, log_config=None, ws="none", lifespan="off")
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

    async def _pass(self, request: Request) -> Response:
        path = request.url.path
        body = await request.body()
        headers = [(k, v) for k, v in request.headers.items() if k not in HOP_BY_HOP]
        ports = self._replicas[self._owner(path)]
        first = next(self._turn)
        async with httpx.AsyncClient(timeout=60, follow_redirects=False) as client:
            for offset in range(len(ports)):
                port = ports[(first + offset) % len(ports)]
                url = httpx.URL(
                    f"http://127.0.0.1:{port}",
                    raw_path=request.scope["raw_path"] + _query(request),
                )
                try:
                    answer = await client.request(
                        request.method, url, headers=headers, content=body
                    )
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
