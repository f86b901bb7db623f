"""Forms that were sent: a second press of a button, or a page that was gone back to, does nothing
twice.

Each form has a number of its own. The same number with the same words is the same sending: it
waits for what came of the first one and is led to the same page. What was refused, or failed, may
be sent again.
"""

import time
from collections.abc import Iterable
from hashlib import sha256

import orjson
from anyio.to_thread import run_sync
from sqlalchemy import Engine, Select, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.tables import form_sent, web_session

WAITS = 20.0
"""Seconds for which a second sending waits for the first one; services are given as long."""

_LOOKS = 0.05
_STATE = "form_sent"


class Sending:
    """One sending of one form.

    Args:
        engine: of the portal's database.
        session: the fingerprint of the browser's session.
        number: of the form, as it stands in the page.
        said: where it is sent and what with.
    """

    def __init__(
        self, engine: Engine, session: bytes, number: str, said: Iterable[tuple[str, str]]
    ) -> None:
        self._engine = engine
        self._session = session
        self._what = sha256(orjson.dumps([number, list(said)])).digest()

    def begin(self) -> str | None:
        """Begin it; None if it is the first, else the page to which the first one led.

        Where the first one does not end, it leads to the first page of whoever sent it.
        """
        until = time.monotonic() + WAITS
        while not self._first():
            with self._engine.connect() as connection:
                came = connection.execute(self._row()).scalar()
            if came:
                return str(came)
            if time.monotonic() > until:
                return "/home"
            time.sleep(_LOOKS)
        return None

    def ended(self, came: str | None) -> None:
        """Keep to which page it led; None where nothing was done."""
        this = (form_sent.c.session == self._session) & (form_sent.c.what == self._what)
        with self._engine.begin() as connection:
            if came:
                connection.execute(update(form_sent).where(this).values(came=came))
            else:
                connection.execute(delete(form_sent).where(this))

    def _first(self) -> bool:
        there = select(web_session.c.fingerprint, literal(self._what)).where(
            web_session.c.fingerprint == self._session
        )
        with self._engine.begin() as connection:
            statement = insert(form_sent).from_select(["session", "what"], there)
            made = statement.on_conflict_do_nothing().returning(form_sent.c.session)
            return connection.execute(made).first() is not None

    def _row(self) -> Select[tuple[str | None]]:
        return select(form_sent.c.came).where(
            form_sent.c.session == self._session, form_sent.c.what == self._what
        )


class Sent(Exception):
    """This very form was sent before.

    Args:
        came: the page to which it led.
    """

    def __init__(self, came: str) -> None:
        super().__init__()
        self.came = came


def begun(scope: Scope, sending: Sending) -> None:
    """Note that a request is the first sending of a form; `Remembering` notes what comes of it."""
    scope["state"][_STATE] = sending


class Remembering:
    """Notes to which page a form led. Pure ASGI.

    Args:
        app: what comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""

        async def answer(message: Message) -> None:
            sending: Sending | None = scope.get("state", {}).pop(_STATE, None)
            if sending is not None and message["type"] == "http.response.start":
                await run_sync(sending.ended, _led_to(message))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            sending: Sending | None = scope.get("state", {}).pop(_STATE, None)
            if sending is not None:
                await run_sync(sending.ended, None)


def _led_to(message: Message) -> str | None:
    """The page to which an answer leads on; what shows a page itself may be sent again."""
    if message["status"] != 303:
        return None
    return next((v.decode("latin-1") for k, v in message["headers"] if k == b"location"), None)
