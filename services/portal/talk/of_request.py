"""The provider's side."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.staff.place import Here
from services.portal.talk import pages
from shared.languages import _

router = APIRouter(prefix="/requests/{task}", include_in_schema=False)


def _at(task: UUID) -> tuple[str, tuple[str, str]]:
    return f"/requests/{task}/messages", (f"/requests/{task}", _("The request"))


@router.get("/messages")
async def show(task: UUID, here: Here, done: str = "") -> Response:
    """What was written about a request."""
    return await pages.shown(here, task, *_at(task), done=done)


@router.post("/messages")
async def write(task: UUID, here: Here) -> Response:
    """Write to the link worker."""
    return await pages.written(here, task, *_at(task))


@router.post("/messages/feedback")
async def think(task: UUID, here: Here) -> Response:
    """Say what one thinks of the referral."""
    return await pages.thought(here, task, *_at(task))
