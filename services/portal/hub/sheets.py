"""What waits for one provider that is asked on paper, as one sheet to print and bring (care 24).

Boxes to tick stand beside each request, and nobody's name. What comes back is written down as an
answer that somebody gave on the phone is.
"""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.portal.answer import REASONS
from services.portal.answer_links import Refusal
from services.portal.hub.calls import asked_by
from services.portal.hub.desk import OfHub
from services.portal.staff.place import back_to

router = APIRouter(prefix="/hub/sheets", include_in_schema=False)

Party = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]

MOST = 20
"""Requests on one sheet, the oldest first; the rest is on the next one."""


@router.get("")
async def sheets(here: OfHub) -> Response:
    """The sheets of this week."""
    found = await here.get("/notifications/sheets")
    return here.page("hub/sheets", rows=found["sheets"])


@router.get("/{party}")
async def sheet(party: Party, here: OfHub) -> Response:
    """The sheet as it is today."""
    found = await here.get("/notifications/calls", party=party, count=MOST)
    rows = [each for each in found["calls"] if each["means"] == "paper"]
    views = await asyncio.gather(*(asked_by(here, each) for each in rows))
    return here.page(
        "hub/sheet",
        at=f"/hub/sheets/{party}",
        rows=[{**row, "asked": view} for row, view in zip(rows, views, strict=True)],
        reasons=REASONS,
        today=here.times.today.isoformat(),
    )


@router.post("/{party}")
async def brought(party: Party, here: OfHub) -> Response:
    """Note that they have the sheet; the answers are recorded with the requests."""
    form = await here.form()
    for each in [_id(each) for each in form.getlist("call")[:MOST]]:
        try:
            await here.send("POST", f"/notifications/calls/{each}/done")
        except Refusal as refusal:
            if refusal.status not in (404, 409):  # told already, or needless since
                raise
    return back_to("/hub/calls?done=sheet")


def _id(value: Any) -> UUID:
    """The id of a call.

    Raises:
        Refusal: 404, it is none.
    """
    try:
        return UUID(str(value))
    except ValueError:
        raise Refusal(404) from None
