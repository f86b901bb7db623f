"""Who is at a page: every page of the staff asks here first."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.sign_in.issuer import IssuerUnreachable
from services.portal.sign_in.once import Sending, Sent, begun
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.sign_in.whose import Fields, Whose, marked
from services.portal.typed import form_sent

LONGEST_PATH = 500
MOST_FIELDS = 200
SEALED = "sealed"
"""The field of what was typed before a sign-in ended."""

OURS = ("key", "form_number", SEALED)
"""Fields of every form, which nobody types into."""


class SignInNeeded(Exception):
    """Nobody is signed in any more.

    Args:
        back: the page that was asked for, to come back to.
        sealed: what was typed into a form meanwhile; see `whose`.
        mark: of whoever the form was for.
    """

    def __init__(self, back: str, sealed: str = "", mark: str = "") -> None:
        super().__init__()
        self.back = back
        self.sealed = sealed
        self.mark = mark


class SendAgain(Exception):
    """A form is of a session before this one: it is shown, and sent only by whoever sees it.

    Args:
        signed_in: who typed it, and would send it.
        kept: its fields.
    """

    def __init__(self, signed_in: SignedIn, kept: Fields) -> None:
        super().__init__()
        self.signed_in = signed_in
        self.kept = kept


class NotTheirs(Exception):
    """A form is of nobody who is signed in here: of another site, or somebody else's.

    Args:
        signed_in: who sent it, and is not shown what is in it.
    """

    def __init__(self, signed_in: SignedIn) -> None:
        super().__init__()
        self.signed_in = signed_in


def cookie_name(*, secure: bool) -> str:
    """The session cookie's name; over https one that no other host can set (RFC 6265bis, 4.1.3)."""
    return "__Host-kersey" if secure else "kersey_session"


def local(path: str | None, otherwise: str = "/home") -> str:
    """A path on these pages to which somebody may be sent; another host's address is none."""
    if not path or len(path) > LONGEST_PATH or not path.startswith("/") or not path.isprintable():
        return otherwise
    # First of all: what looks like a host there, and is none, `urlsplit` does not read.
    if path[1:2] in ("/", "\\"):
        return otherwise
    parts = urlsplit(path.replace("\\", "/"))
    if parts.scheme or parts.netloc:
        return otherwise
    return path


async def signed_in(request: Request) -> SignedIn:
    """Who asks for a page: a dependency of every page of the staff.

    Raises:
        SignInNeeded: nobody is signed in.
        Refusal: the issuer cannot be reached, so nothing can be asked on anybody's behalf.
    """
    try:
        found = await _found(request)
    except Refusal:
        request.state.kept = await _needed(request)
        raise
    if found is None:
        raise await _needed(request)
    request.state.signed_in = found
    return found


async def still_signed_in(request: Request) -> SignedIn | None:
    """Who is signed in, for what a page's script asks by itself: no use of the session."""
    try:
        return await _found(request, used=False)
    except Refusal:
        return None


async def form_of(request: Request, signed_in: SignedIn) -> FormData:
    """The form that was sent from one of this session's pages, if it was not sent before.

    Raises:
        SendAgain: from a page of a session before, of the same person.
        NotTheirs: from a page of another site, or of another person.
        Sent: it was sent before, by a second press of the button or from a page gone back to.
    """
    form = await form_sent(request, MOST_FIELDS)
    if not signed_in.sent(form.get("key")):
        whose: Whose = request.app.state.whose
        kept = _typed(form, whose)
        if kept is None or not whose.is_mark(marked(form.get("key")), signed_in.granted.account):
            raise NotTheirs(signed_in)
        raise SendAgain(signed_in, kept)
    request.state.typed = _texts(form)
    number = form.get("form_number")
    if isinstance(number, str) and number:
        said = [("", request.url.path), *request.state.typed]
        sending = Sending(request.app.state.engine, signed_in.fingerprint, number, said)
        came = await run_sync(sending.begin)
        if came is not None:
            raise Sent(came)
        begun(request.scope, sending)
    return form


async def _needed(request: Request) -> SignInNeeded:
    """What was typed is kept in the page if the form was one of ours, for whoever it was for."""
    back = _back(request)
    whose: Whose | None = request.app.state.whose
    if request.method != "POST" or whose is None:
        return SignInNeeded(back)
    form = await form_sent(request, MOST_FIELDS)
    mark, kept = marked(form.get("key")), _typed(form, whose)
    if not mark or kept is None:
        return SignInNeeded(back)
    return SignInNeeded(back, whose.sealed(kept), mark)


async def _found(request: Request, *, used: bool = True) -> SignedIn | None:
    secret = request.cookies.get(cookie_name(secure=request.app.state.secure), "")
    sessions: Sessions | None = request.app.state.sessions
    if not secret or sessions is None:
        return None
    with reaching():
        return await run_sync(partial(sessions.of, secret, used=used))


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


def _typed(form: FormData, whose: Whose) -> Fields | None:
    """What was typed into a form, or into the one that it brings along; None if that is no more."""
    sealed = form.get(SEALED)
    return whose.opened(sealed) if isinstance(sealed, str) else _texts(form)


def _texts(form: FormData) -> Fields:
    pairs = form.multi_items()
    return [(name, text) for name, text in pairs if isinstance(text, str) and name not in OURS]
