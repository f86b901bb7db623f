"""Where somebody begins who signed in: the first page of their role."""

from fastapi import APIRouter, Response

from services.portal.staff.first_pages import NONE, first_page
from services.portal.staff.place import Here, back_to

router = APIRouter(include_in_schema=False)


@router.get("/home")
async def home(here: Here) -> Response:
    """To one's own first page; who has none yet is told what there is instead."""
    first = first_page(here.who.granted.roles)
    return here.page("staff/nothing") if first is NONE else back_to(first.at)
