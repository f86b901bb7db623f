"""Composition of the issuer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.identity.api import routes
from services.identity.assertions import Assertions
from services.identity.authentication import ClientAuthentication
from services.identity.client_api import client_routes
from services.identity.client_keys import ClientKeys
from services.identity.clients import Clients, active_demo_clients
from services.identity.issued import IssuedTokens
from services.identity.keys import KeysUnreadable, OwnKeys, SigningKeys
from services.identity.oidc.families import Families
from services.identity.oidc.id_tokens import IdTokens
from services.identity.oidc.userinfo import userinfo_routes
from services.identity.pages import account, authorizing, invitation, links, recovery, signing_in
from services.identity.pages.front import AT, STATIC_AT, Turned, front_for
from services.identity.people.accounts import active_demo_accounts
from services.identity.people.inviting import Inviter
from services.identity.people_api import people_routes
from services.identity.server import OAuthServer
from services.identity.settings import IdentitySettings, cipher_of
from shared.auth import TokenVerifier
from shared.gauges import of_database
from shared.health import Check, of_background
from shared.languages import Languages, ReadIn
from shared.mail import Post
from shared.messaging.broker import Broker
from shared.messaging.relay import Relay
from shared.migrate import schema_fault
from shared.pages import StaticSheets
from shared.service import service_app
from shared.strangers import GuardedHttp
from shared.worker import Wake, Worker

log = structlog.get_logger(__name__)

CATALOGUES = Path(__file__).parent / "locale"

_PAGES = (authorizing, signing_in, links, invitation, recovery, account)

MARGIN = timedelta(minutes=1)
"""Clocks of verifiers that lag behind ours still find the key of a token that they think alive."""


class DemoClientsInProduction(RuntimeError):
    """The service will not start: anyone who has read the README could get tokens."""


def create_app(
    settings: IdentitySettings,
    *,
    engine: Engine,
    broker: Broker | None = None,
    wake: Wake | None = None,
    static: Path | None = None,
    post: Post | None = None,
    catalogues: Path = CATALOGUES,
) -> FastAPI:
    """The issuer as an app.

    Args:
        settings: its settings.
        engine: its database.
        broker: where its relay publishes; without one no worker runs in this process.
        wake: wakes the relay after a commit.
        static: the folder with the pages' style sheet; without it they are plainer.
        post: where mails go; by default as the settings say.
        catalogues: of the languages that are turned on.

    Raises:
        ValueError: a language that is turned on has no catalogue.
        DemoClientsInProduction: when the app starts, not when it is made.
        KeysUnreadable: likewise, with the wrong key-encryption key.
    """
    production = settings.environment == "production"
    http = GuardedHttp(allow_private=settings.private_endpoints)
    clients = Clients(engine, admit_demo=not production)
    keys = signing_keys(settings, engine)
    remote = ClientKeys(http)
    assertions = Assertions(engine, clients, remote, audience=settings.token_endpoint)
    families = Families(engine, lasts=timedelta(hours=settings.session_hours))
    issued = IssuedTokens(settings, engine, clients=clients, keys=keys, families=families)
    authentication = ClientAuthentication(clients, assertions)
    id_tokens = IdTokens(settings, keys)
    server = OAuthServer(
        settings,
        keys=keys,
        authentication=authentication,
        issued=issued,
        families=families,
        id_tokens=id_tokens,
    )
    languages = Languages(catalogues, settings.languages)
    front = front_for(settings, engine, families, id_tokens, static, post, languages)

    checks: dict[str, Check] = {
        "schema": partial(schema_fault, "identity", engine),
        "clients": partial(_demo_fault, engine, production=production),
        "signing keys": partial(_keys_fault, keys),
    }
    if broker is not None:
        checks |= of_background(settings, engine, broker)
    app = service_app(
        settings,
        name="identity",
        title="Kersey identity",
        routers=[
            routes(settings, server, keys),
            client_routes(engine, issued, http),
            userinfo_routes(issued, families),
            people_routes(engine, issued, Inviter(settings, post), settings.invitation_hours),
            *(each.router for each in _PAGES),
        ],
        workers=workers(settings, engine, broker, wake) if broker is not None else (),
        checks=checks,
        sources=[of_database("identity", engine)],
        docs_prefix="/identity",
        public=("/identity/.well-known/smart-configuration",),
        verifier=TokenVerifier(settings, OwnKeys(keys)),
        words_refusals=dict.fromkeys(
            [f"{AT}/{page}" for page in ("authorize", "sign-in", "invitation", "account")],
            front.worded,
        ),
    )
    app.state.front = front
    app.add_exception_handler(Turned, _turned)
    app.add_middleware(ReadIn, languages=languages)
    if static is not None and static.is_dir():
        app.mount(STATIC_AT, StaticSheets(directory=static), name="static")

    def start() -> None:
        try:
            fault = _demo_fault(engine, production=production)
            if not fault:
                keys.current()
        except SQLAlchemyError as error:
            # Not migrated yet, or the database is away: readiness says so until it is mended, and
            # demo clients get no tokens in production in any case.
            log.warning("identity.database_not_ready", error=type(error).__name__)
            return
        except KeysUnreadable as error:
            log.exception("identity.does_not_start", why=str(error))
            raise
        if fault:
            log.error("identity.does_not_start", why=f"In production {fault}")
            raise DemoClientsInProduction(f"In production {fault}")

    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        await anyio.to_thread.run_sync(start)
        try:
            async with inner(app) as state:
                yield state
        finally:
            await anyio.to_thread.run_sync(http.close)
            await anyio.to_thread.run_sync(front.links.close)

    app.router.lifespan_context = lifespan
    return app


def _demo_fault(engine: Engine, *, production: bool) -> str | None:
    """Why what the demo brought must not be here."""
    if not production:
        return None
    found = active_demo_clients(engine)
    if found:
        return (
            f"demo clients are active, whose secrets are public: {', '.join(found)}. "
            "Deactivate them, or use a database without demo data."
        )
    if active_demo_accounts(engine):
        return (
            "demo accounts are active, whose passwords are public. "
            "Disable them (`kersey people disable`), or use a database without demo data."
        )
    return None


def _keys_fault(keys: SigningKeys) -> str | None:
    try:
        keys.current()
    except KeysUnreadable as error:
        return str(error)
    return None


def _turned(_: Request, error: Exception) -> Response:
    assert isinstance(error, Turned)
    return error.response


def workers(
    settings: IdentitySettings, engine: Engine, broker: Broker, wake: Wake | None
) -> list[Worker]:
    """The issuer's background work: it tells what was changed about clients."""
    return [Relay(engine, broker, service="identity", wake=wake, poll=settings.relay_poll_seconds)]


def signing_keys(settings: IdentitySettings, engine: Engine) -> SigningKeys:
    """The issuer's signing keys, for the app and for whoever rotates them."""
    overlap = timedelta(seconds=settings.token_lifetime) + MARGIN
    return SigningKeys(engine, cipher_of(settings.key_encryption_key), overlap=overlap)
