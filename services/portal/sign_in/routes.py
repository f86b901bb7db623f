"""The way in and out: to the issuer and back, and signing out."""

import json
from datetime import timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from cryptography.fernet import InvalidToken, MultiFernet
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.answer_links import Refusal
from services.portal.settings import session_cipher
from services.portal.sign_in.doorkeeper import (
    NotTheirs,
    SendAgain,
    SignInNeeded,
    cookie_name,
    form_of,
    local,
    reaching,
    signed_in,
)
from services.portal.sign_in.issuer import Begun, Issuer, SignInRefused
from services.portal.sign_in.sessions import Sessions, SignedIn
from services.portal.sign_in.whose import Whose
from services.portal.staff.swapping import VARIES, swaps
from shared.pages import Pages

router = APIRouter(include_in_schema=False)

BEGUN = "kersey_signing_in"
BEGUN_LASTS = timedelta(minutes=15)
"""As long as somebody may take to type a password and a code."""


@router.get("/sign-in")
async def sign_in(request: Request, back: str | None = None, *, prove: bool = False) -> Response:
    """Go to the issuer. What must come back is kept in a cookie, encrypted.

    With `prove` the issuer asks for both factors even of whoever is signed in there.
    """
    issuer: Issuer = request.app.state.issuer
    if request.app.state.sessions is None:
        raise Refusal(503, reason="sign-in")
    with reaching():
        begun = await run_sync(partial(issuer.begin, prove=prove))
    kept = {"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier}
    sealed = _cipher(request).encrypt(json.dumps(kept | {"back": local(back)}).encode())
    response = RedirectResponse(begun.url, 303)
    response.set_cookie(
        BEGUN,
        sealed.decode(),
        max_age=int(BEGUN_LASTS.total_seconds()),
        path="/signed-in",
        httponly=True,
        samesite="lax",
        secure=request.app.state.secure,
    )
    response.headers["cache-control"] = "no-store"
    return response


@router.get("/signed-in")
async def arrived(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
    """Come back from the issuer with a code, and begin a session."""
    begun, back = _begun(request)
    if begun is None or state != begun.state:
        return _pages(request).page("sign_in/again", 400, back=back)
    if error or not code:
        return _pages(request).page("sign_in/again", 403, back=back, stopped=True)
    issuer: Issuer = request.app.state.issuer
    sessions: Sessions = request.app.state.sessions
    try:
        with reaching():
            granted = await run_sync(issuer.exchange, code, begun)
    except SignInRefused:
        return _pages(request).page("sign_in/again", 403, back=back)
    secure = request.app.state.secure
    before = request.cookies.get(cookie_name(secure=secure), "")
    secret = await run_sync(sessions.begin, granted, before)
    response = RedirectResponse(back, 303)
    response.set_cookie(
        cookie_name(secure=secure), secret, path="/", httponly=True, samesite="lax", secure=secure
    )
    response.delete_cookie(BEGUN, path="/signed-in")
    response.headers["cache-control"] = "no-store"
    return response


@router.post("/sign-out")
async def sign_out(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Response:
    """End the session here, its tokens, and the sign-in at the issuer."""
    await form_of(request, who)
    issuer: Issuer = request.app.state.issuer
    sessions: Sessions = request.app.state.sessions
    granted = await run_sync(sessions.end, who.secret)
    after = await run_sync(issuer.leave, granted) if granted else "/signed-out"
    response = RedirectResponse(after, 303)
    secure = request.app.state.secure
    # Without Secure, browsers take nothing of a cookie whose name begins with `__Host-`.
    response.delete_cookie(cookie_name(secure=secure), path="/", secure=secure)
    return response


@router.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """Nobody is signed in here any more; whoever signed out at the issuer is led here too."""
    sessions: Sessions = request.app.state.sessions
    secret = request.cookies.get(cookie_name(secure=request.app.state.secure), "")
    if secret:
        await run_sync(sessions.ask_anew_of, secret)
    return _pages(request).page("sign_in/out")


def sign_in_page(request: Request, needed: SignInNeeded) -> Response:
    """Where somebody goes who is not signed in; a form that was sent is kept on the page."""
    if not needed.sealed:
        sign_in = f"/sign-in?{urlencode({'back': needed.back})}"
        if swaps(request):  # the sign-in is a page, and no part of one
            return Response(status_code=204, headers={"HX-Redirect": sign_in, **VARIES})
        return RedirectResponse(sign_in, 303)
    return _pages(request).page(
        "sign_in/ended", 401, action=needed.back, needed=needed, sign_in="/sign-in?back=/home"
    )


def send_again_page(request: Request, again: SendAgain) -> Response:
    """The form once more, to be looked at and sent by whoever typed it."""
    return _pages(request).page(
        "sign_in/send_again",
        409,
        action=request.url.path,
        kept=again.kept,
        who=again.signed_in,
    )


def prove_page(request: Request) -> Response:
    """That whoever is signed in has to prove it once more; what they sent is kept on the page."""
    who: SignedIn = request.state.signed_in
    posted, typed = request.method == "POST", getattr(request.state, "typed", None)
    whose: Whose = request.app.state.whose
    back = {"back": "/emergency" if posted else local(request.url.path), "prove": "true"}
    return _pages(request).page(
        "sign_in/prove",
        401,
        who=who,
        action=request.url.path,
        sign_in=f"/sign-in?{urlencode(back)}",
        sealed=whose.sealed(typed) if posted and typed is not None else "",
        mark=who.mark,
    )


def not_theirs_page(request: Request, not_theirs: NotTheirs) -> Response:
    """That nothing was sent, and nothing of it is shown."""
    return _pages(request).page("sign_in/not_theirs", 403, who=not_theirs.signed_in)


def _begun(request: Request) -> tuple[Begun | None, str]:
    try:
        sealed = request.cookies.get(BEGUN, "").encode()
        lasts = int(BEGUN_LASTS.total_seconds())
        kept = json.loads(_cipher(request).decrypt(sealed, ttl=lasts))
    except (InvalidToken, ValueError):
        return None, "/home"
    return Begun("", kept["state"], kept["nonce"], kept["verifier"]), local(kept["back"])


def _cipher(request: Request) -> MultiFernet:
    return session_cipher(request.app.state.settings.session_key)


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
