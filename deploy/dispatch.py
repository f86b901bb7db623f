"""Several services behind one port: the same apps, chosen by the prefix of the path."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import problems
from shared.asking import Asking
from shared.heads import HeadAsGet
from shared.health import faults
from shared.metrics import exposition

OWN = ("/health", "/metrics")
"""Answered for all services together."""


class AllInOne:
    """An ASGI app that hands each request, unchanged, to the service that owns its path.

    Starlette does not run the lifespan of a mounted app, so this enters each service's own: that is
    where their workers start and stop.

    Parameters:
        services: each service's app by name, in the order in which they start.
        prefixes: which service owns which prefix; the longest one that fits is taken.
    """

    def __init__(self, services: Mapping[str, FastAPI], prefixes: Mapping[str, str]) -> None:
        self.services = services
        self._routes = sorted(prefixes.items(), key=lambda route: len(route[0]), reverse=True)
        self._house = self._own_pages()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or the server's start and end to the house's own lifespan."""
        await self._owner(scope)(scope, receive, send)

    def _owner(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "lifespan":
            return self._house
        path: str = scope["path"]
        if any(_below(path, own) for own in OWN):
            return self._house
        for prefix, name in self._routes:
            if _below(path, prefix):
                return self.services[name]
        return self._house

    async def faults(self) -> dict[str, dict[str, str]]:
        """What keeps each service from its work; empty when all are ready."""
        found = {name: await faults(app) for name, app in self.services.items()}
        return {name: each for name, each in found.items() if each}

    def _own_pages(self) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                for app in self.services.values():
                    await stack.enter_async_context(app.router.lifespan_context(app))
                yield

        asking = Asking()
        house = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
        problems.install(house)
        house.add_middleware(HeadAsGet)

        @house.get("/health/live")
        def live() -> dict[str, object]:
            """The process answers; nothing else is asked."""
            return {"status": "ok", "services": list(self.services)}

        @house.get("/health/ready")
        async def ready() -> JSONResponse:
            """Whether every service can do its work, and if not, which cannot and why."""
            failing = await self.faults()
            status = "failing" if failing else "ok"
            body = {"status": status, "services": list(self.services), "failing": failing}
            return JSONResponse(body, 503 if failing else 200)

        @house.get("/metrics")
        async def metrics() -> Response:
            """Prometheus metrics of this process, and the gauges of every service."""
            sources = [each for app in self.services.values() for each in app.state.sources]
            return await exposition(sources, asking)

        return house


def _below(path: str, prefix: str) -> bool:
    """Whether `path` is the prefix or lies below it; `/fhirx` is not below `/fhir`."""
    return prefix in ("/", path) or path.startswith(prefix + "/")
