"""Who may sign in: a list in pages, and a search that leaves nothing in an address."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.portal.accounts.desk import (
    AT,
    STATES,
    OfAdministrator,
    keeps_all,
    organisations_of,
    shown,
)
from services.portal.answer_links import Refusal
from services.portal.news.reading import unread
from services.portal.staff.fields import Field, typed_into
from services.portal.staff.place import back_to
from shared.languages import _

router = APIRouter(prefix="/people", include_in_schema=False)

ROWS = 25
SHOWN = {"": _("Everybody"), **STATES}

WORDS = Field(
    "words",
    _("Name or e-mail address"),
    hint=_("A part of it is enough."),
    missing=_("Type at least two letters"),
)


@router.get("")
async def people(
    here: OfAdministrator,
    state: str = "",
    organisation: str = "",
    behind: str | None = None,
    done: str = "",
) -> Response:
    """The accounts, by e-mail address."""
    organisations = await organisations_of(here)
    if state not in SHOWN or (organisation and organisation not in organisations):
        return back_to("/people")
    chosen = {
        name: value for name, value in (("state", state), ("organisation", organisation)) if value
    }
    try:
        found = await here.get(f"{AT}/page", **chosen, behind=behind, count=ROWS + 1)
    except Refusal as refusal:
        # The account to go on from is not there, or the address was typed.
        if refusal.status not in (404, 422) or behind is None:
            raise
        return back_to(f"/people?{urlencode(chosen)}")
    rows = found["people"]
    further = {**chosen, "behind": rows[ROWS - 1]["id"]} if len(rows) > ROWS else None
    return here.page(
        "accounts/list",
        whole=keeps_all(here),
        gone=done == "gone",
        news=await unread(here),
        state=state,
        organisation=organisation,
        states={
            each: (words, urlencode({**chosen, "state": each})) for each, words in SHOWN.items()
        },
        organisations=organisations,
        rows=[shown(each, here) for each in rows[:ROWS]],
        further=f"/people?{urlencode(further)}" if further else None,
    )


@router.get("/find")
async def ask(here: OfAdministrator) -> Response:
    """The form to look for somebody."""
    return here.page("accounts/find", field=WORDS, typed={}, faults={}, rows=None)


@router.post("/find")
async def find(here: OfAdministrator) -> Response:
    """Those in whose name or address the words stand."""
    typed, faults = typed_into(await here.form(), (WORDS,))
    rows: list[Any] | None = None
    if not faults and len(typed["words"]) < 2:
        faults = {"words": WORDS.missing}
    if not faults:
        found = await here.send("POST", f"{AT}/search", {"words": typed["words"]})
        rows = [shown(each, here) for each in found["people"]]
    status = 422 if faults else 200
    return here.page("accounts/find", status, field=WORDS, typed=typed, faults=faults, rows=rows)
