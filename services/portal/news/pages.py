"""The list of what one's hub announces, until it ends."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.news.reading import AT, shown
from services.portal.staff.place import Here, back_to

router = APIRouter(prefix="/announcements", include_in_schema=False)


@router.get("")
async def announcements(here: Here) -> Response:
    """All that is there today, the urgent first."""
    found = await here.get(f"{AT}/current")
    return here.page("news/list", rows=[shown(each) for each in found["announcements"]])


@router.post("/{announcement}/read")
async def read(announcement: UUID, here: Here) -> Response:
    """Note that it is read; back to where the button was."""
    form = await here.form()
    try:
        await here.send("POST", f"{AT}/{announcement}/read")
    except Refusal as refusal:
        if refusal.status != 404:  # it has ended meanwhile
            raise
    return back_to("/home" if form.get("from") == "first" else "/announcements")
