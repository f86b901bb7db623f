"""The portal, composed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.portal import answer, capacity, start
from services.portal.answer_links import AnswerLinks, Refusal
from services.portal.settings import PortalSettings
from shared.auth import TokenVerifier
from shared.pages import Pages, StaticSheets
from shared.problems import Problem
from shared.service import service_app
from shared.trust import system_authorities

STATIC = Path(__file__).parent / "static"

REFUSED = {
    404: "missing",
    405: "missing",
    413: "too-long",
    429: "busy",
    500: "trouble",
    503: "trouble",
}
"""The page for a refusal that is none of an answer link, by its status; else it was not read."""


def create_app(
    settings: PortalSettings,
    *,
    http: httpx.AsyncClient | None = None,
    verifier: TokenVerifier | None = None,
    static: Path = STATIC,
) -> FastAPI:
    """The pages as an app.

    Args:
        settings: the portal's settings.
        http: calls notifications; by default at `notifications_url`, else at `public_url`.
        verifier: of bearer tokens, of which the pages take none.
        static: where `python -m services.portal.assets` put the style sheet.
    """
    client = http or httpx.AsyncClient(
        base_url=settings.notifications_url or settings.public_url,
        timeout=20.0,
        verify=system_authorities(),
    )
    pages = Pages("services.portal", brand=settings.brand, static=static)

    def worded(problem: Problem) -> Response:
        """A person is told in a page, whatever it was."""
        page = pages.page(REFUSED.get(problem.status, "unread"), problem.status)
        page.headers.update(problem.headers)
        return page

    app = service_app(
        settings,
        name="portal",
        title="Kersey",
        routers=(start.router, answer.router, capacity.router),
        verifier=verifier,
        words_refusals={"/": worded},
    )
    app.state.pages = pages
    app.state.links = AnswerLinks(client)
    app.state.secure = settings.public_url.startswith("https:")
    if static.is_dir():
        app.mount("/static", StaticSheets(directory=static), name="static")

    @app.exception_handler(Refusal)
    def refused(request: Request, refusal: Refusal) -> Response:
        return answer.refusal_page(pages, refusal)

    @app.exception_handler(HTTPException)
    def turned_away(request: Request, error: HTTPException) -> Response:
        return pages.page(REFUSED.get(error.status_code, "unread"), error.status_code)

    @app.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        return pages.page("missing", 404)

    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield state
        await client.aclose()

    app.router.lifespan_context = lifespan
    return app
