"""The list of requests, and one of them: answer it, see who it is, say how it goes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from services.portal import first_meeting
from services.portal.answer import REASONS, STEPS, access_of, at_its_part, needs_of, stage_of
from services.portal.answer_links import Refusal
from services.portal.news.reading import unread
from services.portal.register.sheet import SENDS_MARKS
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from services.portal.typed import Mistyped, day_of, unwrapped
from shared.languages import _

router = APIRouter(prefix="/requests", include_in_schema=False)

ROWS = 25
FOLDERS = {"asked": _("New"), "going": _("Said yes"), "ended": _("Ended")}

ANSWER = (
    Field(
        "decision",
        _("Can you help?"),
        "radios",
        {
            "accept": _("Yes, they can come"),
            "waiting-list": _("Put them on our waiting list"),
            "decline": _("No, not this time"),
        },
        missing=_("Choose yes, waiting list or no"),
    ),
    Field("reason", _("If no, why?"), "radios", REASONS, _("Only needed if you said no.")),
    Field(
        "note",
        _("Anything the link worker should know (if you like)"),
        "words",
        hint=_("Please do not write anybody's name."),
    ),
)

DONE = {
    "answer": _("Thank you. The link worker will see your answer."),
    "progress": _("Thank you. We have noted that."),
    "first-visit": _("Thank you. We have noted the day."),
    "walk-in": _("They are on your list now, and on the register of the group."),
    "told": _("Thank you. A link worker will see it."),
    "worried": _("Thank you. The link worker's team has it on its list. Ring if it cannot wait."),
}

Json = dict[str, Any]


@router.get("")
async def requests(here: Here, folder: str = "asked", after: str | None = None) -> Response:
    """The requests to one's provider, the longest waiting first."""
    if folder not in FOLDERS:
        return back_to("/requests")
    try:
        rows = await _rows(here, folder, after)
    except Refusal as refusal:
        # The request to go on from is not in this folder any more, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        return back_to(f"/requests?{urlencode({'folder': folder})}")
    further = {"folder": folder, "after": rows[ROWS - 1]["task"]} if len(rows) > ROWS else None
    on_its_way = await here.look("/directory/onboardings/own") if folder == "asked" else None
    return here.page(
        "inbox/list",
        scripts=[SENDS_MARKS],
        on_its_way=bool((on_its_way or {}).get("contents")),
        news=await unread(here) if folder == "asked" else [],
        folder=folder,
        folders=FOLDERS,
        rows=[{**row, "wants": needs_of(row)} for row in rows[:ROWS]],
        further=f"/requests?{urlencode(further)}" if further else None,
    )


async def _rows(here: Place, folder: str, after: str | None) -> list[Json]:
    rows: list[Json] = await here.get(
        "/referrals/requests", folder=folder, after=after, count=ROWS + 1
    )
    return rows


@router.get("/{task}")
async def show(task: UUID, here: Here, done: str = "") -> Response:
    """One request, without a name."""
    told = await here.look(f"/referrals/requests/{task}/worries")
    said = DONE.get(done, "")
    return _page(here, await _view(here, task), 200, said=said, worries=told or [])


@router.post("/{task}/answer")
async def answer(task: UUID, here: Here) -> Response:
    """Take the answer."""
    typed, faults = typed_into(await here.form(), ANSWER)
    if typed["decision"] == "decline" and not typed["reason"]:
        faults["reason"] = _("Choose why you cannot help this time")
    if not faults:
        told = {name: typed[name] for name in ("decision", "note") if typed[name]}
        if typed["decision"] == "decline":
            told["reason"] = typed["reason"]
        try:
            await here.send("POST", f"/referrals/requests/{task}/answer", told)
            return back_to(f"/requests/{task}?done=answer")
        except Refusal as refusal:
            faults = at_its_field(refusal, ANSWER)
    return _page(here, await _view(here, task), 422, typed=typed, faults=faults)


@router.post("/{task}/who")
async def who(task: UUID, here: Here) -> Response:
    """Show who it is; the look is recorded, with who looked."""
    await here.form()
    person = await here.send("POST", f"/referrals/requests/{task}/identity")
    return _page(here, await _view(here, task), 200, person=person)


@router.post("/{task}/progress")
async def progress(task: UUID, here: Here) -> Response:
    """Record how it goes."""
    form = await here.form()
    given = {name: str(form.get(name) or "").strip() for name in ("action", "day", "month", "year")}
    faults: dict[str, str] = {}
    if given["action"] not in STEPS:
        faults["action"] = _("Choose what happened")
    try:
        when = day_of(given, here.times.today)
        if not faults:
            told = {"action": given["action"], "date": when.isoformat()}
            await here.send("POST", f"/referrals/requests/{task}/progress", told)
            return back_to(f"/requests/{task}?done=progress")
    except Mistyped as mistyped:
        faults["day"] = str(mistyped)
    except Refusal as refusal:
        faults = at_its_part(refusal)
    return _page(here, await _view(here, task), 422, given=given, faults=faults)


@router.post("/{task}/first-visit")
async def first_visit(task: UUID, here: Here) -> Response:
    """Say when the first visit is; the person is told."""
    form = await here.form()
    given = {name: unwrapped(str(form.get(name) or "")) for name in first_meeting.FIELDS}
    zone = ZoneInfo(here.request.app.state.settings.timezone)
    when, faults = first_meeting.starts(given, zone, datetime.now(UTC))
    if when is not None:
        body = {"starts": when.isoformat()}
        try:
            await here.send("PUT", f"/referrals/requests/{task}/first-visit", body)
            return back_to(f"/requests/{task}?done=first-visit")
        except Refusal as refusal:
            if refusal.status != 422 or not refusal.detail:
                raise
            faults = {first_meeting.TIME: refusal.detail.rstrip(".")}
    return _page(here, await _view(here, task), 422, given=given, faults=faults)


async def _view(here: Place, task: UUID) -> Json:
    view: Json = await here.get(f"/referrals/requests/{task}")
    return view


def _page(
    here: Place,
    view: Json,
    status: int,
    *,
    typed: Typed | None = None,
    given: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    today = here.times.today
    return here.page(
        "inbox/request",
        status,
        view=view,
        at=f"/requests/{view['task']}",
        needs=needs_of(view),
        access=access_of(view),
        goes=first_meeting.COMPANY.get((view["first_visit"] or {}).get("company") or "", ""),
        stage=stage_of(view),
        steps={code: words for code, words in STEPS.items() if code in view["possible"]},
        fields=_answers(view),
        typed=typed or {},
        given={"day": today.day, "month": today.month, "year": today.year}
        | first_meeting.said(view, ZoneInfo(here.request.app.state.settings.timezone))
        | dict(given or {}),
        faults=faults or {},
        **values,
    )


def _answers(view: Json) -> list[Field]:
    """The fields of an answer: who is on the waiting list already is not put there again."""
    decision, *others = ANSWER
    if "waiting-list" not in view["possible"]:
        left = {code: said for code, said in decision.options.items() if code != "waiting-list"}
        decision = decision.choosing(left)
    return [decision, *others]
