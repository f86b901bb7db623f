"""What stands behind the link in a message to a person: what was agreed, and what they say of it.

No account, no name, no script. Looking changes nothing; each thing that can be said is a form of
its own, and giving a place back is asked twice.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Cookie, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.form_key import form_key
from services.portal.link_forms import form_of, links_of, opened, pages_of
from services.portal.tongues import tongue_of
from shared.tongues import ENGLISH

router = APIRouter(prefix="/visit", include_in_schema=False)

COOKIE = "kersey_visit"
HOME = "/visit"
Session = Annotated[str, Cookie(alias=COOKIE)]

SURE: Mapping[str, tuple[str, str, str]] = {
    "cancel": ("cannot", "sure_cancel", "cannot_button"),
    "stop-sharing": ("sure_stop_title", "sure_stop", "stop"),
}
"""What is asked twice: the words of its heading, of what follows, and of its button."""

ONCE = "not-this-time"
"""That they do not come on one day, and keep their place."""

SAID: Mapping[str, str] = {
    "cancel": "said_cancel",
    ONCE: "said_once",
    "call-me": "said_call_me",
    "stop-sharing": "said_stop",
    "change-sharing": "said_change",
}
"""The words that answer to what the person says."""

PARTS = ("day", "month", "year")
AHEAD = timedelta(days=92)
"""As far ahead as referrals takes it."""

In = Annotated[str, Query(alias="in", max_length=20)]
"""`en` where somebody would rather read English."""


@router.get("/{token}")
async def open_link(token: str, request: Request) -> Response:
    """Exchange the link's token for a cookie and a clean address."""
    if token in SAID:  # one of the forms was reloaded
        return RedirectResponse(HOME, 303)
    try:
        session = await links_of(request).open_visit(token)
    except Refusal as refusal:
        return refused(request, refusal)
    return opened(request, COOKIE, session, at=HOME)


@router.get("")
async def show(request: Request, session: Session = "", asked_in: In = "") -> Response:
    """What was agreed, when and where."""
    try:
        return _page(request, "visit/visit", await _shown(request, session, asked_in))
    except Refusal as refusal:
        return refused(request, refusal)


@router.post("/{said}")
async def say(said: str, request: Request, session: Session = "", asked_in: In = "") -> Response:
    """Say that they cannot come, would like a call, or want less or nothing shared."""
    if said not in SAID:
        return refused(request, Refusal(404, reason="unknown-link"))
    try:
        form = await form_of(request, session)
        shown = await _shown(request, session, asked_in)
        words = shown["words"]
        day = None
        if said == ONCE:
            day, fault = _day(form, request.app.state.settings.timezone)
            if day is None:
                asked = {
                    "fault": words["once_wrong"] if fault else "",
                    "typed": _typed(form, shown),
                }
                return _page(request, "visit/once", shown | asked, 422 if fault else 200)
        if said in SURE and form.get("sure") != "yes":
            heading, follows, button = (words[each] for each in SURE[said])
            asked = {"said": said, "heading": heading, "follows": follows, "button_words": button}
            return _page(request, "visit/sure", shown | asked)
        await links_of(request).say(session, said, day)
    except Refusal as refusal:
        return refused(request, refusal)
    answered = {"answer": words[SAID[said]], "over": said == "cancel"}
    return _page(request, "visit/said", shown | answered)


async def _shown(request: Request, session: str, asked_in: str) -> dict[str, Any]:
    """What the page shows, in the person's words.

    Raises:
        Refusal: the link is closed, or nobody can say now.
    """
    if not session:
        raise Refusal(401, reason="no-session")
    visit = await links_of(request).visit(session)
    theirs = tongue_of(str(visit.get("language") or ENGLISH), easy_read=bool(visit["easy_read"]))
    tongue = tongue_of(ENGLISH) if asked_in == ENGLISH else theirs
    zone = ZoneInfo(request.app.state.settings.timezone)
    starts = visit.get("starts")
    when = datetime.fromisoformat(starts).astimezone(zone) if starts else None
    return {
        "visit": visit,
        "words": tongue.words,
        "tongue": tongue,
        "unchecked": not tongue.checked_by,
        "other": theirs if tongue is not theirs else None,
        # What was chosen holds for what follows from this page.
        "kept": f"?in={ENGLISH}" if asked_in == ENGLISH else "",
        "starts": when,
        "day": tongue.on(when) if when else "",
        "time": tongue.at(when) if when else "",
        "shared": [
            tongue.items.get(each, each.replace("-", " ")) for each in visit.get("sharing") or ()
        ],
        "company": tongue.company.get(str(visit.get("company") or ""), ""),
        "may": visit.get("may") or (),
        "key": form_key(session),
    }


def _day(form: FormData, timezone: str) -> tuple[date | None, bool]:
    """The day that was typed, and whether one was typed that cannot be."""
    if form.get("sure") != "yes":
        return None, False
    today = datetime.now(ZoneInfo(timezone)).date()
    try:
        day = date(*(int(str(form.get(part) or "").strip()) for part in reversed(PARTS)))
    except ValueError:
        return None, True
    return (day, False) if today <= day <= today + AHEAD else (None, True)


def _typed(form: FormData, shown: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields: what was typed, else the day of the first visit."""
    starts: datetime | None = shown["starts"]
    if form.get("sure") == "yes" or starts is None:
        return {part: str(form.get(part) or "")[:10] for part in PARTS}
    return {part: str(getattr(starts, part)) for part in PARTS}


def _page(request: Request, template: str, shown: dict[str, Any], status: int = 200) -> Response:
    tongue = shown["tongue"]
    return pages_of(request).page(
        template, status, **shown, lang=tongue.lang, direction=tongue.direction
    )


def refused(request: Request, refusal: Refusal) -> Response:
    """The page for what does not work, in kind words."""
    return pages_of(request).page("visit/refused", refusal.status, refusal=refusal)
