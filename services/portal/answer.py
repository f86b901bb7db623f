"""What stands behind an answer link: pages for a small group that has no account (care 6).

Every page works without scripts and without the style sheet. Looking never changes anything: an
answer, a code and a name each need a form, sent with a key that only this browser has.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from services.portal import first_meeting
from services.portal.answer_codes import CodeFor, code_fault, code_in, code_page
from services.portal.answer_links import Refusal
from services.portal.form_key import form_key
from services.portal.front_door.words import access, need_as_said
from services.portal.link_forms import form_of, links_of, opened, pages_of, text_of
from services.portal.register.sheet import MARKS
from services.portal.times import times_at
from services.portal.typed import Mistyped, check_note, day_of, visible
from shared.languages import _
from shared.pages import Pages

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]
Session = Annotated[str, Cookie(alias="kersey_answer")]

COOKIE = "kersey_answer"
HOME = "/answer"
FOR_NAME = CodeFor(f"{HOME}/code", f"{HOME}/who", _("See who it is"), HOME)

REASONS: Mapping[str, str] = {
    "full": _("We are full"),
    "not-suitable": _("This is not right for the person"),
    "outside-area": _("They live too far away"),
    "outside-criteria": _("They are not in the group of people we can help"),
    "cannot-meet-access-need": _("We cannot meet an access need"),
    "closed": _("We are closed or taking a break"),
    "other": _("Another reason"),
}
"""Why a provider says no: the referral's codes, in plain words."""

STEPS: Mapping[str, str] = {
    "start": _("They have started"),
    "attend": _("They came to a session"),
    "complete": _("They have finished"),
    "not-attended": _("They never came, and we no longer expect them"),
    "end-early": _("They stopped before the end"),
}
"""How it goes: the referral's codes, in plain words."""

DECISIONS = ("accept", "waiting-list", "decline")
ANSWERED = {"accept": "yes", "waiting-list": "waiting", "decline": "no"}
"""What the page is about after each; see `stage_of`."""

NEXT_STEPS = {
    "start": "started",
    "complete": "completed",
    "not-attended": "did-not-come",
    "end-early": "person-ended-early",
}
"""What is told of the whole, and the businessStatus that it leads to. Who came when is told day by
day: see `answer_attendance`."""

ON_REGISTER = frozenset({"selected", "started", "attended", "completed", "person-ended-early"})
"""The businessStatus of a request of which it can be noted who came."""
MARKED = ("marked_day", "marked_month", "marked_year")
"""The fields of the day that is noted."""

HEARS: Mapping[str, str] = {
    "message": _("We send the person a message about it."),
    "team": _("We ask the link worker to tell the person."),
    "nobody": _(
        "Nobody tells the person of it yet. Please agree with the link worker how they hear of it."
    ),
}
"""Who tells the person when they are expected, as the service that would send a message says."""

DONE: Mapping[str, str] = {
    "noted": _("Thank you. We have noted that."),
    "replaced": _("Thank you. That takes the place of what was noted for this day before."),
    "meeting": _("Thank you. We have noted the day."),
}
"""What is said after something was done."""

FIELDS: Mapping[str, str] = {
    "decision": "decision",
    "reason": "reason",
    "note": "note",
    "action": "action",
    "date": "day",
    "starts": first_meeting.TIME,
}
"""Where the page asks for what an answer or a report has."""


@router.get("/answer/{token}")
async def open_link(token: str, request: Request) -> Response:
    """Exchange the link's token for a cookie and a clean address; an answer is not given here."""
    if token in ("no", "code", "who", "progress", "attendance", "meeting", "messages"):
        return RedirectResponse(HOME, 303)
    session = await links_of(request).exchange(token)
    return opened(request, COOKIE, session, at=HOME)


@router.get("/answer")
async def show(request: Request, session: Session = "", done: str = "") -> Response:
    """The request without a name, and the answer to give or what became of it."""
    values = await shown(request, session, await view_of(request, session))
    return pages_of(request).page("answer/request", **values, said=DONE.get(done, ""))


