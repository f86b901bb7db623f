"""What every service is: an app with health, metrics, errors in words, and its workers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute

from shared import problems
from shared.asking import Asking
from shared.auth import TokenVerifier, Unauthenticated
from shared.browsers import Browsers
from shared.compression import Compression
from shared.heads import HeadAsGet
from shared.health import Check, faults
from shared.metrics import Source, exposition
from shared.openapi import DescribedApp, described
from shared.patience import BodyPatience
from shared.problems import Problem
from shared.rate_limits import RateLimit
from shared.refusals import Refusals, Refuse
from shared.requests import BodyLimit, RequestMiddleware
from shared.settings import ServiceSettings
from shared.worker import Worker, WorkerGroup


def service_app(
    settings: ServiceSettings,
    *,
    name: str,
    title: str,
    routers: Sequence[APIRouter],
    workers: Sequence[Worker] = (),
    checks: Mapping[str, Check] | None = None,
    sources: Sequence[Source] = (),
    verifier: TokenVerifier | None = None,
    docs_prefix: str | None = None,
    measures_bodies: Sequence[str] = (),
    words_refusals: Mapping[str, Refuse] | None = None,
    held_open: Sequence[AbstractAsyncContextManager[object]] = (),
    before_all: Sequence[BaseRoute] = (),
    compresses: Sequence[str] = (),
    public: Sequence[str] = (),
    shared: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> FastAPI:
    """Compose a service.

    Args:
        settings: the service's settings.
        name: its folder's name, used in logs and metrics.
        title: its name for people.
        routers: its HTTP interface, with the paths that it has in every deployment.
        workers: background work to run inside this process (all-in-one and `kersey worker`).
        checks: what readiness asks, by name.
        sources: what `/metrics` reads when it is asked.
        verifier: verifies bearer tokens; by default against the issuer of the settings.
        docs_prefix: where OpenAPI is served, such as `/directory`.
        measures_bodies: prefixes whose routes bound the size of bodies by their own measure.
        words_refusals: by prefix, what makes an answer of a refusal that is met outside any route;
            a problem elsewhere.
        held_open: what is entered in the event loop before the workers start and left after they
            have ended, each time that the app runs.
        before_all: routes that are tried before the routers'.
        compresses: prefixes below which answers are compressed for clients that take it.
        public: paths whose answers pages of every origin may read in a browser.
        shared: prefixes below which the pages of `origins` may do so.
        origins: such as ``https://app.example``.

    Returns:
        An app whose state holds `settings`, `verifier` and `workers`.
    """
    group = WorkerGroup(workers)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in held_open:
                await stack.enter_async_context(each)
            group.start()
            try:
                yield
            finally:
                await anyio.to_thread.run_sync(group.stop)

    app = DescribedApp(
        title=title,
        version=version("kersey"),
        lifespan=lifespan,
        openapi_url=f"{docs_prefix}/openapi.json" if docs_prefix else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.verifier = verifier or TokenVerifier(settings)
    app.state.workers = group
    app.state.checks = dict(checks or {})
    app.state.sources = tuple(sources)
    app.state.asking = Asking()
    problems.install(app)
    app.add_exception_handler(Unauthenticated, _unauthenticated)
    refusals = Refusals(words_refusals)
    if compresses:
        app.add_middleware(Compression, below=compresses)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyPatience)
    app.add_middleware(BodyLimit, refusals=refusals, beyond=measures_bodies)
    app.add_middleware(
        RateLimit,
        service=name,
        settings=settings,
        verifier=app.state.verifier,
        refusals=refusals,
    )
    if public or shared:
        app.add_middleware(Browsers, public=public, shared=shared, origins=origins)
    app.add_middleware(RequestMiddleware, service=name, refusals=refusals)
    app.router.routes.extend(before_all)
    for router in routers:
        app.include_router(router, responses=described(router))
    app.include_router(_operations(name))
    return app


def _unauthenticated(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Unauthenticated)
    fault = 'Bearer error="invalid_token"' if error.reason != "missing" else "Bearer"
    return Problem(
        401,
        "Sign-in needed",
        error.words,
        element="Authorization",
        headers={"WWW-Authenticate": fault},
    ).response()


def _operations(name: str) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    def live() -> dict[str, str]:
        """The process answers; nothing else is asked, so that a slow database restarts nobody."""
        return {"status": "ok", "service": name}

    @router.get("/health/ready")
    async def ready(request: Request) -> JSONResponse:
        """Whether this process can do its work, and if not, why."""
        failing = await faults(request.app)
        body = {"status": "ok" if not failing else "failing", "service": name, "failing": failing}
        return JSONResponse(body, 503 if failing else 200)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Prometheus metrics; numbers only, no personal data."""
        return await exposition(request.app.state.sources, request.app.state.asking)

    return router
