"""Who has room: the services of the hub, and what they said of it last."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import take
from services.portal.typed import visible
from shared.languages import _

router = APIRouter(prefix="/hub/rooms", include_in_schema=False)

ROOM = (
    Field(
        "state", _("What did they say?"), "radios", words.ROOM, missing=_("Choose what they said")
    ),
    Field(
        "places",
        _("How many places? (if you know)"),
        "number",
        hint=_("Only if they have room."),
    ),
    Field(
        "waiting",
        _("How many people wait? (if you know)"),
        "number",
        hint=_("Only for a waiting list."),
    ),
)

DONE = {"room": _("Noted.")}
LONGEST = 100
"""Letters of a name that is looked for."""


@router.get("")
async def rooms(
    here: OfHub, state: str = "", named: str = "", page: PageNumber = 1, done: str = ""
) -> Response:
    """The services in the order of their names, of one answer or of all, or what is called so."""
    if state and state not in words.ROOM:
        return back_to("/hub/rooms")
    named = visible(" ".join(named.split()))[:LONGEST]
    looked = {"named": named} if named else {}
    asked = {"state": state} if state else {}
    asked |= looked
    found = await one_page(here, "/directory/capacities", page, **asked)
    counts = found["states"]
    return here.page(
        "hub/rooms",
        state=state,
        named=named,
        at=f"/hub/rooms?{urlencode(looked)}" if named else "/hub/rooms",
        states={"": _("All")}
        | {code: f"{said} ({counts.get(code, 0)})" for code, said in words.ROOM.items()},
        words=words.ROOM,
        rows=found["contents"],
        pages=around("/hub/rooms", found, **asked),
        said=DONE.get(done, ""),
    )


@router.get("/{service}")
async def ask(service: UUID, here: OfHub) -> Response:
    """What one service says, to be written down."""
    return await _page(here, await _service(here, service), {}, {}, 200)


@router.post("/{service}")
async def note(service: UUID, here: OfHub) -> Response:
    """Write down what it said."""
    form = await here.form()
    found = await _service(here, service)

    async def do(typed: Typed) -> str:
        numbers = {name: int(typed[name]) for name in ("places", "waiting") if typed[name]}
        body = {"state": typed["state"]} | numbers
        await here.send("PUT", f"/directory/services/{service}/capacity", body)
        return "/hub/rooms?done=room"

    return await take(form, ROOM, do, partial(_page, here, found))


async def _service(here: Place, service: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await here.get(f"/directory/reviews/{service}")
    return found


async def _page(
    here: Place, service: Mapping[str, Any], typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    listing = await here.look(f"/directory/listings/{service['service']}")
    return here.page(
        "hub/room",
        status,
        service=service,
        provider=(listing or {}).get("organization_id"),
        stands=((listing or {}).get("kersey") or {}).get("capacity"),
        words=words.ROOM,
        fields=ROOM,
        typed=typed,
        faults=faults,
    )
