"""One's own services as a list: what each has room for, and what waits for the hub."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.keeping import words
from services.portal.staff.place import Here, back_to

router = APIRouter(include_in_schema=False)

ROWS = 25


@router.get("/services")
async def services(here: Here, after: UUID | None = None) -> Response:
    """The services whose listings one keeps, by name."""
    try:
        found = await here.get(
            "/directory/kept/services", after=str(after) if after else None, count=ROWS + 1
        )
    except Refusal as refusal:
        if refusal.status != 422 or after is None:
            raise
        return back_to("/services")
    rows = found["contents"]
    further = urlencode({"after": rows[ROWS - 1]["id"]}) if len(rows) > ROWS else ""
    return here.page(
        "keeping/services",
        rows=rows[:ROWS],
        further=f"/services?{further}" if further else None,
        words=words,
    )
