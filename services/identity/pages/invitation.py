"""The pages for taking up an invitation: password, app."""

import io
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from services.identity.body import bounded
from services.identity.pages.front import AT, front_of
from services.identity.people.enrolling import Over
from services.identity.people.passwords import SHORTEST, TooWeak
from services.identity.people.second_factor import address
from services.identity.people.sessions import Present
from services.identity.people.signing_in import Wrong
from shared.languages import _

Body = Annotated[bytes, Depends(bounded)]


router = APIRouter(include_in_schema=False)


def _over(request: Request) -> Response:
    front = front_of(request)
    return front.page(request, "invitation-over", 410)


def _password_page(request: Request, present: Present, faults: dict[str, str]) -> Response:
    front = front_of(request)
    return front.page(
        request,
        "choose-password",
        422 if faults else 200,
        email=present.account.email,
        shortest=SHORTEST,
        without=front.enrolling.may_go_without(present),
        faults=faults,
    )


def _app_page(request: Request, present: Present, fault: str = "") -> Response:
    front = front_of(request)
    secret = front.enrolling.secret(present)
    named = address(secret, account=present.account.email, brand=front.settings.brand)
    return front.page(
        request,
        "app",
        422 if fault else 200,
        drawing=_drawn(named),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        fault=fault,
    )


@router.get(f"{AT}/invitation")
def begin(request: Request) -> Response:
    """Ask for a password."""
    front = front_of(request)
    return _password_page(request, front.at_stage(request, "invited", "enrolling"), {})


@router.post(f"{AT}/invitation")
def give_password(request: Request, body: Body) -> Response:
    """Take the password."""
    front = front_of(request)
    present = front.at_stage(request, "invited", "enrolling")
    given = front.form(request, body)
    password = given.get("password", "")
    faults: dict[str, str] = {}
    if password != given.get("again", ""):
        faults["again"] = _("Type the same password twice")
    else:
        try:
            front.enrolling.choose_password(present, password)
        except TooWeak as weak:
            faults["password"] = str(weak)
        except Over:
            return _over(request)
    return _password_page(request, present, faults) if faults else front.to("/invitation/app")


@router.post(f"{AT}/invitation/no-password")
def go_without(request: Request, body: Body) -> Response:
    """Take that somebody wants no password, and a link each time they sign in."""
    front = front_of(request)
    present = front.at_stage(request, "invited", "enrolling")
    front.form(request, body)
    try:
        front.enrolling.go_without(present)
    except Over:
        return _over(request)
    return front.to("/invitation/app")


@router.get(f"{AT}/invitation/app")
def ask_app(request: Request) -> Response:
    """Show what the app is to read."""
    front = front_of(request)
    return _app_page(request, front.at_stage(request, "enrolling"))


@router.post(f"{AT}/invitation/app")
def give_code(request: Request, body: Body) -> Response:
    """Take the app's first code, and set both factors."""
    front = front_of(request)
    present = front.at_stage(request, "enrolling")
    code = front.form(request, body).get("code", "").strip()[:40]
    try:
        cookie = front.enrolling.confirm(present, code, front.where(request))
    except Wrong:
        return _app_page(request, present, _("That is not the code. Type the one shown now"))
    except Over:
        return _over(request)
    response = front.to("/account/recovery-codes")
    front.set_cookie(response, cookie)
    front.know(request, response, present.account.email)
    return response


@router.get(f"{AT}/invitation/{{token}}")
def open_link(token: str, request: Request) -> Response:
    """Exchange the link's token for a cookie and a clean address; it is not used up by it."""
    front = front_of(request)
    try:
        cookie = front.enrolling.opened(token)
    except Over:
        return _over(request)
    response = front.to("/invitation")
    front.set_cookie(response, cookie)
    return response


def _drawn(text: str) -> Markup:
    """A QR code as an element of the page: no other address is asked for it, and no style."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn,
        kind="svg",
        scale=5,
        border=4,
        light="#fff",
        xmldecl=False,
        svgns=False,
        title=str(_("QR code for your app")),
        svgclass="kersey-qr",
        lineclass=None,
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here, of squares
