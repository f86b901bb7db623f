"""Help calls: services that want to be rung, and those that have not answered for days (care 4);
and whoever referred somebody, is to hear that it takes longer, and cannot be written to."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer import access_of, needs_of
from services.portal.answer_links import Refusal
from services.portal.hub.desk import ROWS, OfHub
from services.portal.staff.place import Place, back_to
from shared.languages import _, ngettext

router = APIRouter(prefix="/hub", include_in_schema=False)

Rows = list[dict[str, Any]]

DONE = {
    "call": _("Noted: you made the call."),
    "sheet": _("Noted: they have the sheet. Write down their answers when it comes back."),
    "answer": _("Thank you. Their answer is noted, and the link worker sees it."),
}


@router.get("/silent")
async def silent(here: OfHub, after: str | None = None, done: str = "") -> Response:
    """Requests that nobody has answered for days, the longest waiting first."""
    try:
        rows: Rows = await here.get("/referrals/requests/silent", after=after, count=ROWS + 1)
    except Refusal as refusal:
        return from_the_beginning(refusal, after, "/hub/silent")
    return here.page(
        "hub/silent",
        waited=await _waited(here),
        rows=[{**row, "wants": needs_of(row)} for row in rows[:ROWS]],
        further=further("/hub/silent", rows, "task"),
        said=DONE.get(done, ""),
    )


async def _waited(here: Place) -> str:
    """From when on services are on the list, as the hub's limits have it."""
    limits = await here.look("/referrals/limits")
    days = limits["limits"]["routine"]["nudge"] if limits else 0
    return (
        ngettext("{count} working day", "{count} working days", days).format(count=days)
        if days
        else _("some days")
    )


@router.get("/calls")
async def calls(here: OfHub, after: str | None = None, done: str = "") -> Response:
    """Calls to make, and notes to bring on paper, the oldest first."""
    try:
        found = await here.get("/notifications/calls", after=after, count=ROWS + 1)
    except Refusal as refusal:
        return from_the_beginning(refusal, after, "/hub/calls")
    rows: Rows = found["calls"]
    return here.page(
        "hub/calls",
        rows=rows[:ROWS],
        further=further("/hub/calls", rows, "id"),
        said=DONE.get(done, ""),
    )


@router.get("/calls/{call}")
async def show(call: UUID, here: OfHub) -> Response:
    """Whom to ring, what to say and what not."""
    found = await here.get(f"/notifications/calls/{call}")
    if found.get("to") == "referrer":
        return here.page("hub/call_referrer", call=found, **await _referrer(here, found["case"]))
    return here.page("hub/call", call=found, asked=await asked_by(here, found))


@router.post("/calls/{call}/done")
async def made(call: UUID, here: OfHub) -> Response:
    """Note that the call was made; the answer is recorded with the request."""
    await here.form()
    await here.send("POST", f"/notifications/calls/{call}/done")
    return back_to("/hub/calls?done=call")


async def _referrer(here: Place, case: str) -> dict[str, Any]:
    """Whoever referred the person, and whether the person still agrees that they hear of it; of the
    case no more than that is shown. None while it cannot be seen."""
    view: dict[str, Any] | None = await here.look(f"/referrals/cases/{case}")
    door = (view or {}).get("front_door")
    if not view or not door:
        return {"referrer": None, "agreed": False, "receipt": ""}
    agreed = bool(door["tell_referrer"]) and not view["stops"]
    return {"referrer": door["referrer"], "agreed": agreed, "receipt": door["reference"]}


async def asked_by(here: Place, call: dict[str, Any]) -> dict[str, Any] | None:
    """The request that a call is about, without a name; None for another call, or just now."""
    if call["kind"] != "request" or not call["task"]:
        return None
    view: dict[str, Any] | None = await here.look(f"/referrals/requests/{call['task']}")
    return view and {**view, "wants": needs_of(view), "access": access_of(view)}


def further(at: str, rows: Rows, name: str) -> str | None:
    """The address of the next page, where one more row was found than a page shows."""
    return f"{at}?{urlencode({'after': rows[ROWS - 1][name]})}" if len(rows) > ROWS else None


def from_the_beginning(refusal: Refusal, after: str | None, at: str) -> Response:
    """To the first page, where the row to go on from is not on the list any more."""
    if refusal.status != 422 or after is None:
        raise refusal
    return back_to(at)
