"""Links and forms of pages for people without an account."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.portal.answer_links import AnswerLinks, Refusal
from services.portal.form_key import is_form_key
from services.portal.typed import form_sent, unwrapped
from shared.pages import Pages


def links_of(request: Request) -> AnswerLinks:
    """What knows the links of the app that answers."""
    links: AnswerLinks = request.app.state.links
    return links


def pages_of(request: Request) -> Pages:
    """What renders the pages of the app that answers."""
    pages: Pages = request.app.state.pages
    return pages


def opened(request: Request, cookie: str, session: str, *, at: str) -> Response:
    """Lead to a clean address, with a cookie in place of the link's token.

    Args:
        request: the link that was opened.
        cookie: its name.
        session: its value, for which the token was exchanged.
        at: the address, and the only ones below it at which the cookie is sent.
    """
    response = RedirectResponse(at, 303)
    response.set_cookie(
        cookie,
        session,
        path=at,
        httponly=True,
        samesite="lax",
        secure=request.app.state.secure,
    )
    return response


async def form_of(request: Request, session: str) -> FormData:
    """The form, if it has the key of this browser's session.

    Args:
        request: what was sent.
        session: of the cookie; empty where there is none.

    Raises:
        Refusal: it has not: another page sent it, or the session is over.
    """
    form = await form_sent(request, 20)
    if not session or not is_form_key(form.get("key"), session):
        raise Refusal(401 if not session else 403, reason="no-session")
    return form


def text_of(form: FormData, name: str) -> str:
    """What was typed into a field; empty where there is none, or a file."""
    value = form.get(name)
    return unwrapped(value) if isinstance(value, str) else ""
