"""Who is at a page: every page of the staff asks here first."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.sign_in.issuer import IssuerUnreachable
from services.portal.sign_in.sessions import Sessions, SignedIn

LONGEST_PATH = 500
MOST_FIELDS = 200


class SignInNeeded(Exception):
    """Nobody is signed in any more.

    Args:
        back: the page that was asked for, to come back to.
        kept: what was typed into a form meanwhile.
    """

    def __init__(self, back: str, kept: list[tuple[str, str]] | None = None) -> None:
        super().__init__()
        self.back = back
        self.kept = kept


class SendAgain(Exception):
    """A form came from no page of this session: it is shown, and sent only by whoever sees it.

    Args:
        signed_in: who would send it.
        kept: its fields.
    """

    def __init__(self, signed_in: SignedIn, kept: list[tuple[str, str]]) -> None:
        super().__init__()
        self.signed_in = signed_in
        self.kept = kept


def cookie_name(*, secure: bool) -> str:
    """The session cookie's name; over https one that no other host can set (RFC 6265bis, 4.1.3)."""
    return "__Host-kersey" if secure else "kersey_session"


def local(path: str | None, otherwise: str = "/home") -> str:
    """A path on these pages to which somebody may be sent; another host's address is none."""
    if not path or len(path) > LONGEST_PATH or not path.startswith("/") or not path.isprintable():
        return otherwise
    parts = urlsplit(path.replace("\\", "/"))
    if parts.scheme or parts.netloc or path[1:2] in ("/", "\\"):
        return otherwise
    return path


async def signed_in(request: Request) -> SignedIn:
    """Who asks for a page: a dependency of every page of the staff.

    Raises:
        SignInNeeded: nobody is signed in.
        Refusal: the issuer cannot be reached, so nothing can be asked on anybody's behalf.
    """
    found = await _found(request)
    if found is None:
        kept = await _fields(request) if request.method == "POST" else None
        raise SignInNeeded(_back(request), kept)
    request.state.signed_in = found
    return found


async def form_of(request: Request, signed_in: SignedIn) -> FormData:
    """The form that was sent from one of this session's pages.

    Raises:
        SendAgain: from another page: of the session before, or of another site.
    """
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    if not signed_in.sent(form.get("key")):
        raise SendAgain(signed_in, _kept(form))
    return form


async def _found(request: Request) -> SignedIn | None:
    secret = request.cookies.get(cookie_name(secure=request.app.state.secure), "")
    sessions: Sessions | None = request.app.state.sessions
    if not secret or sessions is None:
        return None
    with reaching():
        return await run_sync(sessions.of, secret)


@contextmanager
def reaching() -> Iterator[None]:
    """Say in words that the issuer cannot be reached.

    Raises:
        Refusal: it cannot.
    """
    try:
        yield
    except IssuerUnreachable as error:
        raise Refusal(503, reason="sign-in") from error


def _back(request: Request) -> str:
    """Where to come back to: the page itself, or the one whose form was sent."""
    if request.method == "GET":
        return local(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    return local(request.url.path)


async def _fields(request: Request) -> list[tuple[str, str]]:
    return _kept(await request.form(max_files=0, max_fields=MOST_FIELDS))


def _kept(form: FormData) -> list[tuple[str, str]]:
    pairs: list[tuple[str, Any]] = form.multi_items()
    return [(name, value) for name, value in pairs if isinstance(value, str) and name != "key"]
