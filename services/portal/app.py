"""The portal, composed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.types import Scope

from services.portal import answer, capacity, start, work
from services.portal.answer_links import AnswerLinks, Refusal
from services.portal.apis import Apis
from services.portal.settings import PortalSettings, session_cipher
from services.portal.sign_in import routes as sign_in
from services.portal.sign_in.doorkeeper import SendAgain, SignInNeeded
from services.portal.sign_in.issuer import Issuer
from services.portal.sign_in.sessions import Sessions
from shared.auth import TokenVerifier
from shared.migrate import schema_fault
from shared.pages import Pages
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
    engine: Engine | None = None,
    http: httpx.AsyncClient | None = None,
    verifier: TokenVerifier | None = None,
    static: Path = STATIC,
) -> FastAPI:
    """The pages as an app.

    Args:
        settings: the portal's settings.
        engine: of its database, where the sessions of browsers are; without it nobody can sign in.
        http: calls all other services; by default each at its own address of the settings.
        verifier: of bearer tokens, of which the pages take none.
        static: where `python -m services.portal.assets` put the style sheet.
    """
    behind = _Behind(settings, http)
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
        routers=(start.router, answer.router, capacity.router, sign_in.router, *work.routers),
        checks={"schema": partial(schema_fault, "portal", engine)} if engine else {},
        verifier=verifier,
        words_refusals={"/": worded},
    )
    app.state.pages = pages
    app.state.links = AnswerLinks(behind.notifications)
    app.state.apis = Apis(behind.referrals, behind.directory, behind.notifications)
    app.state.secure = settings.public_url.startswith("https:")
    app.state.issuer = Issuer(settings)
    app.state.sessions = _sessions(settings, engine, app.state.issuer)
    if static.is_dir():
        app.mount("/static", _Static(directory=static), name="static")
    _word(app, pages)

    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield state
        await behind.close()

    app.router.lifespan_context = lifespan
    return app


class _Behind:
    """Connections to the services behind the pages."""

    def __init__(self, settings: PortalSettings, http: httpx.AsyncClient | None) -> None:
        def at(url: str) -> httpx.AsyncClient:
            return http or httpx.AsyncClient(
                base_url=url or settings.public_url, timeout=20.0, verify=system_authorities()
            )

        self.referrals = at(settings.referrals_url)
        self.directory = at(settings.directory_url)
        self.notifications = at(settings.notifications_url)

    async def close(self) -> None:
        """Close all of them."""
        for each in {self.referrals, self.directory, self.notifications}:
            await each.aclose()


def _sessions(settings: PortalSettings, engine: Engine | None, issuer: Issuer) -> Sessions | None:
    if engine is None or not settings.session_key.get_secret_value():
        return None
    return Sessions(
        engine,
        issuer,
        session_cipher(settings.session_key),
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )


def _word(app: FastAPI, pages: Pages) -> None:
    """Whatever goes wrong is said in a page."""

    @app.exception_handler(Refusal)
    def refused(request: Request, refusal: Refusal) -> Response:
        if getattr(request.state, "signed_in", None) is not None or refusal.reason == "sign-in":
            return work.refusal_page(request, refusal)
        return answer.refusal_page(pages, refusal)

    @app.exception_handler(SignInNeeded)
    def needed(request: Request, needed: SignInNeeded) -> Response:
        return sign_in.sign_in_page(request, needed)

    @app.exception_handler(SendAgain)
    def again(request: Request, again: SendAgain) -> Response:
        return sign_in.send_again_page(request, again)

    @app.exception_handler(HTTPException)
    def turned_away(request: Request, error: HTTPException) -> Response:
        return pages.page(REFUSED.get(error.status_code, "unread"), error.status_code)

    @app.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        return pages.page("missing", 404)


class _Static(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
