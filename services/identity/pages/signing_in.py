"""The pages for password and code."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.identity.body import bounded
from services.identity.oidc.asking import Asked
from services.identity.pages.authorizing import come_again, go_on
from services.identity.pages.front import AT, asked_of, front_of
from services.identity.people.locking import Locked
from services.identity.people.signing_in import Wrong
from shared.languages import _, ngettext

Body = Annotated[bytes, Depends(bounded)]

_NOT_RIGHT = _("The e-mail address or the password is not right")
_WRONG_CODE = _("That is not the code, or it was used already. Wait for the next one")


router = APIRouter(include_in_schema=False)


def password_page(
    request: Request,
    asked: Asked | None,
    *,
    email: str = "",
    fault: str = "",
    status: int = 200,
) -> Response:
    """Ask for the password, or offer a link in its place.

    Args:
        request: the browser's.
        asked: the authorization request under way.
        email: what was typed.
        fault: what is wrong with it.
        status: the HTTP status.
    """
    front = front_of(request)
    client = front.clients.find(asked.client_id) if asked else None
    return front.page(
        request,
        "password",
        status,
        asked=asked,
        client=client.name if client else "",
        sealed=front.sealed(asked),
        email=email,
        fault=fault,
        links=front.links.offered,
    )


@router.get(f"{AT}/sign-in")
def begin(request: Request) -> Response:
    """Sign in to the issuer itself, to see one's sign-ins."""
    front = front_of(request)
    present = front.present(request)
    return front.to("/account") if present and present.signed_in else password_page(request, None)


@router.post(f"{AT}/sign-in")
def give_password(request: Request, body: Body) -> Response:
    """Judge the password."""
    front = front_of(request)
    given = front.fields(request, body)
    asked = front.unsealed(request, given.get("asked", ""))
    if not front.genuine(request, given):
        # Another tab took the cookie over meanwhile: nothing is judged, and nothing is lost.
        return come_again(front, request, asked)
    email, password = given.get("email", "").strip()[:320], given.get("password", "")
    if not email or not password:
        fault = _("Type your e-mail address and your password")
        return password_page(request, asked, email=email, fault=fault, status=422)
    try:
        kept = asked.kept() if asked else None
        cookie = front.signing_in.with_password(email, password, front.where(request), kept)
    except Wrong:
        return password_page(request, asked, email=email, fault=_NOT_RIGHT, status=422)
    except Locked as locked:
        return password_page(request, asked, email=email, fault=waiting(locked), status=429)
    response = front.to("/sign-in/code")
    front.set_cookie(response, cookie)
    return response


@router.get(f"{AT}/sign-in/code")
def ask_code(request: Request) -> Response:
    """Ask for the second factor."""
    front = front_of(request)
    present = front.at_stage(request, "password", "link")
    return front.page(request, "code", asked=asked_of(present), fault="")


@router.post(f"{AT}/sign-in/code")
def give_code(request: Request, body: Body) -> Response:
    """Judge the code."""
    front = front_of(request)
    present = front.at_stage(request, "password", "link")
    given = front.form(request, body).get("code", "").strip()[:40]
    asked = asked_of(present)
    if not given:
        return front.page(request, "code", 422, asked=asked, fault=_("Type the code"))
    try:
        cookie = front.signing_in.with_code(present, given, front.where(request))
    except Wrong:
        return front.page(request, "code", 422, asked=asked, fault=_WRONG_CODE)
    except Locked as locked:
        return front.page(request, "code", 429, asked=asked, fault=waiting(locked))
    signed_in = front.sessions.find(cookie)
    if signed_in is None:
        return front.to("/sign-in")
    response = go_on(front, request, signed_in)
    front.set_cookie(response, cookie)
    front.know(request, response, signed_in.account.email)
    return response


def waiting(locked: Locked) -> str:
    """How long to wait, in words."""
    return ngettext(
        "Too many tries did not work. Wait {minutes} minute, then try again",
        "Too many tries did not work. Wait {minutes} minutes, then try again",
        max(locked.minutes, 1),
    ).format(minutes=max(locked.minutes, 1))
