"""The notices, newest first: open what one is about, or say that all are read.

Opening one is a button and not a link, because it is noted as read. Without scripts whoever wants
to know looks again by a link: a page that loads itself anew loses the place of whoever reads it
(WCAG 2.2, failure F41).
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, typed_into
from services.portal.staff.place import Here, back_to
from shared.languages import _

router = APIRouter(prefix="/notices", include_in_schema=False)

ROWS = 25
AT = "/notifications/notices"
UNTIL = Field("until", _("Up to which notice"))
Json = dict[str, Any]


@router.get("")
async def notices(here: Here, before: Annotated[int | None, Query(ge=0)] = None) -> Response:
    """One page of them."""
    found: Json = await here.get(AT, before=before, count=ROWS)
    rows: list[Json] = found["notices"]
    return here.page(
        "notices/board",
        notices=rows,
        unread=found["unread"],
        newest=rows[0]["position"] if rows and before is None else None,
        more=rows[-1]["position"] if len(rows) == ROWS else None,
    )


@router.post("/read")
async def read_all(here: Here) -> Response:
    """All that were on the page are read."""
    typed, _ = typed_into(await here.form(), [UNTIL])
    if typed["until"].isdecimal():
        await here.send("POST", f"{AT}/read", {"until": int(typed["until"])})
    return back_to("/notices")


@router.post("/{notice}/open")
async def open_notice(notice: UUID, here: Here) -> Response:
    """Note that it is read, and go where it leads."""
    form = await here.form()
    try:
        await here.send("POST", f"{AT}/{notice}/read")
    except Refusal as refusal:
        if refusal.status != 404:  # it is old, and gone from the board
            raise
    return back_to(leads_to(str(form.get("to")), _id(form.get("case")), _id(form.get("task"))))


def leads_to(to: str, case: str, task: str) -> str:
    """The page of what a notice is about.

    Args:
        to: whom it is for, as the service says.
        case: of which case.
        task: of which request; empty where it is about none.
    """
    if to == "provider":
        return f"/requests/{task}" if task else "/requests"
    if to == "team":
        return f"/cases/{case}" if case else "/cases"
    return "/hub"


def _id(value: object) -> str:
    """An id from a form; empty where it is none."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""
