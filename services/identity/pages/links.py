"""The pages for signing in by a link: ask for it, and open it.

Opening the link shows a button: whoever looks into mails for its owner follows links, and presses
nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.identity.body import bounded
from services.identity.pages.authorizing import come_again
from services.identity.pages.front import AT, front_of
from services.identity.pages.signing_in import password_page, waiting
from services.identity.people.links import LASTS, LinkOver
from services.identity.people.locking import Locked
from shared.languages import _

Body = Annotated[bytes, Depends(bounded)]

router = APIRouter(include_in_schema=False)


@router.post(f"{AT}/sign-in/link")
def ask(request: Request, body: Body) -> Response:
    """Send a link, if the address may sign in by one; the answer is the same for all."""
    front = front_of(request)
    given = front.fields(request, body)
    asked = front.unsealed(request, given.get("asked", ""))
    if not front.genuine(request, given):
        return come_again(front, request, asked)
    email = given.get("email", "").strip()[:320]
    if not email:
        fault = _("Type your e-mail address")
        return password_page(request, asked, fault=fault, status=422)
    kept = asked.kept() if asked else None
    try:
        front.links.ask(email, front.cookie(request), front.where(request), kept)
    except Locked as locked:
        return password_page(request, asked, email=email, fault=waiting(locked), status=429)
    return front.to("/sign-in/link")


@router.get(f"{AT}/sign-in/link")
def asked_for(request: Request) -> Response:
    """Where to look now."""
    return front_of(request).page(request, "link-sent", minutes=_minutes())


@router.get(f"{AT}/sign-in/link/{{token}}")
def look(token: str, request: Request) -> Response:
    """A button; the link is used up by it, and not by being looked at."""
    front = front_of(request)
    if not front.links.stands(token):
        return front.page(request, "link-over", 410)
    return front.page(request, "link", token=token)


@router.post(f"{AT}/sign-in/link/{{token}}")
def use(token: str, request: Request, body: Body) -> Response:
    """Go on to the code."""
    front = front_of(request)
    front.form(request, body)
    try:
        cookie = front.links.use(token, front.cookie(request))
    except LinkOver:
        return front.page(request, "link-over", 410)
    response = front.to("/sign-in/code")
    front.set_cookie(response, cookie)
    return response


def _minutes() -> int:
    return int(LASTS.total_seconds() // 60)
