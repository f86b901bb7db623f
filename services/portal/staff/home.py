"""Where somebody begins who signed in: the first page of their role."""

from fastapi import APIRouter, Response

from services.portal.staff.place import Here, back_to

router = APIRouter(include_in_schema=False)

FIRST = (
    ("link-worker", "/cases"),
    ("coordinator", "/hub"),
    ("provider", "/requests"),
    ("duty-lead", "/emergency"),
    ("care-navigator", "/our-referrals"),
    ("administrator", "/people"),
    ("commissioner", "/figures"),
    ("researcher", "/figures"),
    ("lived-experience-partner", "/what-there-is"),
)
"""The first page of each role for which there are pages."""


@router.get("/home")
async def home(here: Here) -> Response:
    """To one's own first page; who has none yet is told what there is instead."""
    for role, page in FIRST:
        if role in here.who.granted.roles:
            return back_to(page)
    return here.page("staff/nothing")
