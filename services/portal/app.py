"""The portal, composed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from services.portal import (
    accounts,
    answer,
    answer_attendance,
    answer_messages,
    capacity,
    cases,
    closed,
    emergency,
    figures,
    hub,
    inbox,
    keeping,
    mute,
    news,
    notices,
    partner,
    practice,
    quarter,
    reached,
    register,
    start,
    taking_down,
    talk,
    visit,
)
from services.portal.answer_links import AnswerLinks
from services.portal.apis import Apis
from services.portal.behind import Behind
from services.portal.cases.colleagues import KnownTeams
from services.portal.front_door import routes as front_door
from services.portal.front_door.door import Asks, Door
from services.portal.front_door.routes import FrontDoor
from services.portal.front_door.stamp import Stamps
from services.portal.settings import PortalSettings, session_cipher
from services.portal.sign_in import routes as sign_in
from services.portal.sign_in import staying
from services.portal.sign_in.issuer import Issuer
from services.portal.sign_in.once import Remembering
from services.portal.sign_in.sessions import Sessions
from services.portal.sign_in.whose import Whose
from services.portal.staff import home
from services.portal.tongues import tongues
from services.portal.worded import refusing, word
from shared.auth import TokenVerifier
from shared.compression import Compression
from shared.languages import Languages, ReadIn
from shared.migrate import schema_fault
from shared.pages import Pages, StaticSheets
from shared.rate_limits import CallerLimit
from shared.service import service_app

STATIC = Path(__file__).parent / "static"
CATALOGUES = Path(__file__).parent / "locale"


def create_app(
    settings: PortalSettings,
    *,
    engine: Engine | None = None,
    http: httpx.AsyncClient | None = None,
    verifier: TokenVerifier | None = None,
    static: Path = STATIC,
    catalogues: Path = CATALOGUES,
    referrals: Asks | None = None,
) -> FastAPI:
    """The pages as an app.

    Args:
        settings: the portal's settings.
        engine: of its database, where the sessions of browsers are; without it nobody can sign in.
        http: calls all other services; by default each at its own address of the settings.
        verifier: of bearer tokens, of which the pages take none.
        static: where `python -m services.portal.assets` put the style sheet.
        catalogues: of the languages that are turned on.
        referrals: hands in at the front door; by default as the portal's own client, and without
            one there is no front door.
    """
    tongues()  # a fault in one is met here, and not by a person
    behind = Behind(settings, http, referrals)
    languages = Languages(catalogues, settings.languages)
    pages = Pages("services.portal", brand=settings.brand, static=static, languages=languages)
    app = service_app(
        settings,
        name="portal",
        title="Kersey",
        routers=(
            start.router,
            answer_attendance.router,
            answer_messages.router,
            answer.router,
            capacity.router,
            visit.router,
            mute.router,
            front_door.router,
            sign_in.router,
            staying.router,
            home.router,
            *emergency.ROUTERS,
            *cases.ROUTERS,
            *inbox.ROUTERS,
            *keeping.ROUTERS,
            *closed.ROUTERS,
            *register.ROUTERS,
            *taking_down.ROUTERS,
            *quarter.ROUTERS,
            *reached.ROUTERS,
            *notices.ROUTERS,
            *news.ROUTERS,
            *talk.ROUTERS,
            *practice.ROUTERS,
            *accounts.ROUTERS,
            *figures.ROUTERS,
            *partner.ROUTERS,
            *hub.ROUTERS,
        ),
        checks={"schema": partial(schema_fault, "portal", engine)} if engine else {},
        verifier=verifier,
        words_refusals={"/": refusing(pages)},
    )
    app.state.pages = pages
    app.state.links = AnswerLinks(behind.notifications)
    app.state.apis = Apis(behind.referrals, behind.directory, behind.notifications, behind.identity)
    app.state.known_teams = KnownTeams()
    app.state.front_door = _front_door(settings, behind.hands_in)
    app.state.secure = settings.public_url.startswith("https:")
    app.state.issuer = Issuer(settings)
    app.state.sessions = _sessions(settings, engine, app.state.issuer)
    app.state.engine = engine
    app.state.whose = Whose(settings.session_key) if app.state.sessions else None
    app.add_middleware(Remembering)
    # Pages are not compressed: the key of their forms, and what was typed, stand in one answer.
    app.add_middleware(Compression, below=["/static"])
    app.add_middleware(ReadIn, languages=languages)
    if static.is_dir():
        app.mount("/static", StaticSheets(directory=static), name="static")
    word(app, pages)

    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield state
        await behind.close()

    app.router.lifespan_context = lifespan
    return app


def _sessions(settings: PortalSettings, engine: Engine | None, issuer: Issuer) -> Sessions | None:
    if engine is None or not settings.session_key.get_secret_value():
        return None
    return Sessions(
        engine,
        issuer,
        session_cipher(settings.session_key),
        Whose(settings.session_key),
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )


def _front_door(settings: PortalSettings, hands_in: Asks | None) -> FrontDoor | None:
    if hands_in is None:
        return None
    return FrontDoor(
        Door(hands_in),
        Stamps(settings.client_secret.get_secret_value()),
        CallerLimit(settings.front_door_rate),
        settings.front_door_seconds,
    )