@router.post("/answer")
async def give(request: Request, session: Session = "") -> Response:
    """Take the answer."""
    form = await form_of(request, session)
    given = {name: text_of(form, name) for name in ("decision", "reason", "note")}
    return await _answered(request, session, given)


@router.post("/answer/no")
async def say_no(request: Request, session: Session = "") -> Response:
    """Take a no by the button that says why: two presses from the mail are enough."""
    form = await form_of(request, session)
    given = {"decision": "decline", "reason": text_of(form, "reason"), "note": ""}
    return await _answered(request, session, given)


async def _answered(request: Request, session: str, given: dict[str, str]) -> Response:
    faults: dict[str, str] = {}
    if given["decision"] not in DECISIONS:
        faults["decision"] = _("Choose yes, waiting list or no")
    elif given["decision"] == "decline" and given["reason"] not in REASONS:
        faults["reason"] = _("Choose why you cannot help this time")
    try:
        check_note(given["note"])
    except Mistyped as mistyped:
        faults["note"] = str(mistyped)
        given["note"] = visible(given["note"])
    if not faults:
        answer = {"decision": given["decision"]}
        if given["decision"] == "decline":
            answer["reason"] = given["reason"]
        if given["note"]:
            answer["note"] = given["note"]
        try:
            await links_of(request).answer(session, answer)
            return RedirectResponse(HOME, 303)
        except Refusal as refusal:
            if await _stands(request, session, refusal, ANSWERED[given["decision"]]):
                return RedirectResponse(HOME, 303)
            faults = at_its_part(refusal)
    return await asked_again(request, session, given, faults)


@router.post("/answer/code")
async def ask_for_code(request: Request, session: Session = "") -> Response:
    """Have a code sent, and show where to type it."""
    await form_of(request, session)
    await links_of(request).send_code(session)
    return code_page(request, session, FOR_NAME)


@router.post("/answer/who")
async def who(request: Request, session: Session = "") -> Response:
    """Show who it is to whoever has the code; the look is recorded."""
    form = await form_of(request, session)
    try:
        code = code_in(form) if "code" in form else None
        person = await links_of(request).identity(session, code)
    except Refusal as refusal:
        return code_page(request, session, FOR_NAME, fault=code_fault(refusal))
    values = await shown(request, session, await view_of(request, session))
    return pages_of(request).page("answer/who", **values, person=person)


@router.post("/answer/progress")
async def progress(request: Request, session: Session = "") -> Response:
    """Record how it goes."""
    form = await form_of(request, session)
    given = {name: text_of(form, name) for name in ("action", "day", "month", "year")}
    faults: dict[str, str] = {}
    if given["action"] not in NEXT_STEPS:
        faults["action"] = _("Choose what happened")
    try:
        when = day_of(given, times_at(request).today)
        if not faults:
            told = {"action": given["action"], "date": when.isoformat()}
            await links_of(request).progress(session, told)
            return noted("noted")
    except Mistyped as mistyped:
        faults["day"] = str(mistyped)
    except Refusal as refusal:
        if await _stands(request, session, refusal, NEXT_STEPS[given["action"]]):
            return noted("noted")
        faults = at_its_part(refusal)
    return await asked_again(request, session, given, faults)


@router.post("/answer/meeting")
async def meeting(request: Request, session: Session = "") -> Response:
    """Say when the person is expected first, or another day than before."""
    form = await form_of(request, session)
    given = {name: text_of(form, name) for name in first_meeting.FIELDS}
    zone = ZoneInfo(request.app.state.settings.timezone)
    when, faults = first_meeting.starts(given, zone, datetime.now(UTC))
    if when is not None:
        try:
            await links_of(request).meeting(session, when.isoformat())
            return noted("meeting")
        except Refusal as refusal:
            faults = at_its_part(refusal)
    return await asked_again(request, session, given, faults)


def noted(what: str) -> Response:
    """Back to the request, which says what was noted: going back or loading it anew sends nothing.

    Args:
        what: one of `DONE`.
    """
    return RedirectResponse(f"{HOME}?done={what}", 303)


async def _stands(request: Request, session: str, refusal: Refusal, wanted: str) -> bool:
    """Whether a form came too late because it was sent before: what it wants stands already."""
    if refusal.status != 409:
        return False
    view = await view_of(request, session)
    return wanted in (stage_of(view), view.get("business_status"))


