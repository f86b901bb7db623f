"""The link worker's side."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.portal.cases.requests import there
from services.portal.staff.place import Here
from services.portal.talk import pages
from shared.languages import _

router = APIRouter(
    prefix="/cases/{case}/requests/{task}",
    include_in_schema=False,
    dependencies=[Depends(there)],
)


def _at(case: UUID, task: UUID) -> tuple[str, tuple[str, str]]:
    return f"/cases/{case}/requests/{task}/messages", (f"/cases/{case}", _("The case"))


@router.get("/messages")
async def show(case: UUID, task: UUID, here: Here, done: str = "") -> Response:
    """What was written about a request."""
    return await pages.shown(here, task, *_at(case, task), done=done)


@router.post("/messages")
async def write(case: UUID, task: UUID, here: Here) -> Response:
    """Write to the provider."""
    return await pages.written(here, task, *_at(case, task))


@router.post("/messages/feedback")
async def think(case: UUID, task: UUID, here: Here) -> Response:
    """Say what one thinks of the place."""
    return await pages.thought(here, task, *_at(case, task))
