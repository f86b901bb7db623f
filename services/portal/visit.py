"""What stands behind the link in a message to a person: what was agreed, and what they say of it.

No account, no name, no script. Looking changes nothing; each thing that can be said is a form of
its own, and giving a place back is asked twice.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.answer_links import AnswerLinks, Refusal
from services.portal.form_key import form_key
from services.portal.link_forms import form_of, opened
from services.portal.times import LOCALE
from shared.pages import Pages

router = APIRouter(prefix="/visit", include_in_schema=False)

COOKIE = "kersey_visit"
HOME = "/visit"
Session = Annotated[str, Cookie(alias=COOKIE)]

ITEMS: Mapping[str, str] = {
    "name": "your name",
    "phone": "your phone number",
    "email": "your e-mail address",
    "address": "your address",
    "birth-date": "your date of birth",
    "language": "your language",
    "access-needs": "what you need to take part",
    "carer": "who helps you",
}
"""What a service may know, in the person's words."""

SURE: Mapping[str, tuple[str, str, str]] = {
    "cancel": (
        "You cannot come?",
        "They may give your place to somebody else. Your link worker will get in touch with you.",
        "I cannot come",
    ),
    "stop-sharing": (
        "Stop sharing?",
        "They cannot see anything about you here then. We ask them to delete what they have.",
        "Stop sharing",
    ),
}
"""What is asked twice: its heading, what follows, and its button."""

SAID: Mapping[str, str] = {
    "cancel": "Your place was given back. Your link worker will get in touch with you.",
    "call-me": "Your link worker will call you.",
    "stop-sharing": "They cannot see anything about you any more. Your link worker knows.",
    "change-sharing": "Your link worker will call you and talk about it.",
}
"""What is answered to what the person says."""


@router.get("/{token}")
async def open_link(token: str, request: Request) -> Response:
    """Exchange the link's token for a cookie and a clean address."""
    if token in SAID:  # one of the forms was reloaded
        return RedirectResponse(HOME, 303)
    try:
        session = await _links(request).open_visit(token)
    except Refusal as refusal:
        return refused(request, refusal)
    return opened(request, COOKIE, session, at=HOME)


@router.get("")
async def show(request: Request, session: Session = "") -> Response:
    """What was agreed, when and where."""
    try:
        return _pages(request).page("visit/visit", **await _shown(request, session))
    except Refusal as refusal:
        return refused(request, refusal)


@router.post("/{said}")
async def say(said: str, request: Request, session: Session = "") -> Response:
    """Say that they cannot come, would like a call, or want less or nothing shared."""
    if said not in SAID:
        return refused(request, Refusal(404, reason="unknown-link"))
    try:
        form = await form_of(request, session)
        if said in SURE and form.get("sure") != "yes":
            shown = await _shown(request, session)
            heading, follows, button = SURE[said]
            return _pages(request).page(
                "visit/sure",
                **shown,
                said=said,
                heading=heading,
                follows=follows,
                button_words=button,
            )
        await _links(request).say(session, said)
    except Refusal as refusal:
        return refused(request, refusal)
    return _pages(request).page("visit/said", words=SAID[said], over=said == "cancel")


async def _shown(request: Request, session: str) -> dict[str, Any]:
    if not session:
        raise Refusal(401, reason="no-session")
    visit = await _links(request).visit(session)
    zone = ZoneInfo(request.app.state.settings.timezone)
    starts = visit.get("starts")
    when = datetime.fromisoformat(starts).astimezone(zone) if starts else None
    return {
        "visit": visit,
        "day": format_date(when, "EEEE d MMMM", locale=LOCALE) if when else "",
        "time": format_time(when, "h:mma", tzinfo=zone, locale=LOCALE) if when else "",
        "shared": [ITEMS.get(each, each.replace("-", " ")) for each in visit.get("sharing") or ()],
        "may": visit.get("may") or (),
        "key": form_key(session),
    }


def refused(request: Request, refusal: Refusal) -> Response:
    """The page for what does not work, in kind words."""
    return _pages(request).page("visit/refused", refusal.status, refusal=refusal)


def _links(request: Request) -> AnswerLinks:
    links: AnswerLinks = request.app.state.links
    return links


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