def refusal_page(pages: Pages, refusal: Refusal) -> Response:
    """The page for what does not work, in kind words."""
    return pages.page("answer/refused", refusal.status, refusal=refusal)


async def view_of(request: Request, session: str) -> Json:
    """What the link shows.

    Raises:
        Refusal: the session is over, or nothing can be shown.
    """
    if not session:
        raise Refusal(401, reason="no-session")
    return await links_of(request).view(session)


async def asked_again(
    request: Request, session: str, given: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    """The form once more, with what was typed and what is wrong with it.

    Raises:
        Refusal: the form is not there any more, so there is nothing to correct.
    """
    view = await view_of(request, session)
    values = await shown(request, session, view)
    if ("action" in given or "mark" in given) and not view.get("identified"):
        raise Refusal(403, reason="not-identified")
    if values["stage"] not in _forms(given, values):
        raise Refusal(409)
    given = {**values["given"], **given}
    return pages_of(request).page("answer/request", 422, **values | {"given": given}, faults=faults)


def _forms(given: Mapping[str, str], values: Json) -> tuple[str, ...]:
    """On which stages of the page the form stands that was sent."""
    if first_meeting.TIME in given:
        return ("yes",)
    if "mark" in given:
        return ("yes", "going", "done", "over") if values["attendance"] is not None else ()
    return ("yes", "going") if "action" in given and values["steps"] else ("asked", "waiting")


def at_its_part(refusal: Refusal) -> dict[str, str]:
    """What is wrong with a field in the words of a service behind, which knows rules of its own.

    Raises:
        Refusal: it is about no field of ours.
    """
    field = FIELDS.get(refusal.element.rpartition(".")[2])
    if refusal.status != 422 or field is None or not refusal.detail:
        raise refusal
    return {field: refusal.detail.rstrip(".")}


async def shown(request: Request, session: str, view: Json) -> Json:
    """What the pages of a request show.

    Args:
        request: what was asked.
        session: of the cookie.
        view: the request, see `view_of`.

    Raises:
        Refusal: see `view_of`.
    """
    today = times_at(request).today
    by_day = view.get("identified") and view.get("business_status") in ON_REGISTER
    return {
        "view": view,
        "needs": needs_of(view),
        "access": access_of(view),
        "stage": stage_of(view),
        "steps": {name: STEPS[name] for name in NEXT_STEPS if name in _possible(view)},
        "attendance": await links_of(request).attendance(session) if by_day else None,
        "marks": MARKS,
        "sheet": uuid4(),
        "hears": HEARS.get(str(view.get("person_hears")), HEARS["nobody"]),
        "reasons": REASONS,
        "key": form_key(session),
        "times": times_at(request),
        "given": {
            "mark": "",
            **dict(zip(MARKED, (today.day, today.month, today.year), strict=True)),
            "day": today.day,
            "month": today.month,
            "year": today.year,
            **first_meeting.said(view, ZoneInfo(request.app.state.settings.timezone)),
        },
    }


def stage_of(view: Json) -> str:
    """What the page is about: `asked`, `waiting`, `yes`, `going`, `no` or `over`."""
    status = view.get("status")
    if view.get("answerable"):
        return "waiting" if status == "received" else "asked"
    stages = {"accepted": "yes", "in-progress": "going", "rejected": "no", "completed": "done"}
    return stages.get(str(status), "over")


def _possible(view: Json) -> list[str]:
    possible = view.get("possible")
    return possible if isinstance(possible, list) else []


def needs_of(view: Json) -> list[str]:
    """What the person would like help with, in words where there are any."""
    codes = (view.get("need") or {}).get("codes") or []
    named = [each if isinstance(each, dict) else {"code": each} for each in codes]
    return [
        str(need_as_said(str(each.get("code") or ""), str(each.get("display") or "")))
        for each in named
        if each.get("display") or each.get("code")
    ]


def access_of(view: Json) -> list[str]:
    """What the person needs to take part, in words."""
    return [str(access(each)) for each in view.get("access_needs") or ()]
